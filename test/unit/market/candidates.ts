import { Candidates, hashId } from '../../../src/market';

/** A bid as the auction and the routing see it. */
export interface PlainBid {
  readonly id: string;
  readonly price: number;
  readonly buyer: number;
  readonly target: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** Candidates of plain bids, each in the row of its index. */
export function candidatesOf(bids: readonly PlainBid[]): Candidates {
  const columns = {
    price: Float64Array.from(bids, ({ price }) => price),
    priority: Float64Array.from(bids, ({ priority }) => priority ?? 1),
    weight: Float64Array.from(bids, ({ weight }) => weight ?? 1),
    hash: Uint32Array.from(bids, ({ id }) => hashId(id)),
    buyer: Int32Array.from(bids, ({ buyer }) => buyer),
    target: Int32Array.from(bids, ({ target }) => target),
    bidIdAt: (row: number): string => (bids[row] as PlainBid).id,
  };
  const candidates = new Candidates(columns);
  candidates.reset(columns, bids.length);
  bids.forEach((_bid, row) => (candidates.rows[candidates.count++] = row));
  return candidates;
}
