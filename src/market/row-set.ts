import { BitColumn } from './bits';

const MIN_DENSE = 64;

/** A set of rows: a short list while few, one bit a row once the bits are no larger than the list. */
export class RowSet {
  #list: number[] | undefined = [];
  #bits: BitColumn | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param words - of the book's bit columns now */
  add(row: number, words: number): void {
    this.#size++;
    if (this.#list) {
      this.#list.push(row);
      if (this.#list.length <= Math.max(MIN_DENSE, words)) return;
      this.#bits = new BitColumn(words);
      for (const each of this.#list) this.#bits.set(each);
      this.#list = undefined;
    } else this.#bits?.set(row);
  }

  delete(row: number): void {
    if (this.#list) {
      const at = this.#list.indexOf(row);
      if (at < 0) return;
      this.#list[at] = this.#list[this.#list.length - 1] as number;
      this.#list.pop();
    } else this.#bits?.clear(row);
    this.#size--;
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

  grow(words: number): void {
    this.#bits?.grow(words);
  }
}
