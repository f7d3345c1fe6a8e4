import { popcount } from './bits';
import type { Tally } from './tally';
import type { ValueColumns } from './value-columns';

/** One question about a call, answered by 32 bids at a time: a bid stays when `(base ^ flip) | extra` has its bit. */
export interface BidFilter {
  base: Int32Array;
  /** 0, or -1 to read the base as its opposite. */
  flip: number;
  extra: Int32Array;
  /** Of the reason that is told. */
  code: number;
}

/** Memory for rows worked out for one call, kept between decisions. */
export class SpareWords {
  #zeros = new Int32Array(1);
  readonly #spares: Int32Array[] = [];
  #used = 0;
  #words = 1;

  reset(words: number): void {
    this.#used = 0;
    this.#words = words;
    if (this.#zeros.length < words) this.#zeros = new Int32Array(words * 2);
  }

  get zeros(): Int32Array {
    return this.#zeros;
  }

  /** Words that nobody else has until the next reset; what they hold is left over from before. */
  next(): Int32Array {
    const found = this.#spares[this.#used];
    if (found && found.length >= this.#words) {
      this.#used++;
      return found;
    }
    const made = new Int32Array(this.#words * 2);
    this.#spares[this.#used++] = made;
    return made;
  }
}

/**
 * The rows that are left after each question, as words of 32 that have any: question by question over
 * few words, since most bids want calls from elsewhere.
 */
export class RowSieve {
  /** Places of the words that have rows left. */
  words = new Int32Array(1);
  /** The rows left in each of them, a bit each. */
  left = new Int32Array(1);
  count = 0;

  /**
   * Begins with the standing rows that want the caller's state: those that name it, and those that
   * want any.
   *
   * @param length - words of the book
   * @returns how many there are
   */
  begin(
    standing: Int32Array,
    states: ValueColumns,
    state: string | undefined,
    length: number,
    spare: SpareWords,
  ): number {
    if (this.words.length < length) {
      this.words = new Int32Array(length);
      this.left = new Int32Array(length);
    }
    const naming = states.naming(state);
    const named = naming ? naming.wordsOr(spare.next(), length) : spare.zeros;
    this.count = 0;
    const rows = naming ? this.#take(naming.places(), standing, states.any.words, named, false) : 0;
    return rows + this.#take(states.anyPlaces(), standing, states.any.words, named, true);
  }

  /** @param others - passes over words that hold named rows: they were taken before */
  #take(
    places: Int32Array,
    standing: Int32Array,
    any: Int32Array,
    named: Int32Array,
    others: boolean,
  ): number {
    const { words, left } = this;
    let count = this.count;
    let rows = 0;
    for (let n = 0; n < places.length; n++) {
      const word = places[n] as number;
      const names = named[word] as number;
      if (others && names !== 0) continue;
      const bits = (standing[word] as number) & ((any[word] as number) | names);
      if (bits === 0) continue;
      rows += popcount(bits);
      words[count] = word;
      left[count] = bits;
      count++;
    }
    this.count = count;
    return rows;
  }

  /** Writes a code down for each row that is left. */
  list(code: number, tally: Tally): void {
    for (let n = 0; n < this.count; n++) tally.list(this.left[n] as number, this.words[n] as number, code);
  }

  /** Keeps the rows that a question leaves, and tells of the others why they go. */
  keep({ base, flip, extra, code }: BidFilter, tally: Tally): void {
    const { words, left, count: total } = this;
    const { listing } = tally;
    let count = 0;
    let dropped = 0;
    for (let n = 0; n < total; n++) {
      const word = words[n] as number;
      const bits = left[n] as number;
      const gone = bits & ~(((base[word] as number) ^ flip) | (extra[word] as number));
      if (gone !== 0) {
        dropped += popcount(gone);
        if (listing) tally.list(gone, word, code);
        if (gone === bits) continue;
      }
      if (gone !== 0 || count !== n) {
        words[count] = word;
        left[count] = bits ^ gone;
      }
      count++;
    }
    this.count = count;
    tally.counts[code] = (tally.counts[code] as number) + dropped;
  }

  /** Asks each of some rows for itself. */
  keepEach(some: Int32Array, isKept: (row: number) => boolean, code: number, tally: Tally): void {
    const { words, left } = this;
    for (let n = 0; n < this.count; n++) {
      const word = words[n] as number;
      const bits = left[n] as number;
      for (let rest = bits & (some[word] as number); rest !== 0; rest &= rest - 1) {
        const bit = 31 - Math.clz32(rest & -rest);
        if (isKept((word << 5) + bit)) continue;
        left[n] = (left[n] as number) & ~(1 << bit);
        tally.dropRow((word << 5) + bit, code);
      }
    }
  }
}
