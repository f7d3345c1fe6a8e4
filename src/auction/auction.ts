import type { AuctionType, Micros } from '../domain';
import { micros } from '../domain';
import type { BidColumns, Candidates, Ranking } from '../market';
import { mix32 } from '../market';

/** Rules of one auction. */
export interface AuctionTerms {
  readonly type: AuctionType;
  /** Nothing is sold under it; micro-units. */
  readonly reserve: Micros;
  /** Orders bids of one price; the same seed gives the same order. */
  readonly seed: number;
  /** Most ranked bids wanted. */
  readonly places: number;
}

/** One ranked bid. */
export interface AuctionRank {
  /** Its row among the candidates' columns. */
  readonly row: number;
  /** What it would pay for the call; never more than its own price, never less than the reserve. */
  readonly clearing: Micros;
}

/**
 * Ranks bids by price, best first; each target enters with its best bid. In a first-price auction
 * each pays its own price. In a second-price auction each pays the best price that ranks behind it
 * and is not of the same buyer (nobody bids against itself), or the reserve when there is none.
 * Bids under the reserve do not take part.
 */
export function runAuction(candidates: Candidates, terms: AuctionTerms): AuctionRank[] {
  const { columns } = candidates;
  const order = byPrice(columns, terms.seed);
  // One more than asked for: the last place needs a price behind it.
  let ranked = bestFrom(candidates, order, terms, terms.places + 1);
  let complete = ranked.length <= terms.places;
  return ranked.slice(0, terms.places).map((row, index): AuctionRank => {
    if (terms.type === 'first_price') return { row, clearing: micros(columns.price[row] as number) };
    let next = rivalBehind(columns, ranked, index);
    while (next === undefined && !complete) {
      const depth = ranked.length * 4;
      ranked = bestFrom(candidates, order, terms, depth);
      complete = ranked.length < depth;
      next = rivalBehind(columns, ranked, index);
    }
    return { row, clearing: micros(next === undefined ? terms.reserve : (columns.price[next] as number)) };
  });
}

function byPrice({ price, hash }: BidColumns, seed: number): Ranking {
  return {
    primary: (row) => -(price[row] as number),
    secondary: (row) => mix32(seed, hash[row] as number),
  };
}

/** The best bids that reach the reserve: ranked by price, those that do not are at the end. */
function bestFrom(candidates: Candidates, order: Ranking, terms: AuctionTerms, places: number): number[] {
  const ranked = candidates.best(order, places);
  const { price } = candidates.columns;
  while (ranked.length > 0 && (price[ranked[ranked.length - 1] as number] as number) < terms.reserve)
    ranked.pop();
  return ranked;
}

/** The first bid behind a place that is of another buyer. */
function rivalBehind({ buyer }: BidColumns, ranked: readonly number[], place: number): number | undefined {
  const own = buyer[ranked[place] as number];
  for (let i = place + 1; i < ranked.length; i++) if (buyer[ranked[i] as number] !== own) return ranked[i];
  return undefined;
}
