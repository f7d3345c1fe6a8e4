/** Writes one line; `suppressed` says how many of its kind were not written before it. */
export type WriteLine = (suppressed: number) => void;

const MAX_KINDS = 1_000;

/** Keeps trouble that repeats itself from filling the log: one line of a kind in an interval, and a count. */
export class RepeatedLog {
  readonly #intervalMs: number;
  readonly #now: () => number;
  readonly #kinds = new Map<string, { writtenAt: number; suppressed: number }>();

  /** @param now - monotonic milliseconds */
  constructor(intervalMs: number, now: () => number) {
    this.#intervalMs = intervalMs;
    this.#now = now;
  }

  /** Writes the line unless one of its kind was written within the interval. */
  log(kind: string, write: WriteLine): void {
    const at = this.#now();
    const known = this.#kinds.get(kind);
    if (known && at - known.writtenAt < this.#intervalMs) {
      known.suppressed++;
      return;
    }
    if (!known && this.#kinds.size >= MAX_KINDS) this.#forgetOldest();
    // Put at the end: the map stays in the order of writing.
    this.#kinds.delete(kind);
    this.#kinds.set(kind, { writtenAt: at, suppressed: 0 });
    write(known?.suppressed ?? 0);
  }

  #forgetOldest(): void {
    for (const kind of this.#kinds.keys()) {
      this.#kinds.delete(kind);
      return;
    }
  }
}
