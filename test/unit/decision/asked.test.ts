import { NOTHING_ASKED, planPings, wantedLookups } from '../../../src/decision';
import { LiveSources } from '../../../src/decision';
import type { Bid, E164, PingSettings } from '../../../src/domain';
import { micros } from '../../../src/domain';
import { FraudState, NO_MODELS } from '../../../src/fraud';
import type { Market } from '../../../src/market';
import { Activity } from '../../../src/market';
import { attempt, bidOf, marketOf, NOON, seller, usd } from '../market/fixtures';
import { decideIn, planOf, replayIn, stored } from './support';

const PING: PingSettings = {
  url: 'https://buyer.example/ping',
  method: 'POST',
  timeoutMs: 200,
  perSecond: 0,
  showCaller: false,
  secret: undefined,
  confirmUrl: undefined,
  noticeUrl: undefined,
};
const live = (n: number, over: Partial<Bid> = {}): Bid => bidOf(n, { ping: PING, ...over });

function pinged(
  market: Market,
  over: Parameters<typeof attempt>[0] = {},
  degraded: 'no_rtb'[] = [],
): string[] {
  const request = planPings({
    attempt: attempt(over),
    market,
    sources: new LiveSources(market, new Activity(market), new FraudState(), NOTHING_ASKED, degraded),
    models: NO_MODELS,
    now: NOON,
    seed: 1,
  });
  return request?.plan.pings.map(({ bid }) => bid.id) ?? [];
}

describe('whom to ask', () => {
  const bids = [
    bidOf(1, { price: usd(10) }),
    live(2, { price: usd(20) }),
    live(3, { price: usd(40) }),
    live(4, { price: usd(90), targeting: { states: ['CA'] } }),
  ];

  test('is every live bid that may have the call, the most promising first; nobody who may not', () => {
    expect(pinged(marketOf(bids))).toEqual(['bid-3', 'bid-2']);
  });

  test('is nobody when the call is refused anyway, or live bidding is switched off', () => {
    const market = marketOf(bids);
    expect(pinged(market, { from: market.numberByE164(attempt().to)?.number as E164 })).toEqual([]);
    expect(pinged(market, {}, ['no_rtb'])).toEqual([]);
    expect(pinged(marketOf([bidOf(1)]))).toEqual([]);
  });

  test('providers are asked where the campaign wants it, of a caller who shows a number', () => {
    const market = marketOf(bids, { compliance: { lookups: ['litigator', 'line_type'] } });
    expect(wantedLookups(attempt(), market)).toMatchObject({
      kinds: ['litigator', 'line_type'],
      maxAgeMs: undefined,
    });
    expect(wantedLookups(attempt({ origin: 'callback' }), market)?.maxAgeMs).toBe(300_000);
    expect(wantedLookups(attempt({ from: undefined }), market)).toBeUndefined();
    expect(wantedLookups(attempt(), marketOf(bids))).toBeUndefined();
  });
});

describe('a reservation', () => {
  const bids = [bidOf(1, { price: usd(10) }), bidOf(2, { price: usd(20) })];
  const payout = { kind: 'per_call', amount: usd(7), afterMs: 90_000 } as const;

  test('is paid as it was promised, and goes to whom it was reserved with', () => {
    const market = marketOf(bids);
    const asked = {
      ...NOTHING_ASKED,
      reservation: { ok: true, id: 'r1', bidId: 'bid-1', payout } as const,
    };
    const decision = decideIn(market, {}, { asked });
    expect(planOf(decision)).toEqual(['bid-1', 'bid-2']);
    expect(decision).toMatchObject({ ok: true, terms: { payout } });
    expect(stored(replayIn(market, decision.trace))).toEqual(stored(decision));
  });

  test.each(['unknown', 'used', 'expired', 'cancelled', 'other_caller', 'unavailable'] as const)(
    'that is %s is refused, and says so',
    (problem) => {
      const decision = decideIn(
        marketOf(bids),
        {},
        { asked: { ...NOTHING_ASKED, reservation: { ok: false, problem } } },
      );
      expect(decision).toMatchObject({ ok: false, reason: 'reservation', sipStatus: 403 });
      expect(decision.ok || decision.detail).toContain(problem);
    },
  );
});

describe('what a decision does without', () => {
  test('no_fraud scores nothing: a caller that would be blocked is sold', () => {
    const market = marketOf([bidOf(1)]);
    const from = attempt().to;
    expect(decideIn(market, { from })).toMatchObject({ ok: false, reason: 'fraud' });
    const without = decideIn(market, { from }, { degraded: ['no_fraud'] });
    expect(without.ok).toBe(true);
    expect(without.trace).toMatchObject({ fraud: undefined, facts: { degraded: ['no_fraud'] } });
  });

  test('simple_routing goes by price alone, whatever the campaign’s strategy and records say', () => {
    const bids = [bidOf(1, { price: usd(10), priority: 1 }), bidOf(2, { price: usd(20), priority: 9 })];
    const market = marketOf(bids, { routing: 'priority' });
    expect(planOf(decideIn(market))).toEqual(['bid-1', 'bid-2']);
    expect(planOf(decideIn(market, {}, { degraded: ['simple_routing'] }))).toEqual(['bid-2', 'bid-1']);
  });
});

test("a seller's caps are reserved once a call, in the periods of its own zone", () => {
  const market = marketOf([bidOf(1)]);
  market.apply({
    entity: 'account',
    op: 'upsert',
    value: {
      id: 'seller-account',
      name: 'Seller',
      type: 'seller',
      status: 'active',
      currency: 'USD',
      timezone: 'Asia/Tokyo',
    },
  });
  market.apply({
    entity: 'seller',
    op: 'upsert',
    value: seller({ caps: { connections: { day: 5 }, revenue: { total: micros(9) } } }),
  });
  const decision = decideIn(market);
  expect(decision.ok && decision.sourceLimits).toMatchObject([
    { key: 'seller:seller-account:connections:day:2026-11-22', limit: 5, amount: 1 },
    { counter: 'revenue', limit: 9, amount: 10_000_000 },
  ]);
});
