const HOUR_MS = 3_600_000;

/**
 * Which sellers each caller came from: one side of the graph of shared callers, a bounded number of
 * links a caller; the link unheard for longest gives way.
 */
export class CallerLinks {
  readonly #degree: number;
  readonly #windowHours: number;
  /** 0 = free. */
  readonly #sellers: Float64Array;
  readonly #hours: Uint32Array;

  /**
   * @param degree - most sellers remembered of a caller
   * @param windowMs - how long a link lasts without a call
   */
  constructor(rows: number, degree: number, windowMs: number) {
    this.#degree = degree;
    this.#windowHours = windowMs / HOUR_MS;
    this.#sellers = new Float64Array(rows * degree);
    this.#hours = new Uint32Array(rows * degree);
  }

  get degree(): number {
    return this.#degree;
  }

  /** The caller of a row came from a seller. @returns false when that was known */
  link(row: number, seller: number, at: number): boolean {
    const hour = (at / HOUR_MS) | 0;
    const first = row * this.#degree;
    let oldest = first;
    for (let i = first; i < first + this.#degree; i++) {
      if (this.#sellers[i] === seller) {
        const known = hour - (this.#hours[i] as number) < this.#windowHours;
        if (hour > (this.#hours[i] as number)) this.#hours[i] = hour;
        return !known;
      }
      if ((this.#hours[i] as number) < (this.#hours[oldest] as number)) oldest = i;
    }
    this.#sellers[oldest] = seller;
    this.#hours[oldest] = hour;
    return true;
  }

  /** The nth seller of a caller, or 0 when there is none or it was too long ago. */
  sellerAt(row: number, n: number, now: number): number {
    const at = row * this.#degree + n;
    const alive = ((now / HOUR_MS) | 0) - (this.#hours[at] as number) < this.#windowHours;
    return alive ? (this.#sellers[at] as number) : 0;
  }

  /** Sellers the caller came from besides this one. */
  others(row: number, seller: number, now: number): number {
    let others = 0;
    for (let n = 0; n < this.#degree; n++) {
      const known = this.sellerAt(row, n, now);
      if (known !== 0 && known !== seller) others++;
    }
    return others;
  }

  clear(row: number): void {
    this.#sellers.fill(0, row * this.#degree, (row + 1) * this.#degree);
    this.#hours.fill(0, row * this.#degree, (row + 1) * this.#degree);
  }
}
