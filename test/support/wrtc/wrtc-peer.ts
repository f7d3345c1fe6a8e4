import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Direction } from '../../../src/media/sdp/audio-description';
import { until } from '../until';

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A browser's media without the browser: libwebrtc, in a process of its own. */
export class WrtcPeer {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #next = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: Reply) => {
      const waiter = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === undefined) waiter?.resolve(reply.result);
      else waiter?.reject(new Error(reply.error));
    });
    child.on('exit', () => {
      for (const waiter of this.#waiting.values()) waiter.reject(new Error('the peer is gone'));
    });
  }

  /** @param folder - where its program lies, when it is not beside this file */
  static open(folder = __dirname): WrtcPeer {
    return new WrtcPeer(fork(join(folder, 'peer-process.js'), { execArgv: [] }));
  }

  answer(offer: string): Promise<string> {
    return this.#call('answer', offer);
  }

  offer(options: { readonly iceRestart?: boolean } = {}): Promise<string> {
    return this.#call('offer', options);
  }

  accept(answer: string): Promise<void> {
    return this.#call('accept', answer);
  }

  direction(direction: Direction): Promise<void> {
    return this.#call('direction', direction);
  }

  /** @param hertz - the tone that it speaks from now on; 0 for silence */
  speak(hertz: number): Promise<void> {
    return this.#call('speak', hertz);
  }

  state(): Promise<string> {
    return this.#call('state');
  }

  /** Waits until it has heard this tone, and hardly anything else, for 400 ms. */
  hears(hertz: number): Promise<void> {
    return until(
      `the browser to hear ${hertz} Hz`,
      async () => (await this.#call<number>('share', hertz)) > 0.8,
      15_000,
    );
  }

  /** Waits until it has heard these tones, of about the same loudness, for 400 ms. */
  hearsTogether(hertz: readonly number[]): Promise<void> {
    return until(
      `the browser to hear ${hertz.join(' and ')} Hz`,
      async () => {
        const shares: number[] = [];
        for (const each of hertz) shares.push(await this.#call<number>('share', each));
        return shares.every((share) => share > 0.5 / hertz.length);
      },
      15_000,
    );
  }

  /** Waits until it hears no sound. */
  hearsNothing(): Promise<void> {
    return until('silence in the browser', async () => (await this.#call<number>('level')) < 20);
  }

  /** How loud the last 400 ms were: root mean square of samples of 16 bits. */
  level(): Promise<number> {
    return this.#call('level');
  }

  /** As a page does that is left. */
  hangUp(): Promise<void> {
    return this.#call('close');
  }

  /** As a tab does that crashes. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #call<T>(method: string, argument?: unknown): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as T), reject });
      this.#child.send({ id, method, argument });
    });
  }
}
