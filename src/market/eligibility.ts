import type { Attestation, CapHint, IneligibleReason } from '../domain';
import { INELIGIBLE_REASONS } from '../domain';
import type { BidBook } from './bid-book';
import { popcount } from './bits';
import type { CapBlocks } from './cap-blocks';
import type { Candidates } from './candidates';

const codeOf = (reason: IneligibleReason): number => INELIGIBLE_REASONS.indexOf(reason);
const STATE = codeOf('state');
const NPA = codeOf('npa');
const ATTESTATION = codeOf('attestation');
const SCHEDULE = codeOf('schedule');
const BELOW_RESERVE = codeOf('below_reserve');
const TAGS = codeOf('tags');
const EXPIRED = codeOf('bid_expired');
const DUPLICATE = codeOf('duplicate');

/** Books up to this size have the outcome of each bid written down; larger ones are counted. */
export const LISTED_BIDS = 200;
const MAX_CAP_HINTS = 200;
/** Code of a bid that nothing speaks against. */
export const ELIGIBLE = 255;

/** What the bids of a campaign are asked about one call. */
export interface BidQuery {
  /** UTC epoch milliseconds. */
  readonly now: number;
  readonly state: string | undefined;
  readonly npa: string | undefined;
  readonly attestation: Attestation | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Micro-units. */
  readonly reserve: number;
  /** Market ordinals of buyers for whom this caller is a duplicate. */
  readonly duplicateBuyers: readonly number[];
}

/** Why bids were left out of one decision: counts, and a code a row for a small book. */
export class Tally {
  readonly counts = new Int32Array(INELIGIBLE_REASONS.length);
  /** By row: index in INELIGIBLE_REASONS, or {@link ELIGIBLE}. Meaningful only while `listing`. */
  codes = new Uint8Array(256);
  listing = false;
  capped: CapHint[] = [];

  reset(listing: boolean, rows: number): void {
    this.counts.fill(0);
    this.listing = listing;
    this.capped = [];
    if (!listing) return;
    if (rows > this.codes.length) this.codes = new Uint8Array(rows * 2);
    this.codes.fill(ELIGIBLE, 0, rows);
  }

  /** Leaves out the rows of the bits set in one word. */
  drop(bits: number, word: number, code: number): void {
    this.counts[code] = (this.counts[code] as number) + popcount(bits);
    if (this.listing) this.list(bits, word, code);
  }

  list(bits: number, word: number, code: number): void {
    for (let rest = bits; rest !== 0; rest &= rest - 1) {
      this.codes[(word << 5) + 31 - Math.clz32(rest & -rest)] = code;
    }
  }

  dropRow(row: number, code: number): void {
    this.counts[code] = (this.counts[code] as number) + 1;
    if (this.listing) this.codes[row] = code;
  }
}

/** Memory for one evaluation, kept between decisions. */
export class EligibilityScratch {
  #zeros = new Int32Array(1);
  readonly #tagWords: Int32Array[] = [];
  readonly tally = new Tally();

  zeros(words: number): Int32Array {
    if (this.#zeros.length < words) this.#zeros = new Int32Array(words * 2);
    return this.#zeros;
  }

  tagWords(index: number, words: number): Int32Array {
    const found = this.#tagWords[index];
    if (found && found.length >= words) return found;
    const made = new Int32Array(words * 2);
    this.#tagWords[index] = made;
    return made;
  }
}

/**
 * Finds the bids of a book that may take a call: bit operations over 32 bids at a time for what the
 * bids ask for, then a look at each that is left. Fills `candidates` and the scratch's tally.
 */
export function findEligible(
  book: BidBook,
  query: BidQuery,
  caps: CapBlocks,
  candidates: Candidates,
  scratch: EligibilityScratch,
): void {
  const { tally } = scratch;
  const words = book.words;
  candidates.reset(book, words << 5);
  tally.reset(book.size <= LISTED_BIDS, words << 5);
  countStandings(book, tally);
  const none = scratch.zeros(words);
  const live = book.live.words;
  const expiring = book.expiring.words;
  const { targeting } = book;
  const anyState = targeting.anyState.words;
  const inState = columnOf(targeting.states, query.state)?.words ?? none;
  const anyNpa = targeting.anyNpa.words;
  const inNpa = columnOf(targeting.npas, query.npa)?.words ?? none;
  const attested = targeting.accepting(query.attestation);
  const open = book.openAt(query.now);
  const atReserve = book.atReserve(query.reserve);
  const tagged = tagWords(book, query, scratch);
  let inPlace = 0;
  for (let word = 0; word < words; word++) {
    let left = (live[word] as number) & ((anyState[word] as number) | (inState[word] as number));
    if (left === 0 && !tally.listing) continue;
    inPlace += popcount(left);
    if (tally.listing) tally.list((live[word] as number) & ~left, word, STATE);
    left = keep(left, (anyNpa[word] as number) | (inNpa[word] as number), word, NPA, tally);
    left = keep(left, attested[word] as number, word, ATTESTATION, tally);
    left = keep(left, open[word] as number, word, SCHEDULE, tally);
    left = keep(left, atReserve[word] as number, word, BELOW_RESERVE, tally);
    for (const { required, content } of tagged) {
      left = keep(left, ~(required[word] as number) | (content[word] as number), word, TAGS, tally);
    }
    const expiries = left & (expiring[word] as number);
    if (expiries !== 0) left = keep(left, ~expired(expiries, word, book, query.now), word, EXPIRED, tally);
    for (; left !== 0; left &= left - 1) {
      collect((word << 5) + 31 - Math.clz32(left & -left), book, query, caps, candidates, tally);
    }
  }
  // Most bids want another state: they are counted by what they leave, not one by one.
  tally.counts[STATE] = (book.standings[0] as number) - inPlace;
}

function keep(left: number, allowed: number, word: number, code: number, tally: Tally): number {
  const dropped = left & ~allowed;
  if (dropped !== 0) tally.drop(dropped, word, code);
  return left & allowed;
}

/** The last questions, which each bid answers on its own. */
function collect(
  row: number,
  book: BidBook,
  query: BidQuery,
  caps: CapBlocks,
  candidates: Candidates,
  tally: Tally,
): void {
  if (query.duplicateBuyers.length > 0 && query.duplicateBuyers.includes(book.buyer[row] as number)) {
    return tally.dropRow(row, DUPLICATE);
  }
  if (!caps.isEmpty) {
    const code = caps.codeFor(
      book.ordinal[row] as number,
      book.target[row] as number,
      book.buyer[row] as number,
      query.now,
    );
    if (code >= 0) {
      if (tally.capped.length < MAX_CAP_HINTS) {
        tally.capped.push({ bidId: book.bidIdAt(row), reason: INELIGIBLE_REASONS[code] as IneligibleReason });
      }
      return tally.dropRow(row, code);
    }
  }
  candidates.rows[candidates.count++] = row;
}

/** Bids that do not stand are known beforehand: they are counted without being looked at. */
function countStandings(book: BidBook, tally: Tally): void {
  for (let standing = 1; standing < book.standings.length; standing++) {
    tally.counts[standing - 1] = book.standings[standing] as number;
  }
  if (!tally.listing) return;
  for (const row of book.rows()) {
    const standing = book.standing[row] as number;
    if (standing !== 0) tally.codes[row] = standing - 1;
  }
}

/** Of the rows of one word, those whose time is up. */
function expired(rows: number, word: number, book: BidBook, now: number): number {
  let over = 0;
  for (let rest = rows; rest !== 0; rest &= rest - 1) {
    const bit = 31 - Math.clz32(rest & -rest);
    if ((book.expiresAt[(word << 5) + bit] as number) <= now) over |= 1 << bit;
  }
  return over;
}

/** For each tag that bids of the book require: who requires it, and who is content with the call's value. */
function tagWords(book: BidBook, query: BidQuery, scratch: EligibilityScratch): readonly TagWords[] {
  if (book.targeting.tags.size === 0) return NO_TAGS;
  const all: TagWords[] = [];
  for (const [key, { required, byValue }] of book.targeting.tags) {
    const value = Object.hasOwn(query.tags, key) ? query.tags[key] : undefined;
    const rows = value === undefined ? undefined : byValue.get(value);
    const content = rows ? scratch.tagWords(all.length, book.words) : scratch.zeros(book.words);
    if (rows) rows.unite(content.fill(0));
    all.push({ required: required.words, content });
  }
  return all;
}

interface TagWords {
  readonly required: Int32Array;
  readonly content: Int32Array;
}

const NO_TAGS: readonly TagWords[] = [];

function columnOf<Column>(columns: ReadonlyMap<string, Column>, key: string | undefined): Column | undefined {
  return key === undefined ? undefined : columns.get(key);
}
