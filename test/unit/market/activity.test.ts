import * as fc from 'fast-check';
import type { ActivityEvent, CapLimit, CapOutcome, DuplicatePolicy, E164 } from '../../../src/domain';
import { INELIGIBLE_REASONS } from '../../../src/domain';
import { Activity, capKey, observeCaps, parseCapKey } from '../../../src/market';
import { CALLER, DID, NOON, attempt, bidOf, campaign, marketOf, seller, target } from './fixtures';

const MINUTE = 60_000;
const DAY = 86_400_000;
const activity = (limits = {}): Activity => new Activity(marketOf([bidOf(1)]), limits);

/** Calls of the last hour, as the decision reads them. */
const attempts = (own: Activity, from: E164, now: number): number =>
  own.factsFor(attempt({ from }), campaign(), now).attemptsInLastHour;

describe('velocity', () => {
  test('counts the calls of the last sixty minutes of each caller', () => {
    const own = activity();
    for (const ago of [0, 1, 30, 59, 60, 200]) own.recordAttempt(CALLER, NOON - ago * MINUTE);
    expect(attempts(own, CALLER, NOON)).toBe(4);
    expect(attempts(own, CALLER, NOON + 30 * MINUTE)).toBe(2);
    expect(attempts(own, CALLER, NOON + 60 * MINUTE)).toBe(0);
    expect(attempts(own, '+13105551234' as E164, NOON)).toBe(0);
  });

  test('agrees with a list of instants, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(180), { maxLength: 60, size: 'max' }), fc.nat(240), (minutes, later) => {
        const own = activity();
        const kept: number[] = [];
        let latest = -Infinity;
        for (const minute of minutes) {
          own.recordAttempt(CALLER, NOON + minute * MINUTE + 7);
          latest = Math.max(latest, minute);
          // What comes more than an hour late was forgotten already.
          if (minute > latest - 60) kept.push(minute);
        }
        const now = Math.max(latest, later);
        const expected = kept.filter((minute) => minute > now - 60 && minute <= now).length;
        expect(attempts(own, CALLER, NOON + now * MINUTE)).toBe(expected);
      }),
    );
  });

  test('remembers no more callers than it may, and the busy ones longest', () => {
    const own = activity({ callers: 64 });
    for (let n = 0; n < 5_000; n++) {
      own.recordAttempt(`+1310${2_000_000 + n}` as E164, NOON + n * MINUTE);
      own.recordAttempt(CALLER, NOON + n * MINUTE);
    }
    expect(attempts(own, CALLER, NOON + 4_999 * MINUTE)).toBe(60);
  });
});

describe('duplicates', () => {
  const met = (
    buyerId: string,
    at: number,
    more: object = {},
  ): Parameters<Activity['recordConnected']>[0] => ({
    caller: CALLER,
    campaignId: 'campaign',
    buyerId,
    targetId: `${buyerId}-target`,
    at,
    ...more,
  });
  const known = (own: Activity, policy: Partial<DuplicatePolicy>, now = NOON): readonly string[] => {
    const duplicates: DuplicatePolicy = { windowMs: DAY, after: 'connected', scope: 'buyer', ...policy };
    return [...own.factsFor(attempt(), campaign({ duplicates }), now).recentBuyers].sort();
  };

  test('are the buyers and targets a caller was connected to within the window, each once', () => {
    const own = activity();
    own.recordConnected(met('a', NOON - DAY - 1));
    own.recordConnected(met('b', NOON - DAY));
    own.recordConnected(met('b', NOON - 5, { targetId: 'other' }));
    expect(known(own, {})).toEqual(['b']);
    expect(known(own, { windowMs: DAY + 1 })).toEqual(['a', 'b']);
    expect(known(own, { windowMs: 0 })).toEqual([]);
    expect(own.factsFor(attempt(), campaign(), NOON).recentTargets).toEqual([
      'a-target',
      'b-target',
      'other',
    ]);
    expect(own.factsFor(attempt({ from: undefined }), campaign(), NOON).recentBuyers).toEqual([]);
  });

  test('may count from the conversion, and in one campaign alone', () => {
    const own = activity();
    own.recordConnected(met('a', NOON - 9));
    own.recordConnected(met('b', NOON - 9, { campaignId: 'another' }));
    own.recordConverted(met('b', NOON - 5, { campaignId: 'another' }));
    expect(known(own, { after: 'converted' })).toEqual(['b']);
    expect(known(own, { scope: 'campaign' })).toEqual(['a']);
    expect(known(own, { scope: 'campaign', after: 'converted' })).toEqual([]);
    // Whoever spoke again without owing anything did not convert again.
    own.recordConnected(met('b', NOON, { campaignId: 'another' }));
    expect(known(own, { after: 'converted', windowMs: 4 })).toEqual([]);
  });

  test('whatever order events come in, the latest counts', () => {
    const own = activity();
    own.recordConnected(met('a', NOON));
    own.recordConnected(met('a', NOON - DAY));
    expect(known(own, { windowMs: 1 })).toEqual(['a']);
  });

  test('forget the caller unheard for longest', () => {
    const own = activity({ connectedCallers: 2 });
    const callers = ['+13105550001', '+13105550002', '+13105550003'] as E164[];
    for (const caller of callers) own.recordConnected(met('a', NOON, { caller }));
    const found = callers.map(
      (from) => own.factsFor(attempt({ from }), campaign(), NOON).recentBuyers.length,
    );
    expect(found).toEqual([0, 1, 1]);
  });

  test('the buyer spoken with last is remembered for as long as the campaign sticks to it', () => {
    const own = activity();
    own.recordConnected(met('a', NOON - 10));
    own.recordConnected(met('b', NOON - 5));
    own.recordConverted(met('a', NOON));
    const last = (stickyWindowMs: number): string | undefined =>
      own.factsFor(attempt(), campaign({ stickyWindowMs }), NOON).lastBuyer;
    expect([last(4), last(5), last(DAY), last(0)]).toEqual([undefined, 'b', 'b', undefined]);
    own.recordConnected(met('a', NOON));
    expect(last(5)).toBe('a');
  });
});

describe('contacts', () => {
  const HOUR = 3_600_000;

  test('are counted over 24 hours, each person for itself', () => {
    const own = activity();
    for (const hour of [0, 10, 23, 24, 25]) own.recordContact(CALLER, NOON - hour * HOUR);
    expect(own.contactsInLast24h(CALLER, NOON)).toBe(4);
    expect(own.contactsInLast24h(CALLER, NOON + 13 * HOUR)).toBe(2);
    expect([8, 9].map((hour) => own.contactsInLast8h(CALLER, NOON + hour * HOUR))).toEqual([1, 0]);
    expect(own.contactsInLast24h(CALLER, NOON + 25 * HOUR)).toBe(0);
    expect(own.contactsInLast24h('+13105550001' as E164, NOON)).toBe(0);
  });

  test('agree with a list of instants, for as many persons as there is room for', () => {
    const persons = fc.integer({ min: 0, max: 3_000 }).map((n) => `+1310${5_550_000 + n}` as E164);
    const call = fc.record({
      person: persons,
      at: fc.nat(3 * 86_400).map((second) => NOON + second * 1_000),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 300, size: 'max' }), fc.nat(4 * 86_400), (calls, later) => {
        const own = activity({ contacts: 65_536 });
        calls.sort((a, b) => a.at - b.at);
        for (const { person, at } of calls) own.recordContact(person, at);
        const now = NOON + later * 1_000;
        for (const { person } of calls) {
          const before = calls.filter((each) => each.person === person && each.at >= now - DAY);
          expect(own.contactsInLast24h(person, now)).toBe(Math.min(before.length, 16));
        }
      }),
    );
  });

  test('of more persons than there is room for the latest are known, and none too often', () => {
    const own = activity({ contacts: 4_096 });
    const nth = (n: number): E164 => `+1310${2_000_000 + n}` as E164;
    for (let n = 0; n < 50_000; n++) own.recordContact(nth(n), NOON + n * 1_000);
    let late = 0;
    let most = 0;
    for (let n = 0; n < 50_000; n++) {
      const count = own.contactsInLast24h(nth(n), NOON + 50_000_000);
      most = Math.max(most, count);
      if (n >= 48_000) late += count;
    }
    expect(most).toBe(1);
    expect(late).toBeGreaterThan(1_900);
  });

  test('a table that grows forgets nobody', () => {
    const own = activity({ contacts: 1_048_576 });
    const nth = (n: number): E164 => `+1${2_000_000_000 + n * 7_919}` as E164;
    for (let n = 0; n < 60_000; n++) own.recordContact(nth(n), NOON);
    let known = 0;
    for (let n = 0; n < 60_000; n++) known += own.contactsInLast24h(nth(n), NOON);
    expect(known).toBe(60_000);
  });
});

describe('events of calls', () => {
  const source = {
    at: NOON,
    caller: CALLER,
    did: DID,
    trunkId: 'trunk',
    sellerId: 'seller-account',
    campaignId: 'campaign',
    origin: 'outbound_transfer',
  } as const;
  const came: ActivityEvent = {
    ...source,
    kind: 'attempt',
    placeContradicted: false,
    misidentified: false,
    signed: true,
  };
  const ended: ActivityEvent = {
    ...source,
    kind: 'ended',
    buyerId: 'a',
    targetId: 'a-1',
    ringMs: 5,
    answered: true,
    connectedMs: 60_000,
    endedBy: 'caller',
    converted: false,
    revenue: 0 as never,
    payoutAfterMs: undefined,
  };

  test('count as attempts, as contacts of those who were called, as connections and as conversions', () => {
    const own = activity();
    own.hear(came);
    own.hear({ ...came, origin: 'inbound_consumer' });
    expect([attempts(own, CALLER, NOON), own.contactsInLast24h(CALLER, NOON)]).toEqual([2, 1]);
    const duplicates = (after: DuplicatePolicy['after']): readonly string[] =>
      own.factsFor(attempt(), campaign({ duplicates: { windowMs: 9, after, scope: 'buyer' } }), NOON)
        .recentBuyers;
    own.hear(ended);
    expect([duplicates('connected'), duplicates('converted')]).toEqual([[], []]);
    own.hear({ ...source, kind: 'connected', buyerId: 'a', targetId: 'a-1' });
    expect([duplicates('connected'), duplicates('converted')]).toEqual([['a'], []]);
    own.hear({ ...ended, converted: true });
    expect(duplicates('converted')).toEqual(['a']);
  });

  test('of callers without a number say nothing', () => {
    const own = activity();
    for (const event of [came, ended]) own.hear({ ...event, caller: undefined });
    expect(attempts(own, CALLER, NOON)).toBe(0);
  });
});

describe('caps', () => {
  const concurrent: CapLimit = {
    key: capKey('target', 'target-1', { counter: 'concurrent' }),
    counter: 'concurrent',
    limit: 2,
    amount: 1,
    resetsAt: 0,
  };
  const counting = (
    counter: 'attempts' | 'connections' | 'conversions' | 'revenue',
    more: Partial<CapLimit> = {},
  ): CapLimit => ({
    key: capKey('bid', 'bid-1', { counter, period: 'day' }, '2026-11-21'),
    counter,
    limit: 2,
    amount: 1,
    resetsAt: NOON + 9_000,
    ...more,
  });
  const UNANSWERED: CapOutcome = { connected: false, converted: false, revenue: 0 };
  const CONNECTED: CapOutcome = { connected: true, converted: false, revenue: 0 };
  const why = (own: Activity, now = NOON): string | undefined =>
    INELIGIBLE_REASONS[own.blocks.codeFor(0, 0, 0, now)];

  test('a call that ends gives back what it did not use', () => {
    const own = activity();
    const budget = counting('revenue', { limit: 1_000, amount: 300 });
    const limits = [
      concurrent,
      counting('attempts'),
      counting('connections'),
      counting('conversions'),
      budget,
    ];
    const uses = (): number[] => limits.map(({ key }) => own.inUse(key));
    own.noteReserved(limits, NOON);
    expect(uses()).toEqual([1, 1, 1, 1, 300]);
    own.noteReleased(limits, CONNECTED);
    expect(uses()).toEqual([0, 1, 1, 0, 0]);
    own.noteReserved(limits, NOON);
    own.noteReleased(limits, { connected: true, converted: true, revenue: 120 });
    expect(uses()).toEqual([0, 2, 2, 1, 120]);
    own.noteReserved([budget], NOON);
    own.noteReleased([budget], UNANSWERED);
    expect(own.inUse(budget.key)).toBe(120);
  });

  test('what this node fills itself is passed over until it gives back, or the period ends', () => {
    const own = activity();
    const [kept, budget] = [
      counting('connections', { limit: 1 }),
      counting('revenue', { limit: 100, amount: 60 }),
    ];
    own.noteReserved([kept], NOON);
    expect(why(own)).toBe('cap_connections_day');
    own.noteReleased([kept], UNANSWERED);
    expect(why(own)).toBeUndefined();
    own.noteReserved([budget], NOON);
    expect([why(own), why(own, NOON + 8_999), why(own, NOON + 9_000)]).toEqual([
      'cap_revenue_day',
      'cap_revenue_day',
      undefined,
    ]);
    own.noteReleased([budget], { connected: true, converted: true, revenue: 30 });
    expect(why(own)).toBeUndefined();
  });

  test('a spacing is passed over while it lasts', () => {
    const own = activity();
    const key = capKey('buyer', 'buyer-1', { counter: 'spacing' });
    own.noteReserved([{ key, counter: 'spacing', limit: 700, amount: 700, resetsAt: 0 }], NOON);
    expect([why(own, NOON + 699), why(own, NOON + 700)]).toEqual(['cap_spacing', undefined]);
  });

  test('reservations made elsewhere are told to the activity, and their results passed on', async () => {
    const own = activity();
    const daily = counting('connections');
    const results = [{ ok: true }, { ok: false, exhausted: daily.key, lasting: true }] as const;
    const released: string[] = [];
    let call = 0;
    const caps = observeCaps(
      {
        reserve: () => Promise.resolve(results[call++] ?? { ok: true }),
        release: (callId) => Promise.resolve(void released.push(callId)),
      },
      own,
      () => NOON,
    );
    expect(await caps.reserve('a', [concurrent])).toEqual({ ok: true });
    expect([own.inUse(concurrent.key), why(own)]).toEqual([1, undefined]);
    expect(await caps.reserve('b', [daily])).toEqual(results[1]);
    expect([why(own), why(own, NOON + 8_999)]).toEqual(['cap_connections_day', 'cap_connections_day']);
    await caps.release('a', [concurrent], CONNECTED);
    expect([own.inUse(concurrent.key), released]).toEqual([0, ['a']]);
  });

  test('what other nodes may give back is tried again after a second', () => {
    for (const limit of [concurrent, counting('connections')]) {
      const own = activity();
      own.noteExhausted(limit, NOON);
      expect([why(own, NOON + 999), why(own, NOON + 1_000)]).toEqual([
        parseCapKey(limit.key)?.reason,
        undefined,
      ]);
    }
  });

  test('a seller out of calls is a fact of the decision', () => {
    const own = activity();
    const key = capKey('seller', 'seller-account', { counter: 'attempts', period: 'day' }, '2026-11-21');
    const cap = (now: number): string | undefined => own.factsFor(attempt(), campaign(), now).sourceCap;
    expect(cap(NOON)).toBeUndefined();
    own.noteExhausted({ ...counting('attempts'), key }, NOON, true);
    expect([cap(NOON), cap(NOON + 9_000)]).toEqual(['cap_attempts_day', undefined]);
    expect(own.factsFor(attempt({ to: '+18005550111' as E164 }), campaign(), NOON).sourceCap).toBeUndefined();
  });

  test('lapsed counters are swept', () => {
    const own = activity();
    const daily = counting('connections');
    own.noteReserved([concurrent, daily], NOON);
    own.sweep(NOON + 9_000);
    expect([own.inUse(concurrent.key), own.inUse(daily.key)]).toEqual([1, 0]);
  });

  test('a cap that was raised or taken away is passed over no longer', () => {
    const market = marketOf([bidOf(1)]);
    const own = new Activity(market);
    const put = (limit: number): void =>
      market.apply({
        entity: 'target',
        op: 'upsert',
        value: target({ id: 'target-1', buyerId: 'buyer-1', caps: { attempts: { total: limit } } }),
      });
    put(5);
    const key = capKey('target', 'target-1', { counter: 'attempts', period: 'total' });
    own.noteExhausted({ key, counter: 'attempts', limit: 5, amount: 1, resetsAt: 0 }, NOON, true);
    own.sweep(NOON);
    expect(why(own)).toBe('cap_attempts_total');
    put(6);
    own.sweep(NOON);
    expect(why(own)).toBeUndefined();
    market.apply({ entity: 'seller', op: 'upsert', value: seller({ caps: { concurrent: 5 } }) });
    const source = capKey('seller', 'seller-account', { counter: 'concurrent' });
    own.noteExhausted({ key: source, counter: 'concurrent', limit: 5, amount: 1, resetsAt: 0 }, NOON, true);
    own.sweep(NOON);
    expect(own.blocks.sourceCap('seller-account', NOON)).toBe('cap_concurrent');
    market.apply({ entity: 'seller', op: 'remove', id: 'seller-account' });
    own.sweep(NOON);
    expect(own.blocks.sourceCap('seller-account', NOON)).toBeUndefined();
  });

  test('keys are read back as they were written', () => {
    const hour = capKey('bid', 'a:b', { counter: 'connections', period: 'hour' }, '2026-11-01T01~2');
    expect(hour).toBe('bid:a:b:connections:hour:2026-11-01T01~2');
    expect(parseCapKey(hour)).toEqual({ subject: 'bid', id: 'a:b', reason: 'cap_connections_hour' });
    expect(parseCapKey(capKey('buyer', 'x', { counter: 'concurrent' }))).toEqual({
      subject: 'buyer',
      id: 'x',
      reason: 'cap_concurrent',
    });
    expect(parseCapKey(capKey('seller', 'x', { counter: 'revenue', period: 'total' }))).toEqual({
      subject: 'seller',
      id: 'x',
      reason: 'cap_revenue_total',
    });
    for (const other of [
      'bid:x',
      'bid:concurrent',
      'bid:attempts:total',
      'bid:x:attempts:year:2026',
      'bid:x:calls:day:2026-11-21',
      'trunk:x:concurrent',
      '',
    ])
      expect([other, parseCapKey(other)]).toEqual([other, undefined]);
  });
});
