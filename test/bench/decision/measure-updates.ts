import type { Bid, Micros } from '../../../src/domain';
import { campaignOf, marketFor } from './bench-market';
import { collect } from './collect';
import { regionalBids } from './loads';

const ROUNDS = 4;
const CHANGED = 50_000;

/**
 * Bids changed a second among 100,000 that stand: each arrives as a fresh value, as from a feed, with
 * another price; one in eight asks for other calls than before.
 */
export function measureUpdates(): number {
  const bids = regionalBids(1_000, 100_000);
  const market = marketFor(bids, campaignOf());
  const some = Array.from({ length: CHANGED }, (_, n) => bids[(n * 7_919) % bids.length] as Bid);
  // Two values of each bid, by turns.
  const values = [0, 1].map((turn) =>
    some.map((bid, n): Bid => {
      const fresh = structuredClone(bid);
      const price = (bid.price + turn * 1_000) as Micros;
      const other = n % 8 === 0 && turn === 1 ? { npas: ['212', '310'] } : {};
      return { ...fresh, price, targeting: { ...fresh.targeting, ...other } };
    }),
  );
  const round = (turn: number): void => {
    for (const value of values[turn % 2] as Bid[]) market.apply({ entity: 'bid', op: 'upsert', value });
  };
  round(1);
  collect();
  const began = performance.now();
  for (let turn = 0; turn < ROUNDS; turn++) round(turn);
  return (ROUNDS * CHANGED) / ((performance.now() - began) / 1_000);
}
