import * as fc from 'fast-check';
import type { AuctionTerms } from '../../../src/auction';
import { clearingPlan, runAuction } from '../../../src/auction';
import type { AuctionType, Micros } from '../../../src/domain';
import { usd } from '../market/fixtures';
import type { PlainBid } from '../market/candidates';
import { candidatesOf } from '../market/candidates';

interface Won {
  readonly id: string;
  readonly price: number;
  readonly clearing: number;
}

function auction(bids: readonly PlainBid[], over: Partial<AuctionTerms> = {}): Won[] {
  const terms = { type: 'second_price', reserve: 0 as Micros, seed: 1, places: 100, ...over } as const;
  return runAuction(candidatesOf(bids), terms).map(({ row, clearing }) => {
    const { id, price } = bids[row] as PlainBid;
    return { id, price, clearing };
  });
}

/** Few distinct prices, so that ties are common; several bids of a buyer and of a target. */
const someBids = fc
  .array(fc.record({ price: fc.nat(6), buyer: fc.nat(4), spot: fc.nat(2) }), { maxLength: 25, size: 'max' })
  .map((rows) =>
    rows.map(({ price, buyer, spot }, n): PlainBid => ({
      id: `bid-${n}`,
      price,
      buyer,
      target: buyer * 3 + spot,
    })),
  );
const terms = fc.record({
  type: fc.constantFrom<AuctionType>('first_price', 'second_price'),
  reserve: fc.nat(6) as fc.Arbitrary<number> as fc.Arbitrary<Micros>,
  seed: fc.integer({ min: 0, max: 0xffffffff }),
  places: fc.integer({ min: 1, max: 8 }),
});

describe('laws', () => {
  test('nothing is sold under the reserve, and no bid pays more than its own price', () => {
    fc.assert(
      fc.property(someBids, terms, (bids, some) => {
        for (const { price, clearing } of auction(bids, some)) {
          expect(clearing).toBeGreaterThanOrEqual(some.reserve);
          expect(clearing).toBeLessThanOrEqual(price);
        }
      }),
    );
  });

  test('both types rank alike, and a second price is at most the first', () => {
    fc.assert(
      fc.property(someBids, terms, (bids, some) => {
        const first = auction(bids, { ...some, type: 'first_price' });
        const second = auction(bids, { ...some, type: 'second_price' });
        expect(second.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
        second.forEach(({ clearing }, index) =>
          expect(clearing).toBeLessThanOrEqual((first[index] as Won).clearing),
        );
        for (const { price, clearing } of first) expect(clearing).toBe(price);
      }),
    );
  });

  test('ranks are by price, one of a target, as many as there are places for', () => {
    fc.assert(
      fc.property(someBids, terms, (bids, some) => {
        const won = auction(bids, some);
        const best = new Map<number, number>();
        for (const { price, target } of bids) {
          if (price >= some.reserve) best.set(target, Math.max(price, best.get(target) ?? 0));
        }
        const expected = [...best.values()].sort((a, b) => b - a).slice(0, some.places);
        expect(won.map(({ price }) => price)).toEqual(expected);
      }),
    );
  });

  test('each pays the best price of another buyer behind it, or the reserve', () => {
    fc.assert(
      fc.property(someBids, terms, (bids, some) => {
        const all = auction(bids, { ...some, type: 'first_price', places: 100 });
        const buyerOf = (id: string): number => (bids.find((bid) => bid.id === id) as PlainBid).buyer;
        const won = auction(bids, { ...some, type: 'second_price' });
        won.forEach(({ id, clearing }, index) => {
          const rival = all.slice(index + 1).find((other) => buyerOf(other.id) !== buyerOf(id));
          expect(clearing).toBe(rival?.price ?? some.reserve);
        });
      }),
    );
  });

  test('raising a losing bid never lowers its rank', () => {
    fc.assert(
      fc.property(someBids, terms, fc.nat(), fc.integer({ min: 1, max: 5 }), (bids, some, pick, raise) => {
        fc.pre(bids.length > 0);
        const { id } = bids[pick % bids.length] as PlainBid;
        const rankIn = (list: readonly PlainBid[]): number => {
          const rank = auction(list, { ...some, places: 100 }).findIndex((won) => won.id === id);
          return rank < 0 ? Infinity : rank;
        };
        const raised = bids.map((bid) => (bid.id === id ? { ...bid, price: bid.price + raise } : bid));
        expect(rankIn(raised)).toBeLessThanOrEqual(rankIn(bids));
      }),
    );
  });

  test('the same seed gives the same result, in whatever order the bids stand', () => {
    fc.assert(
      fc.property(someBids, terms, fc.infiniteStream(fc.nat()), (bids, some, keys) => {
        const shuffled = bids
          .map((bid) => ({ bid, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ bid }) => bid);
        expect(auction(shuffled, some)).toEqual(auction(bids, some));
      }),
    );
  });
});

test('ties are shared out by the seed', () => {
  const bids = ['a', 'b', 'c', 'd'].map((id, n): PlainBid => ({ id, price: 5, buyer: n, target: n }));
  const wins = new Map<string, number>();
  for (let seed = 0; seed < 4_000; seed++) {
    const id = auction(bids, { seed, places: 1 })[0]?.id ?? '';
    wins.set(id, (wins.get(id) ?? 0) + 1);
  }
  // Four standard deviations of a binomial share of 1/4 in 4,000 are 110.
  for (const { id } of bids) expect(Math.abs((wins.get(id) ?? 0) - 1_000)).toBeLessThan(110);
});

test('a buyer does not bid against itself', () => {
  const bids = [
    { id: 'a', price: 30, buyer: 1, target: 1 },
    { id: 'b', price: 29, buyer: 1, target: 2 },
    { id: 'c', price: 28, buyer: 1, target: 3 },
    { id: 'd', price: 10, buyer: 2, target: 4 },
  ];
  expect(auction(bids, { places: 1 })).toEqual([{ id: 'a', price: 30, clearing: 10 }]);
});

describe('the plan at the clearing price', () => {
  const perMinute = {
    kind: 'per_minute',
    ratePerMinute: usd(2),
    firstIncrementMs: 30_000,
    nextIncrementMs: 6_000,
    afterMs: 0,
  } as const;

  test('is the clearing price itself for a call plan', () => {
    expect(clearingPlan({ kind: 'per_call', amount: usd(30), afterMs: 5 }, usd(30), usd(12.5))).toEqual({
      kind: 'per_call',
      amount: usd(12.5),
      afterMs: 5,
    });
  });

  test('has its rate in proportion for a minute plan, and its increments as they were', () => {
    expect(clearingPlan(perMinute, usd(20), usd(5))).toEqual({ ...perMinute, ratePerMinute: usd(0.5) });
  });

  test('never costs more than the plan', () => {
    const amount = fc.integer({ min: 0, max: 1e12 }) as fc.Arbitrary<number> as fc.Arbitrary<Micros>;
    fc.assert(
      fc.property(amount, amount, amount, (rate, price, clearing) => {
        const plan = clearingPlan({ ...perMinute, ratePerMinute: rate }, price, clearing);
        expect(plan.kind === 'per_minute' && plan.ratePerMinute).toBeLessThanOrEqual(rate);
      }),
    );
  });
});
