import * as fc from 'fast-check';
import { rate } from '../../../src/billing/rating';
import type { RatePlan } from '../../../src/domain';
import { CAP_METRICS, CAP_PERIODS, CAP_REASONS, micros, zoneOf } from '../../../src/domain';
import { parseCapKey } from '../../../src/market';
import { capLimits, mostRevenue, sourceLimits } from '../../../src/routing';
import { NOON, bid, buyer, seller, target, usd } from '../market/fixtures';

const zone = zoneOf('America/New_York');
const perCall: RatePlan = { kind: 'per_call', amount: usd(20), afterMs: 60_000 };
const terms = { plan: perCall, maxDurationMs: 3_600_000 };

test('limits are named by subject, metric and period of the zone, with the instant at which it ends', () => {
  const limits = capLimits(
    bid({
      caps: {
        attempts: { hour: 9 },
        connections: { hour: 1, day: 2, month: 3, total: 4 },
        revenue: { day: usd(500) },
        concurrent: 5,
      },
    }),
    buyer({ caps: { conversions: { day: 8 }, concurrent: 7 } }),
    target({ caps: { concurrent: 6, spacingMs: 1_500 } }),
    terms,
    zone,
    NOON,
  );
  const hour = Date.UTC(2026, 10, 21, 16);
  const day = Date.UTC(2026, 10, 22, 5);
  const counting = { counter: 'connections', amount: 1 } as const;
  const places = { counter: 'concurrent', amount: 1, resetsAt: 0 } as const;
  expect(limits).toEqual([
    { key: 'bid:bid:attempts:hour:2026-11-21T10', counter: 'attempts', limit: 9, amount: 1, resetsAt: hour },
    { key: 'bid:bid:connections:hour:2026-11-21T10', ...counting, limit: 1, resetsAt: hour },
    { key: 'bid:bid:connections:day:2026-11-21', ...counting, limit: 2, resetsAt: day },
    { key: 'bid:bid:connections:month:2026-11', ...counting, limit: 3, resetsAt: Date.UTC(2026, 11, 1, 5) },
    { key: 'bid:bid:connections:total', ...counting, limit: 4, resetsAt: 0 },
    {
      key: 'bid:bid:revenue:day:2026-11-21',
      counter: 'revenue',
      limit: usd(500),
      amount: usd(20),
      resetsAt: day,
    },
    { key: 'bid:bid:concurrent', ...places, limit: 5 },
    { key: 'target:target:concurrent', ...places, limit: 6 },
    { key: 'target:target:spacing', counter: 'spacing', limit: 1_500, amount: 1_500, resetsAt: 0 },
    {
      key: 'buyer:buyer:conversions:day:2026-11-21',
      counter: 'conversions',
      limit: 8,
      amount: 1,
      resetsAt: day,
    },
    { key: 'buyer:buyer:concurrent', ...places, limit: 7 },
  ]);
});

test('limits that are 0 or absent are none', () => {
  const caps = { connections: { hour: 0 }, revenue: {}, concurrent: 0, spacingMs: 0 };
  expect(capLimits(bid({ caps }), buyer(), target(), terms, zone, NOON)).toEqual([]);
});

test("a seller's limits count its calls, and its revenue by the dearest sale that may come of one", () => {
  const caps = { attempts: { day: 100 }, revenue: { total: usd(1_000) }, spacingMs: 20 };
  const sales = [terms, { ...terms, plan: { ...perCall, amount: usd(35) } }];
  const limits = sourceLimits(seller({ caps }), zone, NOON, sales);
  expect(limits.map(({ key, limit, amount }) => [key, limit, amount])).toEqual([
    ['seller:seller-account:attempts:day:2026-11-21', 100, 1],
    ['seller:seller-account:revenue:total', usd(1_000), usd(35)],
    ['seller:seller-account:spacing', 20, 20],
  ]);
  expect(sourceLimits(seller(), zone, NOON, sales)).toEqual([]);
});

test('every limit is told by a reason of its own', () => {
  const most = Object.fromEntries(CAP_PERIODS.map((period) => [period, 5]));
  const caps = {
    ...Object.fromEntries(CAP_METRICS.map((metric) => [metric, most])),
    concurrent: 5,
    spacingMs: 5,
  };
  const limits = capLimits(bid({ caps }), buyer(), target(), terms, zone, NOON);
  expect(limits.map(({ key }) => parseCapKey(key)?.reason)).toEqual(CAP_REASONS);
  expect(limits.map(({ key }) => parseCapKey(key)?.id)).toEqual(CAP_REASONS.map(() => 'bid'));
});

test('no call within its longest duration earns more than was reserved', () => {
  const plan: fc.Arbitrary<RatePlan> = fc.oneof(
    fc.record({
      kind: fc.constant('per_call' as const),
      amount: fc.nat({ max: 10 ** 12 }).map(micros),
      afterMs: fc.nat({ max: 600_000 }),
    }),
    fc.record({
      kind: fc.constant('per_minute' as const),
      ratePerMinute: fc.nat({ max: 10 ** 10 }).map(micros),
      firstIncrementMs: fc.integer({ min: 1, max: 120_000 }),
      nextIncrementMs: fc.integer({ min: 1, max: 120_000 }),
      afterMs: fc.nat({ max: 600_000 }),
    }),
  );
  fc.assert(
    fc.property(
      plan,
      fc.integer({ min: 1_000, max: 14_400_000 }),
      fc.nat(14_401_000),
      (sold, longest, lasts) => {
        const most = mostRevenue({ plan: sold, maxDurationMs: longest });
        expect(rate(sold, Math.min(lasts, longest + 1_000))).toBeLessThanOrEqual(most);
        // And not more than a further increment beyond what the longest call costs.
        if (sold.kind === 'per_call') expect([0, sold.amount]).toContain(most);
      },
    ),
  );
});

test('what cannot be counted is the most that can', () => {
  const plan: RatePlan = {
    kind: 'per_minute',
    ratePerMinute: micros(Number.MAX_SAFE_INTEGER),
    firstIncrementMs: 60_000,
    nextIncrementMs: 60_000,
    afterMs: 0,
  };
  expect(mostRevenue({ plan, maxDurationMs: 14_400_000 })).toBe(Number.MAX_SAFE_INTEGER);
});
