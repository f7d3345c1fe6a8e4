/** Who tells how its legs do, when its turn comes. */
export interface Teller {
  tellQuality(): void;
}

const TICK_MS = 250;

/**
 * Asks everyone in turn, each once in an interval: one timer for all calls, whose turns are spread
 * over the interval by when they began.
 */
export class Rounds {
  readonly #now: () => number;
  readonly #everyMs: number;
  readonly #due = new Map<Teller, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param now - monotonic milliseconds */
  constructor(now: () => number, everyMs: number) {
    this.#now = now;
    this.#everyMs = everyMs;
  }

  /** From now on; nothing changes for one who takes part already. */
  add(teller: Teller): void {
    if (this.#due.has(teller)) return;
    this.#due.set(teller, this.#now() + this.#everyMs);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  remove(teller: Teller): void {
    this.#due.delete(teller);
    if (this.#due.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = this.#now();
    for (const [teller, at] of this.#due) {
      if (now < at) continue;
      this.#due.set(teller, Math.max(at, now - TICK_MS) + this.#everyMs);
      teller.tellQuality();
    }
  }
}
