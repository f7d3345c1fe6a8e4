import * as fc from 'fast-check';
import type { AuctionTerms, WorthFactors } from '../../../src/auction';
import { runAuction } from '../../../src/auction';
import type { AuctionType, Micros } from '../../../src/domain';
import { EVEN_FACTOR, hashId, mix32 } from '../../../src/market';
import type { PlainBid } from '../market/candidates';
import { candidatesOf } from '../market/candidates';

/** A bid whose record makes its offer worth more or less. */
interface WeighedBid extends PlainBid {
  readonly factor?: number;
}

interface Won {
  readonly id: string;
  readonly price: number;
  readonly clearing: number;
}

function factorsOf(bids: readonly WeighedBid[]): WorthFactors {
  return {
    even: bids.every(({ factor }) => factor === undefined),
    factorAt: (row) => bids[row]?.factor ?? EVEN_FACTOR,
  };
}

function auction(bids: readonly WeighedBid[], over: Partial<AuctionTerms> = {}): Won[] {
  const terms = {
    type: 'second_price',
    floor: 0 as Micros,
    seed: 1,
    places: 100,
    first: -1,
    ...over,
  } as const;
  return runAuction(candidatesOf(bids), factorsOf(bids), terms).map(({ index, clearing }) => {
    const { id, price } = bids[index] as PlainBid;
    return { id, price, clearing };
  });
}

const worthOf = ({ price, factor }: WeighedBid): number => price * (factor ?? EVEN_FACTOR);

/** Few distinct prices, so that ties are common; several bids of a buyer and of a target. */
const someBids = fc
  .array(
    fc.record({
      price: fc.nat(6),
      buyer: fc.nat(4),
      spot: fc.nat(2),
      factor: fc.constantFrom(EVEN_FACTOR / 2, EVEN_FACTOR, EVEN_FACTOR, EVEN_FACTOR * 3, 1_000_003),
    }),
    { maxLength: 25, size: 'max' },
  )
  .chain((rows) =>
    // Half of the auctions go by price alone.
    fc.boolean().map((weighed) =>
      rows.map(({ price, buyer, spot, factor }, n): WeighedBid => ({
        id: `bid-${n}`,
        price,
        buyer,
        target: buyer * 3 + spot,
        ...(weighed ? { factor } : {}),
      })),
    ),
  );
const terms = fc.record({
  type: fc.constantFrom<AuctionType>('first_price', 'second_price'),
  floor: fc.nat(6) as fc.Arbitrary<number> as fc.Arbitrary<Micros>,
  seed: fc.integer({ min: 0, max: 0xffffffff }),
  places: fc.integer({ min: 1, max: 8 }),
  first: fc.constantFrom(-1, -1, 0, 3),
});

/** All that enter, best first: the best bid of each target, by worth and then by the seed. */
function natural(bids: readonly WeighedBid[], { floor, seed }: AuctionTerms): WeighedBid[] {
  const sorted = bids
    .filter(({ price }) => price >= floor)
    .sort((a, b) => worthOf(b) - worthOf(a) || mix32(seed, hashId(a.id)) - mix32(seed, hashId(b.id)));
  return sorted.filter(({ target }, at) => sorted.findIndex((other) => other.target === target) === at);
}

describe('laws', () => {
  test('nothing is sold under the floor, and no bid pays more than it offers', () => {
    fc.assert(
      fc.property(someBids, terms, (bids, some) => {
        for (const { price, clearing } of auction(bids, some)) {
          expect(clearing).toBeGreaterThanOrEqual(some.floor);
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

  test('ranks are by worth, one of a target, as many as there are places for', () => {
    fc.assert(
      fc.property(someBids, terms, (bids, some) => {
        const order = natural(bids, some);
        const preferred = order.find(({ buyer }) => buyer === some.first);
        const expected = preferred ? [preferred, ...order.filter((bid) => bid !== preferred)] : order;
        const won = auction(bids, some);
        expect(won.map(({ id }) => id)).toEqual(expected.slice(0, some.places).map(({ id }) => id));
      }),
      { numRuns: 300 },
    );
  });

  test('each pays the lowest offer that keeps it before the best of another buyer behind it, or the floor', () => {
    fc.assert(
      fc.property(someBids, terms, (bids, some) => {
        const order = natural(bids, some);
        for (const { id, clearing } of auction(bids, { ...some, type: 'second_price' })) {
          const at = order.findIndex((bid) => bid.id === id);
          const own = order[at] as WeighedBid;
          const rival = order.slice(at + 1).find(({ buyer }) => buyer !== own.buyer);
          let lowest = some.floor as number;
          while (rival && worthOf({ ...own, price: lowest }) < worthOf(rival)) lowest++;
          expect(clearing).toBe(lowest);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('raising a losing bid never lowers its rank', () => {
    fc.assert(
      fc.property(someBids, terms, fc.nat(), fc.integer({ min: 1, max: 5 }), (bids, some, pick, raise) => {
        fc.pre(bids.length > 0);
        const { id } = bids[pick % bids.length] as PlainBid;
        const rankIn = (list: readonly WeighedBid[]): number => {
          const rank = auction(list, { ...some, places: 100 }).findIndex((won) => won.id === id);
          return rank < 0 ? Infinity : rank;
        };
        const raised = bids.map((bid) => (bid.id === id ? { ...bid, price: bid.price + raise } : bid));
        expect(rankIn(raised)).toBeLessThanOrEqual(rankIn(bids));
      }),
    );
  });

  test('a bid that goes leaves the others in their order', () => {
    fc.assert(
      fc.property(someBids, terms, fc.nat(), (bids, some, pick) => {
        fc.pre(bids.length > 0);
        const gone = bids[pick % bids.length] as PlainBid;
        const all = { ...some, places: 100, first: -1 };
        const left = bids.filter(({ id }) => id !== gone.id);
        // Another bid of its target may enter in its stead, somewhere behind.
        const others = (won: readonly Won[]): string[] =>
          won.map(({ id }) => id).filter((id) => bids.find((bid) => bid.id === id)?.target !== gone.target);
        expect(others(auction(left, all))).toEqual(others(auction(bids, all)));
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

describe('worth', () => {
  const good = { id: 'good', price: 10, buyer: 1, target: 1, factor: 3 * EVEN_FACTOR };
  const dear = { id: 'dear', price: 20, buyer: 2, target: 2 };

  test('goes before price', () => {
    expect(auction([dear, good]).map(({ id }) => id)).toEqual(['good', 'dear']);
  });

  test('makes a good buyer pay less than the price it beats', () => {
    // 7 × 3 is more than 20, 6 × 3 is not.
    expect(auction([dear, good])[0]).toEqual({ id: 'good', price: 10, clearing: 7 });
  });

  test('a second price is exact in whole micro-units, whatever the factors', () => {
    const amount = fc.integer({ min: 1, max: 5_000_000_000 });
    const factor = fc.integer({ min: 1, max: 2 ** 22 });
    fc.assert(
      fc.property(amount, amount, factor, factor, (one, two, f, g) => {
        const bids = [
          { id: 'a', price: one, buyer: 1, target: 1, factor: f },
          { id: 'b', price: two, buyer: 2, target: 2, factor: g },
        ];
        fc.pre(BigInt(one) * BigInt(f) < 2n ** 53n && BigInt(two) * BigInt(g) < 2n ** 53n);
        const [winner] = auction(bids) as [Won];
        const [own, rival] = winner.id === 'a' ? [f, BigInt(two) * BigInt(g)] : [g, BigInt(one) * BigInt(f)];
        const clearing = BigInt(winner.clearing);
        expect(clearing * BigInt(own) >= rival).toBe(true);
        expect((clearing - 1n) * BigInt(own) < rival).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a buyer that goes first', () => {
  const bids = [
    { id: 'a', price: 30, buyer: 1, target: 1 },
    { id: 'b', price: 20, buyer: 2, target: 2 },
    { id: 'c', price: 10, buyer: 3, target: 3 },
    { id: 'd', price: 5, buyer: 4, target: 4 },
  ];

  test.each([1, 2, 3, 4])('pays as at its own rank, with %i places', (places) => {
    const [first, ...others] = auction(bids, { places, first: 3 });
    expect(first).toEqual({ id: 'c', price: 10, clearing: 5 });
    expect(others.map(({ id }) => id)).toEqual(['a', 'b', 'd'].slice(0, places - 1));
  });

  test('changes nothing when it is first anyway, or is not there', () => {
    expect(auction(bids, { first: 1 })).toEqual(auction(bids));
    expect(auction(bids, { first: 9 })).toEqual(auction(bids));
  });

  test('does not enter under the floor', () => {
    expect(auction(bids, { first: 4, floor: 6 as Micros }).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
});
