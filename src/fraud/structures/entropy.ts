/** What is taken for usual before there are calls enough, and how many calls that counts as. */
const USUAL = 0.9;
const PRIOR_WEIGHT = 20;

/**
 * How evenly the latest events of each row spread over some bins: Shannon entropy as a share of the
 * most that so many events could have, 0 … 1. Counts are halved when there are `memory` of them, and
 * Σ n·log₂n is kept as they change, so that reading costs nothing.
 */
export class SpreadWatch {
  readonly #bins: number;
  readonly #memory: number;
  readonly #counts: Uint16Array;
  readonly #totals: Uint32Array;
  readonly #sums: Float64Array;
  /** n·log₂n. */
  readonly #terms: Float64Array;

  /** @param memory - events after which the older ones begin to count less; at most 65,535 */
  constructor(rows: number, bins: number, memory: number) {
    this.#bins = bins;
    this.#memory = memory;
    this.#counts = new Uint16Array(rows * bins);
    this.#totals = new Uint32Array(rows);
    this.#sums = new Float64Array(rows);
    this.#terms = new Float64Array(memory + 2);
    for (let n = 1; n < this.#terms.length; n++) this.#terms[n] = n * Math.log2(n);
  }

  observe(row: number, bin: number): void {
    const at = row * this.#bins + bin;
    const count = this.#counts[at] as number;
    this.#counts[at] = count + 1;
    this.#sums[row] =
      (this.#sums[row] as number) + (this.#terms[count + 1] as number) - (this.#terms[count] as number);
    this.#totals[row] = (this.#totals[row] as number) + 1;
    if ((this.#totals[row] as number) >= this.#memory) this.#halve(row);
  }

  /** Remembered events of a bin. */
  count(row: number, bin: number): number {
    return this.#counts[row * this.#bins + bin] as number;
  }

  /** Remembered events. */
  total(row: number): number {
    return this.#totals[row] as number;
  }

  /** Entropy in bits of what is remembered. */
  bits(row: number): number {
    const total = this.#totals[row] as number;
    return total === 0 ? 0 : Math.max(0, Math.log2(total) - (this.#sums[row] as number) / total);
  }

  /** 0 = all in one bin, 1 = as even as so many can be; what is usual while little is known. */
  evenness(row: number): number {
    const total = this.#totals[row] as number;
    if (total < 2) return USUAL;
    const share = this.bits(row) / Math.log2(Math.min(total, this.#bins));
    return (share * total + USUAL * PRIOR_WEIGHT) / (total + PRIOR_WEIGHT);
  }

  clear(row: number): void {
    this.#counts.fill(0, row * this.#bins, (row + 1) * this.#bins);
    this.#totals[row] = 0;
    this.#sums[row] = 0;
  }

  #halve(row: number): void {
    let total = 0;
    let sum = 0;
    for (let at = row * this.#bins; at < (row + 1) * this.#bins; at++) {
      const half = (this.#counts[at] as number) >>> 1;
      this.#counts[at] = half;
      total += half;
      sum += this.#terms[half] as number;
    }
    this.#totals[row] = total;
    this.#sums[row] = sum;
  }
}
