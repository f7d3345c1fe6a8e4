import type { Bid, LiveBid } from '../domain';
import type { BidBook } from './bid-book';
import { BidFilters, SpareWords } from './bid-filters';
import type { BidQuery } from './bid-query';
import { popcount } from './bits';
import type { CapBlocks } from './cap-blocks';
import { Candidates } from './candidates';
import type { SpherePoint } from './circles';
import { spherePoint } from './circles';
import { modifiedPrice } from './modifiers';
import { LISTED_BIDS, Tally, codeOf } from './tally';

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
  readonly #filters = new BidFilters();
  readonly #spare = new SpareWords();
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
    const pinging = this.#spare.next();
    const live = book.live.words;
    const pings = book.pinging.words;
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
    this.#spare.reset(book.words);
    this.#filters.ask(book, query, this.#spare);
    this.#levels.length = 0;
    for (const skill of query.skills) this.#levels.push(book.targets.levelsOf(skill) ?? NOBODY);
  }

  #screen(book: BidBook, standing: Int32Array, query: BidQuery, caps: CapBlocks, toPing: boolean): void {
    const { tally } = this;
    const filters = this.#filters;
    const spare = this.#spare;
    const words = book.words;
    const { targeting } = book;
    const { zeros } = spare;
    const anyState = targeting.states.any.words;
    const inState = targeting.states.naming(query.state)?.wordsOr(spare.next(), words) ?? zeros;
    const { circles } = targeting;
    const circled = circles.size > 0 ? circles.rows.words : zeros;
    const mayHold = circles.size > 0 ? circles.mayHold(query.place, spare.next(), words) : zeros;
    const point = circles.size > 0 && query.place ? spherePoint(query.place) : undefined;
    const expiring = book.expiring.words;
    const atReserve = book.atReserve(query.reserve);
    const atMargin = query.marginFloor > query.reserve ? book.atMargin(query.marginFloor) : atReserve;
    let inPlace = 0;
    for (let word = 0; word < words; word++) {
      const stands = standing[word] as number;
      let left = stands & ((anyState[word] as number) | (inState[word] as number));
      if (left === 0 && !tally.listing) continue;
      inPlace += popcount(left);
      if (tally.listing) tally.list(stands & ~left, word, STATE);
      for (let n = 0; n < filters.count; n++) {
        const { base, flip, extra, code } = filters.at(n);
        left = this.#keep(left, ((base[word] as number) ^ flip) | (extra[word] as number), word, code);
      }
      const far = left & (circled[word] as number);
      if (far !== 0)
        left = this.#keep(left, ~outside(far, word, mayHold[word] as number, book, point), word, DISTANCE);
      const expiries = left & (expiring[word] as number);
      if (expiries !== 0) left = this.#keep(left, ~expired(expiries, word, book, query.now), word, EXPIRED);
      left = this.#keep(left, atReserve[word] as number, word, BELOW_RESERVE);
      left = this.#keep(left, atMargin[word] as number, word, MARGIN);
      for (; left !== 0; left &= left - 1) {
        this.#look((word << 5) + 31 - Math.clz32(left & -left), book, query, caps, toPing);
      }
    }
    // Most bids want another state: they are counted by what they leave, not one by one.
    tally.counts[STATE] = (book.standings[0] as number) - inPlace;
  }

  #keep(left: number, allowed: number, word: number, code: number): number {
    const dropped = left & ~allowed;
    if (dropped !== 0) this.tally.drop(dropped, word, code);
    return left & allowed;
  }

  /** The last questions, which each bid answers on its own. */
  #look(row: number, book: BidBook, query: BidQuery, caps: CapBlocks, toPing: boolean): void {
    const { columns } = book;
    const { tally } = this;
    const pings = book.pinging.has(row);
    let offer = columns.price[row] as number;
    if (book.modified.has(row) && !pings) {
      const modified = modifiedPrice(offer, book.modifiersAt(row), query, book.plans);
      if (modified !== offer) tally.offered(row, modified ?? 0);
      if (modified === undefined || modified < query.reserve) return tally.dropRow(row, BELOW_RESERVE);
      if (modified < query.marginFloor) return tally.dropRow(row, MARGIN);
      offer = modified;
    }
    const target = columns.target[row] as number;
    const { targets } = book;
    if (targets.anyPaused && (targets.pausedUntil[target] as number) > query.now) {
      return tally.dropRow(row, DISCIPLINED);
    }
    const buyer = columns.buyer[row] as number;
    const { everybody, buyers, targets: known } = query.duplicates;
    if (
      everybody ||
      (buyers.length > 0 && buyers.includes(buyer)) ||
      (known.length > 0 && known.includes(target))
    ) {
      return tally.dropRow(row, DUPLICATE);
    }
    if (!caps.isEmpty) {
      const code = caps.codeFor(columns.ordinal[row] as number, target, buyer, query.now);
      if (code >= 0) return tally.dropCapped(row, code, columns.ids[row] as string);
    }
    for (let n = 0; n < this.#levels.length; n++) {
      if (!((this.#levels[n] as Uint8Array)[target] as number)) return tally.dropRow(row, SKILL);
    }
    if (pings) {
      const heard = toPing ? offer : this.#heard(row, query, offer);
      if (heard < 0) return;
      if (heard < query.reserve) return tally.dropRow(row, BELOW_RESERVE);
      if (heard < query.marginFloor) return tally.dropRow(row, MARGIN);
      offer = heard;
    }
    if (book.fallback.has(row)) this.fallbacks.add(row, offer);
    else this.candidates.add(row, offer);
  }

  /** What a live bid said; -1 when nothing that counts, which is told. */
  #heard(row: number, query: BidQuery, most: number): number {
    const { tally } = this;
    const answer = query.liveBids[(this.#answers[row] as number) - 1];
    if (!answer) {
      tally.dropRow(row, NOT_ASKED);
      return -1;
    }
    if (!answer.ok) {
      tally.dropRow(row, codeOf(answer.why));
      return -1;
    }
    tally.offered(row, answer.price);
    if (answer.expiresAt <= query.now) {
      tally.dropRow(row, EXPIRED);
      return -1;
    }
    if (answer.price > most) {
      tally.dropRow(row, INVALID);
      return -1;
    }
    return answer.price;
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

/** Of the rows of one word, those whose circle does not hold the caller. */
function outside(
  rows: number,
  word: number,
  mayHold: number,
  book: BidBook,
  point: SpherePoint | undefined,
): number {
  if (!point) return rows;
  let out = rows & ~mayHold;
  for (let rest = rows & mayHold; rest !== 0; rest &= rest - 1) {
    const bit = 31 - Math.clz32(rest & -rest);
    if (!book.targeting.circles.holds((word << 5) + bit, point)) out |= 1 << bit;
  }
  return out;
}

/** Of the rows of one word, those whose time is up. */
function expired(rows: number, word: number, book: BidBook, now: number): number {
  const { expiresAt } = book.columns;
  let over = 0;
  for (let rest = rows; rest !== 0; rest &= rest - 1) {
    const bit = 31 - Math.clz32(rest & -rest);
    if ((expiresAt[(word << 5) + bit] as number) <= now) over |= 1 << bit;
  }
  return over;
}
