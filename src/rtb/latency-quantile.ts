/** Buckets to each doubling of the latency: a quantile is right to within a fifth. */
const PER_OCTAVE = 4;
/** Sixteen octaves: 1 ms … 65 s. */
const BUCKETS = 16 * PER_OCTAVE;
/** Observations after which those before count half. */
const HALVE_AT = 512;

/** Quantiles of recent latencies, in a fixed number of buckets. Old ones count less and less. */
export class LatencyQuantile {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  /** Observations, as they still count. */
  get count(): number {
    return this.#total;
  }

  /** @param milliseconds - anything under 1 counts as 1 */
  observe(milliseconds: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, milliseconds)) * PER_OCTAVE);
    const index = Math.min(bucket, BUCKETS - 1);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    if (++this.#total < HALVE_AT) return;
    this.#total = 0;
    for (let i = 0; i < BUCKETS; i++) {
      this.#counts[i] = (this.#counts[i] as number) / 2;
      this.#total += this.#counts[i] as number;
    }
  }

  /**
   * Milliseconds that a share of the observations did not exceed: the upper edge of its bucket.
   * @param share - 0 … 1
   */
  quantile(share: number): number {
    const wanted = this.#total * share;
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i] as number;
      if (seen >= wanted && seen > 0) return 2 ** ((i + 1) / PER_OCTAVE);
    }
    return 0;
  }
}
