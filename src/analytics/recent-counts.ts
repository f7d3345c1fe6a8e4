/** Counts of the latest stretches of time, in a ring: as many numbers as stretches, whatever is counted. */
export class RecentCounts {
  readonly #stretchMs: number;
  readonly #counts: number[];
  /** Number of the latest stretch since 1970. */
  #latest = 0;

  /**
   * @param stretchMs - milliseconds of one stretch
   * @param stretches - how many are remembered besides the one that goes on
   */
  constructor(stretchMs: number, stretches: number) {
    this.#stretchMs = stretchMs;
    this.#counts = new Array<number>(stretches + 1).fill(0);
  }

  /** @param now - milliseconds; a clock that goes back counts into the latest stretch */
  add(now: number): void {
    this.#turnTo(now);
    const place = this.#latest % this.#counts.length;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /** How many there were in the latest whole stretches, and in the one that goes on. */
  sum(now: number, stretches = this.#counts.length - 1): number {
    this.#turnTo(now);
    let sum = 0;
    for (let back = 0; back <= stretches; back++) {
      sum += this.#counts[(this.#latest - back + this.#counts.length * 2) % this.#counts.length] ?? 0;
    }
    return sum;
  }

  #turnTo(now: number): void {
    const stretch = Math.floor(now / this.#stretchMs);
    const { length } = this.#counts;
    for (let next = Math.max(this.#latest + 1, stretch - length + 1); next <= stretch; next++) {
      this.#counts[next % length] = 0;
    }
    this.#latest = Math.max(this.#latest, stretch);
  }
}
