import { BitColumn } from './bits';

/**
 * Rows whose price reaches a threshold (micro-units), kept for the threshold asked for last: that of a
 * campaign seldom changes. Rows whose price is another one for each call pass, and are looked at then.
 */
export class PriceFloor {
  readonly #reaching = new BitColumn(1);
  #threshold = 0;

  put(row: number, price: number, exempt: boolean): void {
    this.#reaching.put(row, exempt || price >= this.#threshold);
  }

  at(threshold: number, price: Float64Array, exempt: BitColumn): Int32Array {
    if (threshold !== this.#threshold) {
      this.#threshold = threshold;
      for (let row = 0; row < price.length; row++) this.put(row, price[row] as number, exempt.has(row));
    }
    return this.#reaching.words;
  }

  grow(words: number): void {
    this.#reaching.grow(words);
  }
}
