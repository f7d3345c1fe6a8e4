import type { AuctionType, Micros } from '../domain';
import { micros } from '../domain';
import type { Candidates, TieBreaks } from '../market';
import { mix32 } from '../market';

/** Rules of one auction. */
export interface AuctionTerms {
  readonly type: AuctionType;
  /** Nothing is sold under it: the reserve price, or what leaves the margin; micro-units. */
  readonly floor: Micros;
  /** Orders bids of one worth; the same seed gives the same order. */
  readonly seed: number;
  /** Most ranked bids wanted. */
  readonly places: number;
  /** Market ordinal of a buyer whose best bid goes first, at the price of its own rank; -1 = none. */
  readonly first: number;
}

/** By what offers are multiplied when they are compared: how well the calls of each bid went so far. */
export interface WorthFactors {
  /** True when all factors are the same. */
  readonly even: boolean;
  /** A positive integer. */
  factorAt(row: number): number;
}

/** One ranked bid. */
export interface AuctionRank {
  /** Its index among the candidates. */
  readonly index: number;
  /** What it would pay for the call; never more than its own offer, never less than the floor. */
  readonly clearing: Micros;
}

/**
 * Ranks bids by what they are worth to the exchange (offer × factor), best first; each target enters
 * with its best bid, and bids under the floor do not take part.
 *
 * In a first-price auction each pays its own offer. In a second-price auction each pays the lowest
 * offer that would have kept its rank: what makes it worth as much as the best bid that ranks behind
 * it and is not of the same buyer (nobody bids against itself), or the floor when there is none. Of
 * equal worth, each is taken to keep its rank.
 */
export function runAuction(
  candidates: Candidates,
  factors: WorthFactors,
  terms: AuctionTerms,
): AuctionRank[] {
  if (terms.places <= 0) return [];
  writeKeys(candidates, factors, terms.floor);
  const { rows } = candidates;
  const { hash } = candidates.columns;
  const ties: TieBreaks = [(index) => mix32(terms.seed, hash[rows[index] as number] as number)];
  // One more than asked for: the last place needs a price behind it.
  const ranked = candidates.best(ties, terms.places + 1);
  const rivals = terms.type === 'second_price' ? rivalsOf(candidates, ties, ranked, terms.places) : undefined;
  const price = (index: number, rival: number | undefined): AuctionRank => ({
    index,
    clearing:
      terms.type === 'first_price'
        ? ownOffer(candidates, index)
        : secondPrice(candidates, factors, terms, index, rival),
  });
  const winners = ranked.slice(0, terms.places).map((index, rank) => price(index, rivals?.[rank]));
  const first = terms.first < 0 ? -1 : candidates.bestOf(ties, terms.first);
  if (first < 0 || first === ranked[0]) return winners;
  const rank = ranked.indexOf(first);
  const known = rank >= 0 && rank < terms.places;
  const rival = known ? rivals?.[rank] : rivals && rivalBehind(candidates, ties, first);
  return [price(first, rival), ...winners.filter(({ index }) => index !== first)].slice(0, terms.places);
}

/** The more a bid is worth the smaller its key; one that is under the floor takes no part. */
function writeKeys(candidates: Candidates, factors: WorthFactors, floor: number): void {
  const { keys, offers, rows, count } = candidates;
  const even = factors.even;
  for (let index = 0; index < count; index++) {
    const offer = offers[index] as number;
    if (offer < floor) keys[index] = Infinity;
    else keys[index] = even ? -offer : -offer * factors.factorAt(rows[index] as number);
  }
}

function ownOffer({ offers }: Candidates, index: number): Micros {
  return micros(offers[index] as number);
}

function secondPrice(
  candidates: Candidates,
  factors: WorthFactors,
  { floor }: AuctionTerms,
  index: number,
  rival: number | undefined,
): Micros {
  if (rival === undefined) return floor;
  const { keys, offers, rows } = candidates;
  const worth = -(keys[rival] as number);
  const factor = factors.even ? 1 : factors.factorAt(rows[index] as number);
  let lowest = Math.ceil(worth / factor);
  // The quotient was rounded: it may be one short.
  if (lowest * factor < worth) lowest++;
  return micros(Math.max(floor, Math.min(lowest, offers[index] as number)));
}

/**
 * For each bid on the places the best one behind it that is of another buyer. Where the next is of the
 * same buyer, both have the same rival; only the last may have to look for one among all candidates.
 */
function rivalsOf(
  candidates: Candidates,
  ties: TieBreaks,
  ranked: readonly number[],
  places: number,
): (number | undefined)[] {
  const { rows, columns } = candidates;
  const buyerOf = (index: number): number => columns.buyer[rows[index] as number] as number;
  const rivals = new Array<number | undefined>(ranked.length);
  /** Nobody ranks behind them. */
  const all = ranked.length <= places;
  for (let rank = ranked.length - 1; rank >= 0; rank--) {
    const own = ranked[rank] as number;
    const next = ranked[rank + 1];
    if (next === undefined) rivals[rank] = undefined;
    else if (buyerOf(next) !== buyerOf(own)) rivals[rank] = next;
    else if (all || rank + 2 < ranked.length) rivals[rank] = rivals[rank + 1];
    else rivals[rank] = rivalBehind(candidates, ties, own);
  }
  return rivals;
}

/** The best bid of another buyer behind a candidate, however far; a target whose best bid is ahead has entered already. */
function rivalBehind(candidates: Candidates, ties: TieBreaks, own: number): number | undefined {
  const { rows, keys, count, columns } = candidates;
  const buyer = columns.buyer[rows[own] as number];
  const ahead = new Set<number>();
  for (let index = 0; index < count; index++) {
    if (candidates.compare(ties, index, own) < 0) ahead.add(columns.target[rows[index] as number] as number);
  }
  let rival: number | undefined;
  for (let index = 0; index < count; index++) {
    const row = rows[index] as number;
    if (keys[index] === Infinity || columns.buyer[row] === buyer || ahead.has(columns.target[row] as number))
      continue;
    if (candidates.compare(ties, index, own) < 0) continue;
    if (rival === undefined || candidates.compare(ties, index, rival) < 0) rival = index;
  }
  return rival;
}
