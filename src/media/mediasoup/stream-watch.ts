import type { Sight } from './carriage';

/** What a watch does. */
export interface WatchActions {
  look(): Promise<Sight>;
  /** Told again and again while audio is due and none comes. @param forMs - how long already */
  onSilence(forMs: number): void;
}

/** How closely a leg is watched. */
export type Attention =
  /** Nothing is expected of the peer. */
  | 'none'
  /** It may speak; silence says nothing (early media, or it put us on hold). */
  | 'stream'
  /** Audio is due. */
  | 'audio';

const STEADY_MS = 2_000;
/** Streams change most in a call's first seconds, when it is passed on at the far end. */
const FRESH_MS = 1_000;
const FRESH_LOOKS = 8;
const SILENT_MS = 500;
const AGAIN_MS = 100;
/** After news that may change the stream (an answer, a hold, a resume). */
const SOON_MS = [100, 200, 400] as const;

/**
 * Knows when a leg was last heard, and when its peer sends as somebody new. The worker does not say
 * when a stream stops, so its counters are read: rarely, because reading costs as much as a good
 * many packets.
 */
export class StreamWatch {
  readonly #now: () => number;
  readonly #actions: WatchActions;
  #attention: Attention = 'none';
  #lastAt: number | undefined;
  /** Since when audio is due. */
  #dueSince = 0;
  #looks = 0;
  #soon: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(now: () => number, actions: WatchActions) {
    this.#now = now;
    this.#actions = actions;
  }

  /** Monotonic milliseconds of the last look that found media; undefined before. */
  get lastAt(): number | undefined {
    return this.#lastAt;
  }

  attend(attention: Attention): void {
    if (attention === this.#attention) return;
    this.#attention = attention;
    this.#dueSince = this.#now();
    this.#looks = 0;
    this.#soon = [];
    this.#schedule(FRESH_MS);
  }

  /** A packet was seen. */
  heard(): void {
    this.#lastAt = this.#now();
  }

  /** Looks several times in the next second. */
  lookSoon(): void {
    if (this.#attention === 'none') return;
    const [first, ...rest] = SOON_MS;
    this.#soon = rest;
    this.#schedule(first);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#attention === 'none') return;
    const timer = setTimeout(() => void this.#tick(timer), afterMs);
    this.#timer = timer;
  }

  async #tick(timer: NodeJS.Timeout): Promise<void> {
    const sight = await this.#actions.look();
    const heard = sight === 'media' || sight === 'mixed';
    if (heard) this.heard();
    // While it looked, something else was scheduled.
    if (this.#closed || this.#timer !== timer) return;
    this.#looks++;
    if (!heard && this.#attention === 'audio') {
      this.#actions.onSilence(this.#now() - Math.max(this.#dueSince, this.#lastAt ?? 0));
    }
    this.#schedule(this.#soon.shift() ?? this.#pause(sight));
  }

  #pause(sight: Sight): number {
    if (sight === 'mixed') return AGAIN_MS;
    if (sight !== 'media') return SILENT_MS;
    return this.#looks < FRESH_LOOKS ? FRESH_MS : STEADY_MS;
  }
}
