import * as fc from 'fast-check';
import type { BidTargeting, CallAttempt, Decision, E164 } from '../../../src/domain';
import { CALL_ORIGINS, NEVER_CONNECTED, ROUTING_STRATEGIES } from '../../../src/domain';
import { FraudState } from '../../../src/fraud';
import { Activity } from '../../../src/market';
import type { Market } from '../../../src/market';
import {
  CALLER,
  DID,
  NOON,
  account,
  bidOf,
  campaign,
  marketOf,
  number,
  target,
  usd,
} from '../market/fixtures';
import { decideIn, planOf, replayIn, stored } from './support';

/** The caller called before. */
const CALLED = {
  kind: 'attempt',
  caller: CALLER,
  did: DID,
  trunkId: 'trunk',
  sellerId: 'seller-account',
  campaignId: 'campaign',
  placeContradicted: false,
  misidentified: false,
  signed: true,
  origin: 'inbound_consumer',
} as const;
/** The caller spoke with a buyer before. */
const MET = { caller: CALLER, campaignId: 'campaign' };

const THREE = [bidOf(1, { price: usd(10) }), bidOf(2, { price: usd(30) }), bidOf(3, { price: usd(20) })];

test('a call is sold to the bids by price, with the terms of its campaign', () => {
  const decision = decideIn(marketOf(THREE));
  expect(planOf(decision)).toEqual(['bid-2', 'bid-3', 'bid-1']);
  expect(decision).toMatchObject({
    ok: true,
    terms: { campaignId: 'campaign', sellerId: 'seller-account', currency: 'USD' },
    plan: [
      {
        price: usd(30),
        uri: 'sip:target-2@192.0.2.7',
        ringTimeoutMs: 20_000,
        maxDurationMs: 3_600_000,
        ringback: 'early_media',
        buyerAccountId: 'account-buyer-2',
      },
      {},
      {},
    ],
  });
});

test('a second-price winner pays the next price, each in its place', () => {
  const decision = decideIn(marketOf(THREE, { auctionType: 'second_price', reservePrice: usd(4) }));
  expect(
    decision.ok && decision.plan.map(({ price, plan }) => [price, plan.kind === 'per_call' && plan.amount]),
  ).toEqual([
    [usd(20), usd(20)],
    [usd(10), usd(10)],
    [usd(4), usd(4)],
  ]);
});

test('a target is rung once, for its best bid', () => {
  const market = marketOf([bidOf(1, { price: usd(10) }), bidOf(2, { price: usd(30) })]);
  market.apply({
    entity: 'bid',
    op: 'upsert',
    value: bidOf(3, { buyerId: 'buyer-2', targetId: 'target-2', price: usd(20) }),
  });
  const decision = decideIn(market);
  expect(planOf(decision)).toEqual(['bid-2', 'bid-1']);
  expect(decision.trace.bids.listed.find(({ bidId }) => bidId === 'bid-3')?.ineligible).toBe('same_target');
});

test('no more targets than the campaign allows; the rest is told', () => {
  const decision = decideIn(marketOf(THREE, { maxAttempts: 1 }));
  expect(planOf(decision)).toEqual(['bid-2']);
  expect(decision.trace.bids.counts).toEqual({ over_max_attempts: 2 });
});

describe('refusals', () => {
  test('an unknown number is 404', () => {
    expect(decideIn(marketOf(THREE), { to: '+18005550111' as E164 })).toMatchObject({
      ok: false,
      reason: 'unknown_number',
      sipStatus: 404,
    });
  });

  test('a disabled number is 404 as well', () => {
    const market = marketOf(THREE);
    market.apply({ entity: 'number', op: 'upsert', value: number({ status: 'disabled' }) });
    expect(decideIn(market)).toMatchObject({ ok: false, reason: 'unknown_number' });
  });

  test('a paused campaign has no buyer', () => {
    expect(decideIn(marketOf(THREE, { status: 'paused' }))).toMatchObject({
      ok: false,
      reason: 'no_buyer',
      sipStatus: 480,
      detail: 'the campaign is paused',
    });
  });

  test('a suspended seller sells nothing', () => {
    const market = marketOf(THREE);
    const seller = account({ id: 'seller-account', type: 'seller', status: 'suspended' });
    market.apply({ entity: 'account', op: 'upsert', value: seller });
    expect(decideIn(market)).toMatchObject({
      ok: false,
      reason: 'no_buyer',
      detail: 'the seller is suspended',
    });
  });

  test('a compliance block is 603 and names its rule', () => {
    const market = marketOf(THREE, { compliance: { refuseListed: ['litigator'] } });
    const value = { number: CALLER, source: 'litigator', expiresAt: undefined } as const;
    market.apply({ entity: 'dnc', op: 'upsert', value });
    const decision = decideIn(market);
    expect(decision).toMatchObject({ ok: false, reason: 'compliance', sipStatus: 603 });
    expect(!decision.ok && decision.detail).toContain('policy.litigator');
    expect(decision.trace.bids.total).toBe(0);
  });

  test('a fraud block is 603 with its score', () => {
    const market = marketOf(THREE, { velocityPerHour: 3 });
    const fraud = new FraudState();
    for (let i = 0; i < 3; i++) {
      fraud.recordAttempt({ ...CALLED, at: NOON - 1_000 });
    }
    const decision = decideIn(market, {}, { fraud });
    expect(decision).toMatchObject({ ok: false, reason: 'fraud', sipStatus: 603 });
    expect(decision.trace.fraud?.reasons[0]).toBe('velocity_exceeded:4/h');
  });

  test('no eligible bid is 480', () => {
    expect(decideIn(marketOf(THREE, { reservePrice: usd(100) }))).toMatchObject({
      ok: false,
      reason: 'no_buyer',
      sipStatus: 480,
      trace: { bids: { counts: { below_reserve: 3 } } },
    });
  });
});

describe('eligibility', () => {
  const one = (targeting: BidTargeting, over = {}): Market => marketOf([bidOf(1, { targeting, ...over })]);
  const why = (market: Market, over = {}): string | undefined => {
    const decision = decideIn(market, over);
    return decision.ok ? 'sold' : decision.trace.bids.listed[0]?.ineligible;
  };

  test.each<[string, BidTargeting, Partial<CallAttempt> | undefined, string]>([
    ['its state', { states: ['NJ', 'NY'] }, {}, 'sold'],
    ['another state', { states: ['CA'] }, {}, 'state'],
    ['a state, when the caller is unknown', { states: ['NY'] }, { from: undefined }, 'state'],
    ['a claimed state', { states: ['CA'] }, { tags: { state: 'ca' } }, 'sold'],
    ['its area code', { npas: ['646', '212'] }, {}, 'sold'],
    ['another area code', { npas: ['310'] }, {}, 'npa'],
    ['a tag it carries', { tags: { vertical: 'solar' } }, { tags: { vertical: 'solar' } }, 'sold'],
    ['a tag of another value', { tags: { vertical: 'solar' } }, { tags: { vertical: 'roof' } }, 'tags'],
    ['a tag it lacks', { tags: { vertical: 'solar' } }, {}, 'tags'],
    ['one of two tags', { tags: { a: '1', b: '2' } }, { tags: { a: '1' } }, 'tags'],
    ['a tag named as a property of every object', { tags: { constructor: 'x' } }, {}, 'tags'],
    ['its attestation', { attestation: ['A', 'B'] }, {}, 'sold'],
    ['a lesser attestation', { attestation: ['A'] }, { attestation: 'C' }, 'attestation'],
    ['no attestation where one is needed', { attestation: ['A'] }, { attestation: undefined }, 'attestation'],
    ['no attestation where none is accepted', { attestation: [null] }, { attestation: undefined }, 'sold'],
    [
      'an open schedule',
      {
        schedule: {
          timezone: 'America/New_York',
          windows: [{ days: [6], startMinute: 600, endMinute: 601 }],
        },
      },
      {},
      'sold',
    ],
    [
      'a schedule that has just closed',
      {
        schedule: { timezone: 'America/New_York', windows: [{ days: [6], startMinute: 0, endMinute: 600 }] },
      },
      {},
      'schedule',
    ],
    [
      'a night that began the day before',
      {
        schedule: {
          timezone: 'America/Los_Angeles',
          windows: [{ days: [5], startMinute: 1380, endMinute: 421 }],
        },
      },
      {},
      'sold',
    ],
    ['a schedule without windows', { schedule: { timezone: 'UTC', windows: [] } }, {}, 'schedule'],
  ])('%s', (_name, targeting, over, expected) => {
    expect(why(one(targeting), over)).toBe(expected);
  });

  test('what is paused or suspended is told by its name', () => {
    expect(why(one({}, { status: 'paused' }))).toBe('bid_paused');
    const market = one({});
    const paused = target({ id: 'target-1', buyerId: 'buyer-1', status: 'paused' });
    market.apply({ entity: 'target', op: 'upsert', value: paused });
    expect(why(market)).toBe('target_paused');
    market.apply({ entity: 'buyer', op: 'remove', id: 'buyer-1' });
    expect(why(market)).toBe('buyer_paused');
    const other = one({});
    other.apply({
      entity: 'account',
      op: 'upsert',
      value: account({ id: 'account-buyer-1', status: 'suspended' }),
    });
    expect(why(other)).toBe('account_suspended');
  });

  test('a bid is void from the instant of its expiry', () => {
    expect(why(one({}, { expiresAt: NOON }))).toBe('bid_expired');
    expect(why(one({}, { expiresAt: NOON + 1 }))).toBe('sold');
  });

  test('a caller is a duplicate for the buyer that had it, not for others', () => {
    const market = marketOf(THREE, { duplicates: { windowMs: 1_000, after: 'connected', scope: 'buyer' } });
    const activity = new Activity(market);
    activity.recordConnected({ ...MET, buyerId: 'buyer-2', targetId: 'target-2', at: NOON - 1_000 });
    const decision = decideIn(market, {}, { activity });
    expect(planOf(decision)).toEqual(['bid-3', 'bid-1']);
    expect(decision.trace.bids.counts).toEqual({ duplicate: 1 });
    expect(planOf(decideIn(market, {}, { activity, now: NOON + 1 }))).toEqual(['bid-2', 'bid-3', 'bid-1']);
  });

  test('a bid whose cap is known to be full is passed over until its period ends', () => {
    const market = marketOf([bidOf(1, { caps: { connections: { hour: 1 } } }), bidOf(2, { price: usd(2) })]);
    const activity = new Activity(market);
    const first = decideIn(market, {}, { activity });
    if (!first.ok) throw new Error('not sold');
    const limits = first.plan[0]?.reservations ?? [];
    expect(limits).toEqual([
      {
        key: 'bid:bid-1:connections:hour:2026-11-21T10',
        counter: 'connections',
        limit: 1,
        amount: 1,
        resetsAt: NOON + 3_600_000,
      },
    ]);
    activity.noteReserved(limits, NOON);
    const second = decideIn(market, {}, { activity });
    expect(planOf(second)).toEqual(['bid-2']);
    expect(second.trace.bids.counts).toEqual({ cap_connections_hour: 1 });
    expect(planOf(decideIn(market, {}, { activity, now: NOON + 3_600_000 }))).toEqual(['bid-1', 'bid-2']);
    activity.noteReleased(limits, NEVER_CONNECTED);
    expect(planOf(decideIn(market, {}, { activity }))).toEqual(['bid-1', 'bid-2']);
  });
});

describe('replay', () => {
  test.each(ROUTING_STRATEGIES)('gives a stored %s decision again', (routing) => {
    const bids = Array.from({ length: 40 }, (_, n) =>
      bidOf(n, {
        price: usd(5 + (n % 3)),
        priority: 1 + (n % 2),
        caps: n === 4 ? { attempts: { day: 1 } } : {},
      }),
    );
    const market = marketOf(bids, { routing });
    const activity = new Activity(market);
    activity.recordConnected({ ...MET, buyerId: 'buyer-7', targetId: 'target-7', at: NOON - 5 });
    activity.noteExhausted(
      {
        key: 'bid:bid-4:attempts:day:2026-11-21',
        counter: 'attempts',
        limit: 1,
        amount: 1,
        resetsAt: NOON + 9_000,
      },
      NOON,
    );
    activity.recordDecision(decideIn(market, {}, { activity }));
    const decision = decideIn(market, {}, { activity });
    expect(decision.ok).toBe(true);
    const trace = JSON.parse(JSON.stringify(decision.trace)) as Decision['trace'];
    expect(stored(replayIn(market, trace))).toEqual(stored(decision));
    const again = marketOf([...bids].reverse(), { routing });
    const second = replayIn(again, { ...trace, marketVersion: again.version });
    expect(second.ok && second.plan).toEqual(decision.ok && decision.plan);
    expect(stored(second)).toMatchObject({ trace: { bids: { counts: trace.bids.counts } } });
  });

  test('over a changed campaign it tells what would have been', () => {
    const decision = decideIn(marketOf(THREE));
    expect(replayIn(marketOf(THREE, { reservePrice: usd(25) }), decision.trace)).toMatchObject({
      ok: true,
      plan: [{ bidId: 'bid-2' }],
    });
  });
});

test('whatever the call carries, it is decided, and its trace can be stored and replayed', () => {
  const market = marketOf(
    THREE.map((one, n) => ({
      ...one,
      targeting: [
        { tags: { vertical: 'solar' } },
        { states: ['NY', 'TX'] },
        { npas: ['212'], attestation: ['A'] },
      ][n] as BidTargeting,
    })),
    { routing: 'priority', velocityPerHour: 2 },
  );
  const activity = new Activity(market);
  const calls = fc.record({
    from: fc.option(fc.stringMatching(/^\+[1-9]\d{6,14}$/) as fc.Arbitrary<string> as fc.Arbitrary<E164>, {
      nil: undefined,
    }),
    origin: fc.constantFrom(...CALL_ORIGINS),
    attestation: fc.constantFrom('A' as const, 'B' as const, 'C' as const, undefined),
    tags: fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('state', 'vertical')),
      fc.oneof(fc.string(), fc.constantFrom('NY', 'solar')),
    ),
  });
  fc.assert(
    fc.property(calls, fc.integer({ min: 0, max: 4e12 }), fc.nat(), (call, now, seed) => {
      const decision = decideIn(market, call, { activity, now, seed });
      if (decision.ok) expect(decision.plan.length).toBeGreaterThan(0);
      else expect([404, 480, 603]).toContain(decision.sipStatus);
      const trace = (stored(decision) as Decision).trace;
      expect(stored(replayIn(market, trace))).toEqual(stored(decision));
      activity.recordDecision(decision);
    }),
    { numRuns: 500 },
  );
});

test('a trace tells the same after the market has changed', () => {
  const market = marketOf(THREE);
  const decision = decideIn(market);
  const before = stored(decision);
  for (const { id } of THREE) market.apply({ entity: 'bid', op: 'remove', id });
  market.apply({ entity: 'campaign', op: 'upsert', value: campaign({ status: 'paused' }) });
  expect(stored(decision)).toEqual(before);
});

test('a large campaign is counted, not listed', () => {
  const bids = Array.from({ length: 500 }, (_, n) =>
    bidOf(n, { price: usd(n + 1), targeting: n < 100 ? { states: ['CA'] } : {} }),
  );
  const { trace } = decideIn(marketOf(bids, { reservePrice: usd(200) }));
  expect(trace.bids.total).toBe(500);
  expect(trace.bids.listed.map(({ bidId }) => bidId)).toEqual(['bid-499', 'bid-498', 'bid-497']);
  expect(trace.bids.counts).toEqual({ state: 100, below_reserve: 99, over_max_attempts: 298 });
});
