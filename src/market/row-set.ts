import { BitColumn } from './bits';

const MIN_DENSE = 64;

/** A set of rows: a short list while few, one bit a row once the bits are no larger than the list. */
export class RowSet {
  #list: number[] | undefined = [];
  #bits: BitColumn | undefined;
  #size = 0;
  /** See {@link places}; undefined = to be worked out. */
  #places: Int32Array | undefined;

  get size(): number {
    return this.#size;
  }

  /**
   * @param row - that is not in the set
   * @param words - of the book's bit columns now
   */
  add(row: number, words: number): void {
    this.#size++;
    this.#places = undefined;
    if (this.#list) {
      this.#list.push(row);
      if (this.#list.length <= Math.max(MIN_DENSE, words)) return;
      this.#bits = new BitColumn(words);
      for (const each of this.#list) this.#bits.set(each);
      this.#list = undefined;
    } else this.#wide(words)?.set(row);
  }

  /** @param row - that is in the set */
  delete(row: number): void {
    this.#places = undefined;
    if (this.#list) {
      const at = this.#list.indexOf(row);
      if (at < 0) return;
      this.#list[at] = this.#list[this.#list.length - 1] as number;
      this.#list.pop();
    } else this.#bits?.clear(row);
    this.#size--;
  }

  /** This set's rows as bits: its own words where it has them, or written into `spare`. */
  wordsOr(spare: Int32Array, words: number): Int32Array {
    if (this.#bits) return (this.#wide(words) as BitColumn).words;
    spare.fill(0, 0, words);
    this.unite(spare);
    return spare;
  }

  /** Places of the words that hold rows of this set. */
  places(): Int32Array {
    this.#places ??= this.#bits
      ? this.#bits.places()
      : Int32Array.from(new Set((this.#list ?? []).map((row) => row >>> 5)));
    return this.#places;
  }

  /** Sets this set's rows in `words`. */
  unite(words: Int32Array): void {
    if (this.#bits) {
      const mine = this.#bits.words;
      for (let i = 0; i < mine.length; i++) words[i] = (words[i] as number) | (mine[i] as number);
    } else {
      for (const row of this.#list ?? []) {
        words[row >>> 5] = (words[row >>> 5] as number) | (1 << (row & 31));
      }
    }
  }

  /** The bits, as wide as the book has become. */
  #wide(words: number): BitColumn | undefined {
    if (this.#bits && this.#bits.words.length < words) this.#bits.grow(words);
    return this.#bits;
  }
}
