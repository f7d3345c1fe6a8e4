import { setImmediate } from 'node:timers';

interface Waiting<T> {
  readonly id: string;
  readonly resolve: (found: T | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A statement about the rows of so many ids costs little more than one about a single row. */
const MAX_TOGETHER = 100;

/**
 * Reads one thing for each who asks, and those that are asked for in the same turn of the event loop by one
 * statement: when much is asked, a round trip is paid for by many. Nobody waits for more than the end of the turn,
 * and nobody gets what was read before they asked.
 */
export class SharedReads<T> {
  readonly #read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>;
  #waiting: Waiting<T>[] = [];

  /** @param read - what there is of these ids, none of them twice; it is not called with none */
  constructor(read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>) {
    this.#read = read;
  }

  /** @throws whatever reading it throws, with all who asked together */
  get(id: string): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#send());
      else if (this.#waiting.length === MAX_TOGETHER) this.#send();
    });
  }

  #send(): void {
    const together = this.#waiting;
    if (together.length === 0) return;
    this.#waiting = [];
    const ids = new Set(together.map(({ id }) => id));
    this.#read([...ids]).then(
      (found) => {
        for (const { id, resolve } of together) resolve(found.get(id));
      },
      (error: unknown) => {
        for (const { reject } of together) reject(error);
      },
    );
  }
}
