import { BidColumns, Candidates, hashId } from '../../../src/market';

/** A bid as the auction and the routing see it. */
export interface PlainBid {
  readonly id: string;
  readonly price: number;
  readonly buyer: number;
  readonly target: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** Candidates of plain bids, each in the row of its index and offering its price. */
export function candidatesOf(bids: readonly PlainBid[]): Candidates {
  const columns = new BidColumns(bids.length);
  const candidates = new Candidates(columns);
  candidates.reset(columns, bids.length);
  bids.forEach(({ id, price, priority, weight, buyer, target }, row) => {
    columns.ids[row] = id;
    columns.hash[row] = hashId(id);
    columns.price[row] = price;
    columns.priority[row] = priority ?? 1;
    columns.weight[row] = weight ?? 1;
    columns.buyer[row] = buyer;
    columns.target[row] = target;
    candidates.add(row, price);
  });
  return candidates;
}
