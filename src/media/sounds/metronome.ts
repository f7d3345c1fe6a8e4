/** A process that stalled for longer does not make up for all of it: that would be a burst. */
const MAX_DUE = 5;

/**
 * Beats every so many milliseconds, on a grid that began with the first beat, so that late timers
 * do not add up.
 */
export class Metronome {
  readonly #now: () => number;
  readonly #everyMs: number;
  readonly #beat: (due: number, missed: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #nextAt = 0;

  /**
   * @param now - monotonic milliseconds
   * @param beat - told how many beats are due since it was told last, one unless the process was
   * late, and how many before those are left out
   */
  constructor(now: () => number, everyMs: number, beat: (due: number, missed: number) => void) {
    this.#now = now;
    this.#everyMs = everyMs;
    this.#beat = beat;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer) return;
    this.#nextAt = this.#now() + this.#everyMs;
    this.#schedule();
  }

  /** Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#nextAt - this.#now()));
  }

  #tick(): void {
    const late = Math.floor((this.#now() - this.#nextAt) / this.#everyMs);
    const due = Math.max(0, late + 1);
    this.#nextAt += due * this.#everyMs;
    this.#schedule();
    if (due > 0) this.#beat(Math.min(due, MAX_DUE), Math.max(0, due - MAX_DUE));
  }
}
