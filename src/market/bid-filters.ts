import type { BidBook } from './bid-book';
import type { BidQuery } from './bid-query';
import { codeOf } from './tally';
import type { ValueColumns } from './value-columns';

const NPA = codeOf('npa');
const ZIP = codeOf('zip');
const ATTESTATION = codeOf('attestation');
const LINE_TYPE = codeOf('line_type');
const LANGUAGE = codeOf('language');
const SELLER = codeOf('seller_excluded');
const SCHEDULE = codeOf('schedule');
const TAGS = codeOf('tags');

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
 * The questions that the bids of a book ask about calls, each answered for one call. What no bid of
 * the book asks is left away, so a campaign pays for what its buyers use.
 */
export class BidFilters {
  readonly #all: BidFilter[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  at(index: number): BidFilter {
    return this.#all[index] as BidFilter;
  }

  /** Asks a book all of them, in the order of the reasons, but for the state and for what each bid answers alone. */
  ask(book: BidBook, query: BidQuery, spare: SpareWords): void {
    this.#count = 0;
    const { targeting } = book;
    const words = book.words;
    const { zeros } = spare;
    this.#askValues(targeting.npas, query.npa, NPA, spare, words);
    this.#askValues(targeting.zips, query.zip, ZIP, spare, words);
    if (targeting.attestations.restricting > 0) {
      this.#push(targeting.attestations.accepting(query.attestation ?? null), 0, zeros, ATTESTATION);
    }
    if (targeting.lineTypes.restricting > 0) {
      this.#push(targeting.lineTypes.accepting(query.lineType), 0, zeros, LINE_TYPE);
    }
    this.#askValues(targeting.languages, query.language, LANGUAGE, spare, words);
    const excluding = targeting.excluded.naming(query.sellerId);
    if (excluding) this.#push(excluding.wordsOr(spare.next(), words), -1, zeros, SELLER);
    this.#push(book.openAt(query.now), 0, zeros, SCHEDULE);
    if (targeting.tags.size > 0) {
      targeting.tags.forCall(
        query.tags,
        () => spare.next(),
        (required, content) => this.#push(required, -1, content, TAGS),
      );
    }
  }

  #askValues(
    columns: ValueColumns,
    value: string | undefined,
    code: number,
    spare: SpareWords,
    words: number,
  ): void {
    if (columns.restricting === 0) return;
    const naming = columns.naming(value);
    this.#push(columns.any.words, 0, naming ? naming.wordsOr(spare.next(), words) : spare.zeros, code);
  }

  #push(base: Int32Array, flip: number, extra: Int32Array, code: number): void {
    const filter = this.#all[this.#count];
    if (filter) {
      filter.base = base;
      filter.flip = flip;
      filter.extra = extra;
      filter.code = code;
    } else this.#all.push({ base, flip, extra, code });
    this.#count++;
  }
}
