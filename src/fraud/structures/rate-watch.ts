export interface RateWatchOptions {
  /** What is taken for usual before anything is known. */
  readonly usual: number;
  /** Weight of the newest observation in the short memory: 1/n remembers about n. */
  readonly fast: number;
  /** The same of the long memory, which says what is usual of the row. */
  readonly slow: number;
  /** Deviation that is still as usual (CUSUM's allowance). */
  readonly slack: number;
}

/** A shift is told no higher than this; so it is forgotten soon after it ended. */
const CEILING = 25;
/** Observations that what is usual of all counts as. */
const PRIOR_WEIGHT = 20;

/**
 * Watches a rate of each row for a shift: an exponentially weighted mean with a short and one with a
 * long memory, and two-sided CUSUM (Page 1954) of what deviates from the long one. A row begins at what
 * is usual and moves away from it as evidence comes in.
 */
export class RateWatch {
  readonly #options: RateWatchOptions;
  readonly #fast: Float64Array;
  readonly #slow: Float64Array;
  readonly #up: Float64Array;
  readonly #down: Float64Array;
  readonly #seen: Uint32Array;

  constructor(rows: number, options: RateWatchOptions) {
    this.#options = options;
    this.#fast = new Float64Array(rows).fill(options.usual);
    this.#slow = new Float64Array(rows).fill(options.usual);
    this.#up = new Float64Array(rows);
    this.#down = new Float64Array(rows);
    this.#seen = new Uint32Array(rows);
  }

  observe(row: number, value: number): void {
    const { fast, slow, slack } = this.#options;
    const seen = (this.#seen[row] as number) + 1;
    this.#seen[row] = seen;
    const usual = this.#slow[row] as number;
    const off = value - usual;
    this.#up[row] = Math.min(CEILING, Math.max(0, (this.#up[row] as number) + off - slack));
    this.#down[row] = Math.min(CEILING, Math.max(0, (this.#down[row] as number) - off - slack));
    this.#slow[row] = usual + off * Math.max(slow, 1 / (seen + PRIOR_WEIGHT));
    const recent = this.#fast[row] as number;
    this.#fast[row] = recent + (value - recent) * Math.max(fast, 1 / (seen + PRIOR_WEIGHT));
  }

  /** The rate of late. */
  recent(row: number): number {
    return this.#fast[row] as number;
  }

  /** The rate as it has long been. */
  usual(row: number): number {
    return this.#slow[row] as number;
  }

  /** How much evidence there is that the rate has risen, 0 … 25. */
  risen(row: number): number {
    return this.#up[row] as number;
  }

  /** How much evidence there is that the rate has fallen, 0 … 25. */
  fallen(row: number): number {
    return this.#down[row] as number;
  }

  /** Observations so far. */
  seen(row: number): number {
    return this.#seen[row] as number;
  }

  clear(row: number): void {
    this.#fast[row] = this.#options.usual;
    this.#slow[row] = this.#options.usual;
    this.#up[row] = 0;
    this.#down[row] = 0;
    this.#seen[row] = 0;
  }
}
