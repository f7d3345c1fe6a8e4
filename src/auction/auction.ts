import type { AuctionType, Micros } from '../domain';
import { micros } from '../domain';
import type { Candidates } from '../market';
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

/** One ranked bid, best first. */
export interface AuctionRank {
  /** Position in the candidates. */
  readonly position: number;
  /** What it would pay for the call; never more than its own price, never less than the reserve. */
  readonly clearing: Micros;
}

/**
 * Ranks bids by price, at most one of a target. In a first-price auction each pays its own price. In
 * a second-price auction each pays the best price that ranks behind it and is not of the same buyer
 * (nobody bids against itself), or the reserve when there is none.
 *
 * Candidates below the reserve are ignored. Writes the candidates' keys.
 */
export function runAuction(candidates: Candidates, terms: AuctionTerms): AuctionRank[] {
  const { columns, rows, primary, secondary } = candidates;
  const reserve = terms.reserve;
  let kept = 0;
  for (let i = 0; i < candidates.count; i++) {
    const row = rows[i] as number;
    const price = columns.price[row] as number;
    if (price < reserve) continue;
    rows[kept] = row;
    primary[kept] = -price;
    secondary[kept] = mix32(terms.seed, columns.hash[row] as number);
    kept++;
  }
  candidates.count = kept;
  return candidates.best(terms.places).map((position) => ({
    position,
    clearing:
      terms.type === 'first_price'
        ? ownPrice(candidates, position)
        : secondPrice(candidates, position, reserve),
  }));
}

function ownPrice(candidates: Candidates, position: number): Micros {
  return micros(-(candidates.primary[position] as number));
}

function secondPrice(candidates: Candidates, position: number, reserve: Micros): Micros {
  const { columns, rows, primary, count } = candidates;
  const buyer = columns.buyer[rows[position] as number];
  let best = -reserve;
  for (let i = 0; i < count; i++) {
    if ((primary[i] as number) >= best || columns.buyer[rows[i] as number] === buyer) continue;
    if (candidates.compare(i, position) > 0) best = primary[i] as number;
  }
  return micros(-best);
}
