import type { Bid, LiveBid } from '../domain';
import type { BidBook } from './bid-book';
import { BidFilters } from './bid-filters';
import type { BidQuery, Duplicates } from './bid-query';
import type { CapBlocks } from './cap-blocks';
import { Candidates } from './candidates';
import { spherePoint } from './circles';
import { modifiedPrice } from './modifiers';
import { RowSieve, SpareWords } from './row-sieve';
import { ELIGIBLE, LISTED_BIDS, Tally, codeOf } from './tally';

const STATE = codeOf('state');
const DISTANCE = codeOf('distance');
const EXPIRED = codeOf('bid_expired');
const BELOW_RESERVE = codeOf('below_reserve');
const MARGIN = codeOf('margin');
const DISCIPLINED = codeOf('target_disciplined');
const DUPLICATE = codeOf('duplicate');
const SKILL = codeOf('skill');
const NOT_ASKED = codeOf('rtb_not_asked');
const INVALID = codeOf('rtb_invalid');

/**
 * Finds the bids of a book that may take a call, and what each offers for it: bit operations over 32
 * bids at a time for what the bids ask for, then a look at each that is left. Holds the memory of one
 * evaluation, which the next overwrites.
 */
export class BidScreen {
  /** The bids that may take the call. */
  readonly candidates: Candidates;
  /** Those of them that are rung only when no other may be. */
  readonly fallbacks: Candidates;
  readonly tally = new Tally();
  readonly #memory = { filters: new BidFilters(), sieve: new RowSieve(), spare: new SpareWords() };
  /** By row: index of its answer in the query's live bids, plus one. All 0 between evaluations. */
  #answers = new Int32Array(32);
  /** Of the call: levels by target of each skill needed; empty where none has one of them. */
  readonly #levels: Uint8Array[] = [];

  constructor(book: BidBook) {
    this.candidates = new Candidates(book.columns);
    this.fallbacks = new Candidates(book.columns);
  }

  /** Fills `candidates`, `fallbacks` and `tally` for one call. */
  run(book: BidBook, query: BidQuery, caps: CapBlocks): void {
    this.#begin(book, query, book.size <= LISTED_BIDS);
    this.#countStandings(book);
    this.#noteAnswers(book, query.liveBids);
    this.#screen(book, book.live.words, query, caps, false);
    this.#forgetAnswers(book, query.liveBids);
  }

  /**
   * The live bids that may take a call, were their answers good enough, best first by the most they
   * may say and what their record makes of it; at most one of a target. Overwrites the evaluation.
   *
   * @param qualityWeight - of the campaign
   * @param most - bids wanted
   */
  toPing(book: BidBook, query: BidQuery, caps: CapBlocks, qualityWeight: number, most: number): Bid[] {
    if (book.pings === 0) return [];
    this.#begin(book, query, false);
    const pinging = this.#memory.spare.next();
    const live = book.live.words;
    const pings = book.flags.pinging.words;
    for (let word = 0; word < live.length; word++)
      pinging[word] = (live[word] as number) & (pings[word] as number);
    this.#screen(book, pinging, query, caps, true);
    // A fallback is asked as well: nobody knows yet whether another buyer will take the call.
    const { candidates, fallbacks } = this;
    for (let index = 0; index < fallbacks.count; index++) {
      candidates.add(fallbacks.rows[index] as number, fallbacks.offers[index] as number);
    }
    book.records.weigh(qualityWeight);
    for (let index = 0; index < candidates.count; index++) {
      const row = candidates.rows[index] as number;
      candidates.keys[index] = -(candidates.offers[index] as number) * book.records.factorAt(row);
    }
    return candidates.best([], most).map((index) => book.bidAt(candidates.rows[index] as number));
  }

  #begin(book: BidBook, query: BidQuery, listing: boolean): void {
    const rows = book.words << 5;
    this.candidates.reset(book.columns, rows);
    this.fallbacks.reset(book.columns, rows);
    this.tally.reset(listing, rows);
    const { filters, spare } = this.#memory;
    spare.reset(book.words);
    filters.ask(book, query, spare);
    this.#levels.length = 0;
    for (const skill of query.skills) this.#levels.push(book.targets.levelsOf(skill) ?? NOBODY);
  }

  #screen(book: BidBook, standing: Int32Array, query: BidQuery, caps: CapBlocks, toPing: boolean): void {
    const { sieve, filters, spare } = this.#memory;
    const { circles, states } = book.targeting;
    if (this.tally.listing) this.#listAll(standing, STATE);
    const inPlace = sieve.begin(standing, states, query.state, book.words, spare);
    // Most bids want another state: they are counted by what they leave, not one by one.
    this.tally.counts[STATE] = (book.standings[0] as number) - inPlace;
    if (this.tally.listing) sieve.list(ELIGIBLE, this.tally);
    for (let n = 0; n < filters.count; n++) sieve.keep(filters.at(n), this.tally);
    if (circles.size > 0) this.#keepNear(book, query);
    if (book.flags.expiring.size > 0) this.#keepUnexpired(book, query.now);
    const { zeros } = spare;
    const atReserve = book.atReserve(query.reserve);
    sieve.keep({ base: atReserve, flip: 0, extra: zeros, code: BELOW_RESERVE }, this.tally);
    if (query.marginFloor > query.reserve) {
      const atMargin = book.atMargin(query.marginFloor);
      sieve.keep({ base: atMargin, flip: 0, extra: zeros, code: MARGIN }, this.tally);
    }
    this.#collect(book, query, caps, toPing);
  }

  #keepNear({ targeting: { circles }, words }: BidBook, { place }: BidQuery): void {
    const { sieve, spare } = this.#memory;
    const mayHold = circles.mayHold(place, spare.next(), words);
    // Cells tell of most that they are too far; of the others each is asked for itself.
    sieve.keep({ base: circles.rows.words, flip: -1, extra: mayHold, code: DISTANCE }, this.tally);
    if (!place) return;
    const point = spherePoint(place);
    sieve.keepEach(circles.rows.words, (row) => circles.holds(row, point), DISTANCE, this.tally);
  }

  #keepUnexpired(book: BidBook, now: number): void {
    const { expiresAt } = book.columns;
    const { sieve } = this.#memory;
    sieve.keepEach(book.flags.expiring.words, (row) => (expiresAt[row] as number) > now, EXPIRED, this.tally);
  }

  #listAll(words: Int32Array, code: number): void {
    for (const [word, bits] of words.entries()) this.tally.list(bits, word, code);
  }

  /** Looks at the bids that are left, one by one. */
  #collect(book: BidBook, query: BidQuery, caps: CapBlocks, toPing: boolean): void {
    const { sieve } = this.#memory;
    const { candidates } = this;
    const { price } = book.columns;
    const special = book.flags.special.words;
    const questions = this.#questions(book, query, caps);
    for (let n = 0; n < sieve.count; n++) {
      const word = sieve.words[n] as number;
      const bits = sieve.left[n] as number;
      const extra = bits & (special[word] as number);
      for (let rest = bits & ~extra; rest !== 0; rest &= rest - 1) {
        const row = (word << 5) + 31 - Math.clz32(rest & -rest);
        if (questions && this.#against(row, book, query, caps)) continue;
        candidates.add(row, price[row] as number);
      }
      for (let rest = extra; rest !== 0; rest &= rest - 1) {
        this.#lookAtSpecial((word << 5) + 31 - Math.clz32(rest & -rest), book, query, caps, toPing);
      }
    }
  }

  /** Is there anything that each bid must be asked for itself? */
  #questions(book: BidBook, { duplicates }: BidQuery, caps: CapBlocks): boolean {
    const { everybody, buyers, targets } = duplicates;
    const known = everybody || buyers.length + targets.length > 0;
    return known || !caps.isEmpty || this.#levels.length > 0 || book.targets.anyPaused;
  }

  /** Asks a bid for itself: true when something speaks against it, which is told. */
  #against(row: number, book: BidBook, query: BidQuery, caps: CapBlocks): boolean {
    const { columns, targets } = book;
    const { tally } = this;
    const target = columns.target[row] as number;
    const buyer = columns.buyer[row] as number;
    if (targets.anyPaused && (targets.pausedUntil[target] as number) > query.now) {
      tally.dropRow(row, DISCIPLINED);
      return true;
    }
    if (isDuplicate(query.duplicates, buyer, target)) {
      tally.dropRow(row, DUPLICATE);
      return true;
    }
    const capped = caps.isEmpty ? -1 : caps.codeFor(columns.ordinal[row] as number, target, buyer, query.now);
    if (capped >= 0) {
      tally.dropCapped(row, capped, columns.ids[row] as string);
      return true;
    }
    for (let n = 0; n < this.#levels.length; n++) {
      if (((this.#levels[n] as Uint8Array)[target] ?? 0) > 0) continue;
      tally.dropRow(row, SKILL);
      return true;
    }
    return false;
  }

  /** A bid whose price only the call tells, or that is kept for when nobody else answers. */
  #lookAtSpecial(row: number, book: BidBook, query: BidQuery, caps: CapBlocks, toPing: boolean): void {
    const { flags } = book;
    const { tally } = this;
    const pings = flags.pinging.has(row);
    let offer: number | undefined = book.columns.price[row] as number;
    if (!pings && flags.modified.has(row)) {
      const modified = modifiedPrice(offer, book.modifiersAt(row), query, book.plans);
      if (modified !== offer) tally.offered(row, modified ?? 0);
      if (!this.#isEnough(row, modified, query)) return;
      offer = modified as number;
    }
    if (this.#against(row, book, query, caps)) return;
    if (pings) {
      if (!toPing) offer = this.#heard(row, query, offer);
      if (offer === undefined || !this.#isEnough(row, offer, query)) return;
    }
    if (flags.fallback.has(row)) this.fallbacks.add(row, offer);
    else this.candidates.add(row, offer);
  }

  /** Does a price of this call reach the reserve, and leave the margin? If not, it is told. */
  #isEnough(row: number, offer: number | undefined, { reserve, marginFloor }: BidQuery): boolean {
    if (offer !== undefined && offer >= reserve && offer >= marginFloor) return true;
    this.tally.dropRow(row, offer === undefined || offer < reserve ? BELOW_RESERVE : MARGIN);
    return false;
  }

  /** What a live bid said; undefined when nothing that counts, which is told. */
  #heard(row: number, { liveBids, now }: BidQuery, most: number): number | undefined {
    const { tally } = this;
    const answer = liveBids[(this.#answers[row] as number) - 1];
    if (answer?.ok) tally.offered(row, answer.price);
    if (!answer) tally.dropRow(row, NOT_ASKED);
    else if (!answer.ok) tally.dropRow(row, codeOf(answer.why));
    else if (answer.expiresAt <= now) tally.dropRow(row, EXPIRED);
    else if (answer.price > most) tally.dropRow(row, INVALID);
    else return answer.price;
    return undefined;
  }

  /** Bids that do not stand are known beforehand: they are counted without being looked at. */
  #countStandings(book: BidBook): void {
    const { tally } = this;
    for (let standing = 1; standing < book.standings.length; standing++) {
      tally.counts[standing - 1] = book.standings[standing] as number;
    }
    if (!tally.listing) return;
    for (const row of book.rows()) {
      const standing = book.columns.standing[row] as number;
      if (standing !== 0) tally.codes[row] = standing - 1;
    }
  }

  #noteAnswers(book: BidBook, answers: readonly LiveBid[]): void {
    if (answers.length === 0) return;
    const rows = book.words << 5;
    if (rows > this.#answers.length) this.#answers = new Int32Array(rows);
    for (const [index, { bidId }] of answers.entries()) {
      const row = book.rowOf(bidId);
      if (row >= 0) this.#answers[row] = index + 1;
    }
  }

  #forgetAnswers(book: BidBook, answers: readonly LiveBid[]): void {
    for (const { bidId } of answers) {
      const row = book.rowOf(bidId);
      if (row >= 0) this.#answers[row] = 0;
    }
  }
}

const NOBODY = new Uint8Array(0);

function isDuplicate({ everybody, buyers, targets }: Duplicates, buyer: number, target: number): boolean {
  return (
    everybody ||
    (buyers.length > 0 && buyers.includes(buyer)) ||
    (targets.length > 0 && targets.includes(target))
  );
}
