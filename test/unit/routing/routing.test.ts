import * as fc from 'fast-check';
import { hashId } from '../../../src/market';
import type { RoutingTerms } from '../../../src/routing';
import {
  deliverySettings,
  neededSkills,
  rankByCost,
  rankByPerformance,
  rankByPriority,
  rankBySkill,
  rankByWeight,
  rankRoundRobin,
  ringTarget,
} from '../../../src/routing';
import type { PlainBid } from '../market/candidates';
import { candidatesOf } from '../market/candidates';
import { NOON, bidOf, buyer, campaign, marketOf, target, usd } from '../market/fixtures';

const plain = (n: number, over: Partial<PlainBid> = {}): PlainBid => ({
  id: `bid-${n}`,
  price: 1,
  buyer: n,
  target: n,
  ...over,
});
const termsOf = (over: Partial<RoutingTerms> = {}): RoutingTerms => ({
  seed: 1,
  places: 100,
  first: -1,
  ...over,
});
const idsOf = (bids: readonly PlainBid[], indexes: readonly number[]): string[] =>
  indexes.map((index) => (bids[index] as PlainBid).id);

describe('priority', () => {
  const order = (bids: readonly PlainBid[], seed: number, places = 100): string[] =>
    idsOf(bids, rankByPriority(candidatesOf(bids), termsOf({ seed, places })));

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

test('weighted: all go first in proportion to their weights, whatever their priorities', () => {
  const bids = [plain(1, { weight: 3, priority: 9 }), plain(2, { weight: 1, priority: 1 })];
  let first = 0;
  for (let seed = 0; seed < 8_000; seed++) {
    if (rankByWeight(candidatesOf(bids), termsOf({ seed, places: 1 }))[0] === 0) first++;
  }
  // Four standard deviations of a binomial share of 3/4 in 8,000 are 155.
  expect(Math.abs(first - 6_000)).toBeLessThan(155);
});

describe('round robin', () => {
  const bids = Array.from({ length: 7 }, (_, n) => plain(n));
  const order = (among: readonly PlainBid[], cursor: number): string[] =>
    idsOf(among, rankRoundRobin(candidatesOf(among), termsOf(), cursor));

  test('each bid goes first once a round', () => {
    let cursor = 0;
    const firsts: string[] = [];
    for (let call = 0; call < 21; call++) {
      const [id] = order(bids, cursor) as [string];
      firsts.push(id);
      cursor = hashId(id);
    }
    for (const start of [0, 7, 14]) expect(new Set(firsts.slice(start, start + 7)).size).toBe(7);
    expect(firsts.slice(0, 7)).toEqual(firsts.slice(7, 14));
  });

  test('who is behind the first is who would come next', () => {
    const [first, second] = order(bids, 0) as [string, string];
    expect(order(bids, hashId(first))[0]).toBe(second);
  });

  test('goes on in turn when a bid falls out', () => {
    const [first, second, third] = order(bids, 0) as [string, string, string];
    const left = bids.filter(({ id }) => id !== second);
    expect(order(left, hashId(first))[0]).toBe(third);
  });
});

describe('skill', () => {
  test('is the sum of the levels needed, then the offer', () => {
    const bids = [plain(0, { price: 9 }), plain(1, { price: 5 }), plain(2, { price: 6 })];
    const levels = [Uint8Array.of(1, 4, 2), Uint8Array.of(4, 1, 9)];
    const order = idsOf(bids, rankBySkill(candidatesOf(bids), termsOf(), levels));
    expect(order).toEqual(['bid-2', 'bid-0', 'bid-1']);
  });

  test('of a call that needs none is the offer alone', () => {
    const bids = [plain(0, { price: 1 }), plain(1, { price: 5 })];
    expect(idsOf(bids, rankBySkill(candidatesOf(bids), termsOf(), []))).toEqual(['bid-1', 'bid-0']);
  });

  test.each<[string | undefined, string[]]>([
    [undefined, []],
    ['', []],
    [' , ', []],
    ['Spanish', ['spanish']],
    ['spanish, loans ,spanish', ['spanish', 'loans']],
    [Array.from({ length: 12 }, (_, n) => `s${n}`).join(), Array.from({ length: 10 }, (_, n) => `s${n}`)],
  ])('%p names %p', (tag, names) => {
    expect(neededSkills(tag)).toEqual(names);
  });
});

test('least cost: the cheapest to reach first, then the offer', () => {
  const bids = [plain(0, { price: 9 }), plain(1, { price: 1 }), plain(2, { price: 3 })];
  const costs = Float64Array.of(700, 20, 20);
  const order = idsOf(bids, rankByCost(candidatesOf(bids), termsOf(), costs));
  expect(order).toEqual(['bid-2', 'bid-1', 'bid-0']);
});

test('performance: the most revenue to be expected first, then the offer', () => {
  const bids = [plain(0, { price: 9 }), plain(1, { price: 1 }), plain(2, { price: 3 })];
  const revenues = [10, 50, 50];
  const records = { revenueAt: (row: number): number => revenues[row] as number };
  const order = idsOf(bids, rankByPerformance(candidatesOf(bids), termsOf(), records));
  expect(order).toEqual(['bid-2', 'bid-1', 'bid-0']);
});

test.each([1, 2, 3])(
  "the caller's last buyer goes first, the others in their order, with %i places",
  (places) => {
    const bids = [0, 1, 2, 3].map((n) => plain(n, { priority: n + 1, buyer: n === 3 ? 2 : n }));
    const order = idsOf(bids, rankByPriority(candidatesOf(bids), termsOf({ first: 2, places })));
    expect(order).toEqual(['bid-2', 'bid-0', 'bid-1'].slice(0, places));
  },
);

describe('delivery', () => {
  const own = { ringTimeoutMs: 7_000, maxDurationMs: 60_000, ringback: 'local' } as const;
  const shared = { ringTimeoutMs: 9_000, maxDurationMs: 90_000, ringback: 'local' } as const;
  const common = { ringTimeoutMs: 20_000, maxDurationMs: 3_600_000, ringback: 'early_media' } as const;

  test('a target goes before its buyer, and that before the campaign, setting by setting', () => {
    const subsets = fc.subarray(['ringTimeoutMs', 'maxDurationMs', 'ringback'] as const);
    const only = <Settings extends object>(settings: Settings, keys: readonly string[]): Settings =>
      Object.fromEntries(Object.entries(settings).filter(([key]) => keys.includes(key))) as Settings;
    fc.assert(
      fc.property(subsets, subsets, (ofTarget, ofBuyer) => {
        const settled = deliverySettings(
          campaign(common),
          buyer({ settings: only(shared, ofBuyer) }),
          target({ settings: only(own, ofTarget) }),
        );
        expect(settled).toEqual({ ...common, ...only(shared, ofBuyer), ...only(own, ofTarget) });
      }),
    );
    expect(deliverySettings(campaign(common), buyer(), target())).toEqual(common);
  });

  test('is part of the ring plan, with the limits of what is sold', () => {
    const market = marketOf([bidOf(1, { caps: { revenue: { day: usd(100) } } })]);
    const settings = { ringTimeoutMs: 7_000 };
    const value = target({ id: 'target-1', buyerId: 'buyer-1', settings });
    market.apply({ entity: 'target', op: 'upsert', value });
    const plan = { kind: 'per_call', amount: usd(3), afterMs: 0 } as const;
    const entry = ringTarget(
      market.bid('bid-1') ?? bidOf(1),
      { price: usd(3), plan },
      campaign(common),
      market,
      NOON,
    );
    expect(entry).toMatchObject({ ...common, ringTimeoutMs: 7_000, price: usd(3), plan, uri: value.uri });
    expect(entry.reservations).toMatchObject([{ counter: 'revenue', amount: usd(3), limit: usd(100) }]);
  });

  test.each([
    { entity: 'target', id: 'target-1' },
    { entity: 'buyer', id: 'buyer-1' },
    { entity: 'account', id: 'account-buyer-1' },
  ] as const)('is none without its $entity', ({ entity, id }) => {
    const market = marketOf([bidOf(1)]);
    market.apply({ entity, op: 'remove', id });
    const charge = { price: usd(3), plan: bidOf(1).plan };
    expect(() => ringTarget(bidOf(1), charge, campaign(), market, NOON)).toThrow(RangeError);
  });

  test('rings where the buyer named a place for this call', () => {
    const market = marketOf([bidOf(1)]);
    const charge = { price: usd(3), plan: bidOf(1).plan, reference: 'offer-7', uri: 'sip:desk@192.0.2.9' };
    expect(ringTarget(bidOf(1), charge, campaign(), market, NOON)).toMatchObject({
      uri: 'sip:desk@192.0.2.9',
      reference: 'offer-7',
    });
  });
});
