import type { Redis } from 'ioredis';
import { asError } from '../domain';

/** A connection that says nothing for so long is dead, though nobody said so. */
const PING_MS = 10_000;

/** Hears what all nodes tell by publish/subscribe, on a connection of its own. */
export class PresenceBus {
  readonly #redis: Redis;
  readonly #channels = new Map<string, (text: string) => void>();
  readonly #onHearing: (() => void)[] = [];
  readonly #onError: ((error: Error) => void) | undefined;
  readonly #timer: NodeJS.Timeout;
  /** `asked`: an answer is due. `dead`: there was none, and the connection is being given up. */
  #life: 'known' | 'asked' | 'dead' = 'known';

  /**
   * @param redis - of the node
   * @param onError - a message could not be taken in: it is passed over
   * @param pingMs - milliseconds between looks whether the connection lives
   */
  constructor(redis: Redis, onError?: (error: Error) => void, pingMs = PING_MS) {
    this.#onError = onError;
    this.#redis = redis.duplicate({ autoResubscribe: false });
    // Trouble shows in that nothing is heard; what was missed is read when it is over.
    this.#redis.on('error', () => undefined);
    this.#redis.on('message', (channel: string, text: string) => this.#hear(channel, text));
    this.#redis.on('ready', () => {
      this.#life = 'known';
      this.#subscribe([...this.#channels.keys()]);
    });
    this.#timer = setInterval(() => this.#ping(), pingMs);
    this.#timer.unref();
  }

  /**
   * Hears a channel.
   * @param onHearing - called when it hears from here on: what was said before was missed
   */
  listen(channel: string, onMessage: (text: string) => void, onHearing: () => void): void {
    this.#channels.set(channel, onMessage);
    this.#onHearing.push(onHearing);
    if (this.#redis.status === 'ready') this.#subscribe([channel]);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#redis.disconnect();
  }

  /** Silence is what there is to hear most of the time: only an answer tells it from a dead connection. */
  #ping(): void {
    if (this.#redis.status !== 'ready' || this.#life === 'dead') return;
    if (this.#life === 'asked') {
      this.#life = 'dead';
      this.#redis.disconnect(true);
      return;
    }
    this.#life = 'asked';
    this.#redis.ping().then(
      () => {
        if (this.#life === 'asked') this.#life = 'known';
      },
      // The next look finds that there was no answer.
      () => undefined,
    );
  }

  #subscribe(channels: readonly string[]): void {
    if (channels.length === 0) return;
    this.#redis.subscribe(...channels).then(
      () => {
        for (const hearing of this.#onHearing) hearing();
      },
      () => {
        // A connection that does not do this does nothing: another one is opened.
        if (this.#redis.status === 'ready') this.#redis.disconnect(true);
      },
    );
  }

  #hear(channel: string, text: string): void {
    try {
      this.#channels.get(channel)?.(text);
    } catch (error) {
      this.#onError?.(asError(error));
    }
  }
}
