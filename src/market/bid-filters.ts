import type { BidBook } from './bid-book';
import type { BidQuery } from './bid-query';
import type { BidFilter, SpareWords } from './row-sieve';
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
