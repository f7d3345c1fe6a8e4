/**
 * Events of each row within a sliding window, counted exactly in a ring of buckets with a running sum.
 * The window is the bucket that is being filled and those before it.
 */
export class RingCounters {
  readonly #buckets: number;
  readonly #widthMs: number;
  readonly #counts: Uint16Array;
  readonly #sums: Uint32Array;
  /** The newest bucket of each row, counted since the epoch. */
  readonly #newest: Int32Array;

  /** @param windowMs - a multiple of `buckets`, a second each at least: so that ticks are small integers */
  constructor(rows: number, windowMs: number, buckets: number) {
    this.#buckets = buckets;
    this.#widthMs = windowMs / buckets;
    this.#counts = new Uint16Array(rows * buckets);
    this.#sums = new Uint32Array(rows);
    this.#newest = new Int32Array(rows);
  }

  /** One more at an instant (UTC epoch milliseconds). What is older than the window is not counted. */
  add(row: number, at: number): void {
    const tick = (at / this.#widthMs) | 0;
    const newest = this.#newest[row] as number;
    if (tick > newest) this.#advance(row, tick);
    else if (tick <= newest - this.#buckets) return;
    const at2 = row * this.#buckets + (tick % this.#buckets);
    const count = this.#counts[at2] as number;
    if (count === 0xffff) return;
    this.#counts[at2] = count + 1;
    this.#sums[row] = (this.#sums[row] as number) + 1;
  }

  /** Events in the window that ends now. An instant before the newest event reads as that event's. */
  read(row: number, now: number): number {
    const tick = (now / this.#widthMs) | 0;
    if (tick > (this.#newest[row] as number)) this.#advance(row, tick);
    return this.#sums[row] as number;
  }

  clear(row: number): void {
    this.#counts.fill(0, row * this.#buckets, (row + 1) * this.#buckets);
    this.#sums[row] = 0;
    this.#newest[row] = 0;
  }

  #advance(row: number, tick: number): void {
    const newest = this.#newest[row] as number;
    this.#newest[row] = tick;
    if (this.#sums[row] === 0) return;
    if (tick - newest >= this.#buckets) {
      this.#counts.fill(0, row * this.#buckets, (row + 1) * this.#buckets);
      this.#sums[row] = 0;
      return;
    }
    let sum = this.#sums[row] as number;
    for (let passed = newest + 1; passed <= tick; passed++) {
      const at = row * this.#buckets + (passed % this.#buckets);
      sum -= this.#counts[at] as number;
      this.#counts[at] = 0;
    }
    this.#sums[row] = sum;
  }
}
