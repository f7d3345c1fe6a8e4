import * as fc from 'fast-check';
import { hashId } from '../../../src/market';
import { rankByPriority, rankRoundRobin, ringTarget } from '../../../src/routing';
import type { PlainBid } from '../market/candidates';
import { candidatesOf } from '../market/candidates';
import { NOON, bid, bidOf, buyer, campaign, marketOf, target, usd } from '../market/fixtures';

const plain = (n: number, over: Partial<PlainBid> = {}): PlainBid => ({
  id: `bid-${n}`,
  price: 1,
  buyer: n,
  target: n,
  ...over,
});

describe('priority', () => {
  const order = (bids: readonly PlainBid[], seed: number, places = 100): string[] =>
    rankByPriority(candidatesOf(bids), seed, places).map((row) => (bids[row] as PlainBid).id);

  test('goes before weight, and weight orders equals only', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ priority: fc.integer({ min: 1, max: 3 }), weight: fc.integer({ min: 1, max: 1_000 }) }),
          { maxLength: 20, size: 'max' },
        ),
        fc.nat(),
        (rows, seed) => {
          const bids = rows.map((row, n) => plain(n, row));
          const priorities = order(bids, seed).map((id) => bids.find((one) => one.id === id)?.priority ?? 0);
          expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
          expect(priorities.length).toBe(bids.length);
        },
      ),
    );
  });

  test('equals go first in proportion to their weights', () => {
    const bids = [plain(1, { weight: 3 }), plain(2, { weight: 1 })];
    let first = 0;
    for (let seed = 0; seed < 8_000; seed++) if (order(bids, seed, 1)[0] === 'bid-1') first++;
    // Four standard deviations of a binomial share of 3/4 in 8,000 are 155.
    expect(Math.abs(first - 6_000)).toBeLessThan(155);
  });

  test('a target is rung once', () => {
    expect(
      order([plain(1, { priority: 2, target: 7 }), plain(2, { priority: 1, target: 7 }), plain(3)], 1),
    ).toHaveLength(2);
  });
});

describe('round robin', () => {
  const bids = Array.from({ length: 7 }, (_, n) => plain(n));

  test('each bid goes first once a round', () => {
    let cursor = 0;
    const firsts: string[] = [];
    for (let call = 0; call < 21; call++) {
      const { id } = bids[rankRoundRobin(candidatesOf(bids), cursor, 3)[0] as number] as PlainBid;
      firsts.push(id);
      cursor = hashId(id);
    }
    for (const start of [0, 7, 14]) expect(new Set(firsts.slice(start, start + 7)).size).toBe(7);
    expect(firsts.slice(0, 7)).toEqual(firsts.slice(7, 14));
  });

  test('who is behind the first is who would come next', () => {
    const [first, second] = rankRoundRobin(candidatesOf(bids), 0, 2) as [number, number];
    const next = rankRoundRobin(candidatesOf(bids), hashId((bids[first] as PlainBid).id), 1)[0];
    expect(next).toBe(second);
  });

  test('goes on in turn when a bid falls out', () => {
    const [, second, third] = rankRoundRobin(candidatesOf(bids), 0, 3).map((row) => bids[row] as PlainBid);
    const left = bids.filter(({ id }) => id !== second?.id);
    const first = bids[rankRoundRobin(candidatesOf(bids), 0, 1)[0] as number] as PlainBid;
    const next = left[rankRoundRobin(candidatesOf(left), hashId(first.id), 1)[0] as number];
    expect(next?.id).toBe(third?.id);
  });
});

test("a target's own ring timeout goes before the campaign's", () => {
  const market = marketOf([bidOf(1)]);
  const charge = { price: usd(3), plan: bidOf(1).plan };
  expect(ringTarget(bidOf(1), charge, campaign(), market, NOON)).toMatchObject({
    ringTimeoutMs: 20_000,
    price: usd(3),
  });
  const own = target({ id: 'target-1', buyerId: 'buyer-1', ringTimeoutMs: 7_000 });
  market.apply({ entity: 'target', op: 'upsert', value: own });
  expect(ringTarget(bidOf(1), charge, campaign(), market, NOON).ringTimeoutMs).toBe(7_000);
});
