import type { CapLimit, RatePlan } from '../../../src/domain';
import { CAP_METRICS, CAP_PERIODS, CAP_REASONS, zoneOf } from '../../../src/domain';
import { parseCapKey } from '../../../src/market';
import { capLimits, sourceLimits } from '../../../src/routing';
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

test('revenue is reserved for the dearest way in which a call may convert', () => {
  const caps = { revenue: { total: usd(1_000) } };
  const conversions = [
    { when: { kind: 'postback', anyOf: ['sale'] } as const, plan: { ...perCall, amount: usd(80) } },
  ];
  const limits = capLimits(bid({ caps }), buyer(), target(), { ...terms, conversions }, zone, NOON);
  expect(limits.map(({ amount }) => amount)).toEqual([usd(80)]);
});

test('a call that is free takes nothing of revenue and conversions, and its place all the same', () => {
  const caps = {
    connections: { total: 3 },
    conversions: { total: 3 },
    revenue: { total: usd(9) },
    concurrent: 2,
  };
  const free = { ...terms, free: 'duplicate' } as const;
  const amounts = (limits: readonly CapLimit[]): [string, number][] =>
    limits.map(({ counter, amount }) => [counter, amount]);
  expect(amounts(capLimits(bid({ caps }), buyer(), target(), free, zone, NOON))).toEqual([
    ['connections', 1],
    ['conversions', 0],
    ['revenue', 0],
    ['concurrent', 1],
  ]);
  expect(amounts(sourceLimits(seller({ caps }), zone, NOON, [free, terms]))).toEqual([
    ['connections', 1],
    ['conversions', 1],
    ['revenue', usd(20)],
    ['concurrent', 1],
  ]);
});
