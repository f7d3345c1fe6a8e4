import * as fc from 'fast-check';
import type { BuyerDiscipline, EndReason, RingAttempt } from '../../../src/domain';
import type { Conduct, Pause, TargetRing } from '../../../src/storage/discipline-rule';
import { GOOD_CONDUCT, judge, readRing } from '../../../src/storage/discipline-rule';

const NOW = Date.UTC(2026, 10, 21, 15);
const MINUTE = 60_000;
const DAY = 86_400_000;
const RULE: BuyerDiscipline = { unanswered: 3, windowMs: 10 * MINUTE, pauseMs: 30 * MINUTE };

const attempt = (outcome: RingAttempt['outcome'], durationMs: number, sipStatus = 480): RingAttempt => ({
  bidId: 'bid',
  targetId: 'target',
  buyerId: 'buyer',
  startedAt: NOW,
  durationMs,
  outcome,
  sipStatus,
});

describe('a ring', () => {
  const says = (
    outcome: RingAttempt['outcome'],
    durationMs: number,
    end?: [EndReason, number],
    sipStatus?: number,
  ): string | undefined => {
    const ring = readRing(
      attempt(outcome, durationMs, sipStatus),
      end && { endReason: end[0], connectedMs: end[1] },
    );
    return ring ? (ring.miss ?? 'answered') : undefined;
  };

  test('of eight seconds that nobody took is a miss, a shorter one says nothing', () => {
    expect([says('no_answer', 8_000), says('no_answer', 7_999)]).toEqual(['no_answer', undefined]);
    expect([says('canceled', 8_000), says('canceled', 7_999)]).toEqual(['no_answer', undefined]);
  });

  test('that was busy, failed or unreachable is one however short', () => {
    expect([says('busy', 100), says('unreachable', 100), says('failed', 100)]).toEqual([
      'busy',
      'unreachable',
      'failed',
    ]);
    // What failed here was the exchange, a limit or the offer, not the target.
    expect([says('failed', 100, undefined, 0), says('cap_reached', 0), says('declined', 100)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('that was answered and ended by the target within nine seconds is one too', () => {
    expect(says('answered', 3_000, ['buyer_hangup', 9_000])).toBe('hung_up');
    expect(says('answered', 3_000, ['buyer_hangup', 9_001])).toBe('answered');
    expect(says('answered', 3_000, ['caller_hangup', 500])).toBe('answered');
    expect(says('answered', 3_000)).toBeUndefined();
  });
});

describe('a target', () => {
  const missed = (at: number): TargetRing => ({ at, miss: 'no_answer' });
  const answered = (at: number): TargetRing => ({ at, miss: undefined });
  /** Rings one after the other, each judged when it is over. */
  function through(
    rings: readonly TargetRing[],
    conduct = GOOD_CONDUCT,
    pausesToday = 0,
  ): { conduct: Conduct; pauses: Pause[] } {
    const pauses: Pause[] = [];
    let state = conduct;
    for (const ring of rings) {
      const judged = judge(state, ring, RULE, pausesToday + pauses.length, ring.at);
      state = judged.conduct;
      if (judged.pause) pauses.push(judged.pause);
    }
    return { conduct: state, pauses };
  }

  test('that misses too many rings within the window is paused, and it is said why', () => {
    const { pauses, conduct } = through([missed(NOW), answered(NOW + 1), missed(NOW + 2), missed(NOW + 3)]);
    expect(pauses).toEqual([
      { until: NOW + 3 + RULE.pauseMs, reason: '3 rings missed within 600 s, the last one no_answer' },
    ]);
    expect(conduct).toEqual({ misses: [], probation: true, since: NOW + 3 + RULE.pauseMs });
  });

  test('is not, when they are further apart', () => {
    const rings = [0, 1, 2, 3, 4].map((n) => missed(NOW + n * 5 * MINUTE));
    expect(through(rings).pauses).toEqual([]);
  });

  test('is not paused again by calls that rang before the pause was over', () => {
    const { conduct } = through([0, 1, 2].map((n) => missed(NOW + n)));
    expect(through([missed(NOW + 4), missed(conduct.since - 1)], conduct, 1)).toEqual({
      conduct,
      pauses: [],
    });
  });

  test('must answer once after a pause: until then one miss pauses it twice as long', () => {
    const { conduct } = through([0, 1, 2].map((n) => missed(NOW + n)));
    const again = through([missed(conduct.since)], conduct, 1);
    expect(again.pauses).toEqual([
      { until: conduct.since + 2 * RULE.pauseMs, reason: 'missed again after a pause (no_answer)' },
    ]);
    const cleared = through([answered(conduct.since), missed(conduct.since + 1)], conduct, 1);
    expect(cleared.pauses).toEqual([]);
    expect(cleared.conduct.probation).toBe(false);
  });

  test('is never paused for more than a day', () => {
    const lasts = fc.integer({ min: 0, max: 60 }).map((pausesToday) => {
      const { pauses } = through([missed(NOW)], { ...GOOD_CONDUCT, probation: true }, pausesToday);
      return [pausesToday, (pauses[0] as Pause).until - NOW] as const;
    });
    fc.assert(
      fc.property(lasts, ([pausesToday, ms]) => {
        expect(ms).toBe(Math.min(RULE.pauseMs * 2 ** pausesToday, DAY));
      }),
    );
  });

  test('is paused if and only if enough of its misses fall into one window', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40 * MINUTE), { maxLength: 12 }), (offsets) => {
        const times = offsets.map((offset) => NOW + offset).sort((a, b) => a - b);
        const expected = times.some(
          (at, n) =>
            n + 1 >= RULE.unanswered && at - (times[n + 1 - RULE.unanswered] as number) < RULE.windowMs,
        );
        let state = GOOD_CONDUCT;
        let paused = false;
        for (const at of times) {
          const judged = judge(state, missed(at), RULE, 0, at);
          paused ||= judged.pause !== undefined;
          state = judged.conduct;
        }
        expect(paused).toBe(expected);
      }),
    );
  });
});
