import { hashKey } from './keys';

/**
 * Rows for a bounded number of keys: set-associative, a new key takes the row of the one of its set
 * that was unheard for longest. What is kept of a key lies in columns beside it, by row.
 */
export class KeyTable {
  readonly rows: number;
  readonly #ways: number;
  readonly #mask: number;
  /** 0 = free. */
  readonly #keys: Float64Array;
  readonly #heard: Float64Array;

  /** @param rows - rounded up to a power of two times the ways */
  constructor(rows: number, ways = 8) {
    const sets = 2 ** Math.ceil(Math.log2(Math.max(1, rows / ways)));
    this.rows = sets * ways;
    this.#ways = ways;
    this.#mask = sets - 1;
    this.#keys = new Float64Array(this.rows);
    this.#heard = new Float64Array(this.rows);
  }

  /** Row of a key, or -1. */
  find(key: number): number {
    const first = (hashKey(key, 0) & this.#mask) * this.#ways;
    for (let row = first; row < first + this.#ways; row++) if (this.#keys[row] === key) return row;
    return -1;
  }

  /**
   * The row of a key, which is heard of at this instant.
   *
   * @returns its row, or `~row` when it has just got it: then what lies in the columns is another's
   */
  claim(key: number, at: number): number {
    const first = (hashKey(key, 0) & this.#mask) * this.#ways;
    let oldest = first;
    for (let row = first; row < first + this.#ways; row++) {
      const held = this.#keys[row];
      if (held === key) {
        if (at > (this.#heard[row] as number)) this.#heard[row] = at;
        return row;
      }
      if ((this.#heard[row] as number) < (this.#heard[oldest] as number)) oldest = row;
    }
    this.#keys[oldest] = key;
    this.#heard[oldest] = at;
    return ~oldest;
  }

  keyAt(row: number): number {
    return this.#keys[row] as number;
  }
}
