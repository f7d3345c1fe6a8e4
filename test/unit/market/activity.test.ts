import * as fc from 'fast-check';
import type { CapLimit, E164 } from '../../../src/domain';
import { INELIGIBLE_REASONS } from '../../../src/domain';
import { Activity, capKey, observeCaps, parseCapKey } from '../../../src/market';
import { CALLER, NOON, bidOf, marketOf } from './fixtures';

const MINUTE = 60_000;
const activity = (limits = {}): Activity => new Activity(marketOf([bidOf(1)]), limits);

describe('velocity', () => {
  test('counts the calls of the last sixty minutes of each caller', () => {
    const own = activity();
    for (const ago of [0, 1, 30, 59, 60, 200]) own.recordAttempt(CALLER, NOON - ago * MINUTE);
    expect(own.attemptsInLastHour(CALLER, NOON)).toBe(4);
    expect(own.attemptsInLastHour(CALLER, NOON + 30 * MINUTE)).toBe(2);
    expect(own.attemptsInLastHour(CALLER, NOON + 60 * MINUTE)).toBe(0);
    expect(own.attemptsInLastHour('+13105551234' as E164, NOON)).toBe(0);
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
        expect(own.attemptsInLastHour(CALLER, NOON + now * MINUTE)).toBe(expected);
      }),
    );
  });

  test('remembers no more callers than it may, and the busy ones longest', () => {
    const own = activity({ callers: 64 });
    for (let n = 0; n < 5_000; n++) {
      own.recordAttempt(`+1310${2_000_000 + n}` as E164, NOON + n * MINUTE);
      own.recordAttempt(CALLER, NOON + n * MINUTE);
    }
    expect(own.attemptsInLastHour(CALLER, NOON + 4_999 * MINUTE)).toBe(60);
  });
});

describe('connections', () => {
  test('tell the buyers of a caller since an instant, each once', () => {
    const own = activity();
    own.recordConnected(CALLER, 'a', NOON - 10);
    own.recordConnected(CALLER, 'b', NOON - 5);
    own.recordConnected(CALLER, 'a', NOON);
    expect([...own.buyersConnectedSince(CALLER, NOON - 5)].sort()).toEqual(['a', 'b']);
    expect(own.buyersConnectedSince(CALLER, NOON)).toEqual(['a']);
    expect(own.buyersConnectedSince(CALLER, NOON + 1)).toEqual([]);
  });

  test('forget the caller unheard for longest', () => {
    const own = activity({ connectedCallers: 2 });
    const callers = ['+13105550001', '+13105550002', '+13105550003'] as E164[];
    for (const caller of callers) own.recordConnected(caller, 'a', NOON);
    expect(callers.map((caller) => own.buyersConnectedSince(caller, 0).length)).toEqual([0, 1, 1]);
  });
});

describe('caps', () => {
  const concurrent: CapLimit = {
    key: capKey('target', 'target-1', 'concurrent'),
    limit: 2,
    kind: 'concurrent',
    resetsAt: 0,
  };
  const daily: CapLimit = {
    key: capKey('bid', 'bid-1', 'day', '2026-11-21'),
    limit: 2,
    kind: 'period',
    resetsAt: NOON + 9,
  };

  test('a call that ends gives back its place but stays in its period', () => {
    const own = activity();
    own.noteReserved([concurrent, daily]);
    expect([own.inUse(concurrent.key), own.inUse(daily.key)]).toEqual([1, 1]);
    own.noteReleased([concurrent, daily], 'ended');
    expect([own.inUse(concurrent.key), own.inUse(daily.key)]).toEqual([0, 1]);
    own.noteReserved([daily]);
    own.noteReleased([daily], 'not_connected');
    expect(own.inUse(daily.key)).toBe(1);
  });

  test('reservations made elsewhere are told to the activity, and their results passed on', async () => {
    const own = activity();
    const results = [{ ok: true }, { ok: false, exhausted: daily.key }] as const;
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
    const ordinals = [0, 0, 0] as const;
    expect(await caps.reserve('a', [concurrent])).toEqual({ ok: true });
    expect([own.inUse(concurrent.key), own.blocks.codeFor(...ordinals, NOON)]).toEqual([1, -1]);
    expect(await caps.reserve('b', [daily])).toEqual({ ok: false, exhausted: daily.key });
    expect(INELIGIBLE_REASONS[own.blocks.codeFor(...ordinals, NOON)]).toBe('cap_daily');
    await caps.release('a', [concurrent], 'ended');
    expect([own.inUse(concurrent.key), released]).toEqual([0, ['a']]);
  });

  test('concurrency refused by other nodes is tried again after a second', () => {
    const own = activity();
    own.noteExhausted(concurrent, NOON);
    const reasons = [999, 1_000].map((later) => own.blocks.codeFor(0, 0, 0, NOON + later));
    expect(reasons).toEqual([INELIGIBLE_REASONS.indexOf('cap_concurrent'), -1]);
  });

  test('lapsed counters are swept', () => {
    const own = activity();
    own.noteReserved([concurrent, daily]);
    own.sweep(NOON + 9);
    expect([own.inUse(concurrent.key), own.inUse(daily.key)]).toEqual([1, 0]);
  });

  test('keys are read back as they were written', () => {
    expect(parseCapKey(capKey('bid', 'a:b', 'hour', '2026-11-01T01~2'))).toEqual({
      subject: 'bid',
      id: 'a:b',
      scope: 'hour',
    });
    expect(parseCapKey(capKey('buyer', 'x', 'concurrent'))).toEqual({
      subject: 'buyer',
      id: 'x',
      scope: 'concurrent',
    });
    expect(parseCapKey(capKey('bid', 'x', 'total'))).toEqual({ subject: 'bid', id: 'x', scope: 'total' });
    for (const other of ['bid:x', 'bid:x:year:2026', 'trunk:x:concurrent', ''])
      expect(parseCapKey(other)).toBeUndefined();
  });
});
