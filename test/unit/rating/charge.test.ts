import * as fc from 'fast-check';
import type { Micros, PayoutPlan } from '../../../src/domain';
import { billedMilliseconds, charge, MAX_BEFORE_ANSWER_MS, planProblems, timesOf } from '../../../src/rating';
import { amounts, banded, durations, graduated, increments, perCall, perMinute, ratePlans } from './plans';
import { share, sharePlans } from './plans';

const HOUR_MS = 3_600_000;
const NO_WAIT = { setupMs: 0, ringMs: 0 };
const cost = (plan: PayoutPlan, connectedMs: number, revenue = 0): number =>
  charge(plan, timesOf(NO_WAIT, connectedMs), revenue as Micros);

describe('per call', () => {
  test.each([
    ['on connect', perCall(25_000_000), 0, 25_000_000],
    ['however long', perCall(25_000_000), HOUR_MS, 25_000_000],
    ['a millisecond too short', perCall(25_000_000, 90_000), 89_999, 0],
    ['just long enough', perCall(25_000_000, 90_000), 90_000, 25_000_000],
    ['for nothing', perCall(0), 60_000, 0],
  ])('%s', (_what, plan, connectedMs, amount) => {
    expect(cost(plan, connectedMs)).toBe(amount);
  });
});

describe('per minute', () => {
  const withFee = { ...perMinute(120_000, 30_000, 6_000), connectFee: 50_000 as Micros };
  test.each([
    // Minutes begun.
    ['60/60: nothing was said', perMinute(120_000, 60_000, 60_000), 0, 0],
    ['60/60: a moment', perMinute(120_000, 60_000, 60_000), 1, 120_000],
    ['60/60: a minute', perMinute(120_000, 60_000, 60_000), 60_000, 120_000],
    ['60/60: a minute and a moment', perMinute(120_000, 60_000, 60_000), 60_001, 240_000],
    // The field's usual 30/6.
    ['30/6: within the first', perMinute(120_000, 30_000, 6_000), 29_999, 60_000],
    ['30/6: the first, exactly', perMinute(120_000, 30_000, 6_000), 30_000, 60_000],
    ['30/6: one more begun', perMinute(120_000, 30_000, 6_000), 30_001, 72_000],
    ['30/6: two minutes', perMinute(120_000, 30_000, 6_000), 120_000, 240_000],
    // Seconds.
    ['1/1: 61 s', perMinute(60_000, 1_000, 1_000), 61_000, 61_000],
    // Thirds of a micro-unit: 100 µ/min for 20 s is 33.3, for 40 s 66.6.
    ['1/1: rounded down', perMinute(100, 1_000, 1_000), 20_000, 33],
    ['1/1: rounded up', perMinute(100, 1_000, 1_000), 40_000, 67],
    ['1/1: half a micro-unit is one', perMinute(1, 1_000, 1_000), 30_000, 1],
    ['1/1: less than half is none', perMinute(1, 1_000, 1_000), 29_000, 0],
    // A wait before anything is billed; then all of it is.
    ['after 10 s: too short', perMinute(120_000, 30_000, 6_000, 10_000), 9_999, 0],
    ['after 10 s: long enough', perMinute(120_000, 30_000, 6_000, 10_000), 10_000, 60_000],
    ['after 90 s: from the answer on', perMinute(120_000, 30_000, 6_000, 90_000), 90_000, 180_000],
    // A fee for being connected, besides the time.
    ['with a fee: nothing was said', withFee, 0, 50_000],
    ['with a fee: within the first', withFee, 12_000, 110_000],
    ['with a fee: too short', { ...withFee, afterMs: 5_000 }, 4_999, 0],
    // More than floating point can carry in between.
    ['exact where products leave 2^53', perMinute(999_999_999, 1_000, 1_000), 14_399_000, 239_983_333_093],
  ])('%s', (_what, plan, connectedMs, amount) => {
    expect(cost(plan, connectedMs)).toBe(amount);
  });

  test('the price is the billed minutes times the rate, within half a micro-unit', () => {
    fc.assert(
      fc.property(amounts, increments, increments, durations, (rate, first, next, connectedMs) => {
        const billed = billedMilliseconds(first, next, connectedMs);
        const exact = BigInt(rate) * BigInt(billed);
        const twiceOff = (BigInt(cost(perMinute(rate, first, next), connectedMs)) * 60_000n - exact) * 2n;
        expect(twiceOff <= 60_000n && twiceOff > -60_000n).toBe(true);
      }),
    );
  });
});

describe('by bands', () => {
  // Nothing up to 30 s, 8 up to 90 s, 20 up to 5 minutes, 25 from there.
  const plan = banded([30_000, 0], [90_000, 8_000_000], [300_000, 20_000_000], [null, 25_000_000]);
  test.each([
    [0, 0],
    [29_999, 0],
    [30_000, 8_000_000],
    [89_999, 8_000_000],
    [90_000, 20_000_000],
    [300_000, 25_000_000],
    [4 * HOUR_MS, 25_000_000],
  ])('a call of %i ms ends in the band that costs %i', (connectedMs, amount) => {
    expect(cost(plan, connectedMs)).toBe(amount);
  });
});

describe('by graduated minutes', () => {
  // 10 cents a minute up to 2 minutes, 6 up to 10, 4 from there; 60/60.
  const plan = graduated(60_000, 60_000, [120_000, 100_000], [600_000, 60_000], [null, 40_000]);
  test.each([
    ['nothing was said', 0, 0],
    ['a minute begun', 1, 100_000],
    ['two minutes: all at the first rate', 120_000, 200_000],
    ['a moment more: a whole minute at the second', 120_001, 260_000],
    ['ten minutes', 600_000, 680_000],
    ['half an hour', 1_800_000, 1_480_000],
  ])('%s', (_what, connectedMs, amount) => {
    expect(cost(plan, connectedMs)).toBe(amount);
  });

  test('with one band it is a plan by the minute', () => {
    fc.assert(
      fc.property(amounts, increments, increments, durations, (rate, first, next, connectedMs) => {
        expect(cost(graduated(first, next, [null, rate]), connectedMs)).toBe(
          cost(perMinute(rate, first, next), connectedMs),
        );
      }),
    );
  });

  test('is rounded once, not in every band', () => {
    // 20 s at 100 µ a minute is 33.3, and 40 s at 200 is 133.3: together 166.7.
    expect(cost(graduated(1_000, 1_000, [20_000, 100], [null, 200]), 60_000)).toBe(167);
  });
});

describe('by share', () => {
  test.each([
    ['of what the buyer pays', share(7_000), 20_000_000, 14_000_000],
    ['half a micro-unit is one', share(5_000), 3, 2],
    ['of nothing', share(7_000), 0, 0],
    ['of nothing there is no minimum', share(7_000, { minimum: 1_000_000 as Micros }), 0, 0],
    ['no less than', share(1_000, { minimum: 3_000_000 as Micros }), 20_000_000, 3_000_000],
    ['no more than', share(7_000, { maximum: 10_000_000 as Micros }), 20_000_000, 10_000_000],
    ['not yet', share(7_000, { afterMs: 90_000 }), 20_000_000, 0],
  ])('%s', (_what, plan, revenue, amount) => {
    expect(cost(plan, 60_000, revenue)).toBe(amount);
  });
});

describe('limits of a plan', () => {
  const limited = {
    ...perMinute(120_000, 60_000, 60_000, 10_000),
    minimum: 200_000 as Micros,
    maximum: 500_000 as Micros,
  };
  test.each([
    ['do not count what does not count', 9_999, 0],
    ['raise what is less', 10_000, 200_000],
    ['leave what is between', 180_000, 360_000],
    ['cut what is more', HOUR_MS, 500_000],
  ])('%s', (_what, connectedMs, amount) => {
    expect(cost(limited, connectedMs)).toBe(amount);
  });
});

describe('clocks', () => {
  const times = timesOf({ setupMs: 12_000, ringMs: 7_000 }, 30_000);

  test('start where they say', () => {
    expect(times).toEqual({ incomingMs: 42_000, ringMs: 37_000, answerMs: 30_000 });
    const oneSecond = perMinute(60_000, 1_000, 1_000);
    expect(charge(oneSecond, times)).toBe(30_000);
    expect(charge({ ...oneSecond, clock: 'answer' }, times)).toBe(30_000);
    expect(charge({ ...oneSecond, clock: 'ring' }, times)).toBe(37_000);
    expect(charge({ ...oneSecond, clock: 'incoming' }, times)).toBe(42_000);
  });

  test('decide from when on a call counts', () => {
    expect(charge({ ...perCall(5, 40_000), clock: 'incoming' }, times)).toBe(5);
    expect(charge({ ...perCall(5, 40_000), clock: 'ring' }, times)).toBe(0);
  });

  test('count no more than two minutes before the answer, and nothing that was not measured', () => {
    expect(timesOf({ setupMs: 500_000, ringMs: 130_000 }, 1)).toEqual({
      incomingMs: MAX_BEFORE_ANSWER_MS + 1,
      ringMs: MAX_BEFORE_ANSWER_MS + 1,
      answerMs: 1,
    });
    expect(timesOf({}, 1)).toEqual({ incomingMs: 1, ringMs: 1, answerMs: 1 });
    expect(timesOf({ setupMs: NaN, ringMs: -5 }, 1)).toEqual({ incomingMs: 1, ringMs: 1, answerMs: 1 });
  });

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('%s is no duration', (connectedMs) => {
    expect(() => timesOf({}, connectedMs)).toThrow(RangeError);
  });
});

describe('billed time', () => {
  test('covers the conversation, by less than one increment, in whole increments', () => {
    fc.assert(
      fc.property(increments, increments, durations, (first, next, connectedMs) => {
        const billed = billedMilliseconds(first, next, connectedMs);
        if (connectedMs === 0) return expect(billed).toBe(0);
        expect(billed).toBeGreaterThanOrEqual(connectedMs);
        if (billed === first) return undefined;
        expect(billed - connectedMs).toBeLessThan(next);
        return expect((billed - first) % next).toBe(0);
      }),
    );
  });
});

describe('every plan in which nothing is wrong', () => {
  const waited = fc.record({ setupMs: fc.nat(300_000), ringMs: fc.nat(300_000) });

  test('is one of those made here', () => {
    fc.assert(fc.property(ratePlans, (plan) => expect(planProblems(plan, '')).toEqual([])));
  });

  test('never costs less for a longer call, and never less than nothing', () => {
    fc.assert(
      fc.property(ratePlans, waited, durations, durations, (plan, before, one, other) => {
        const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
        const less = charge(plan, timesOf(before, shorter));
        expect(less).toBeGreaterThanOrEqual(0);
        expect(charge(plan, timesOf(before, longer))).toBeGreaterThanOrEqual(less);
      }),
      { numRuns: 500 },
    );
  });

  test('pays no smaller share of more, nor for longer', () => {
    fc.assert(
      fc.property(sharePlans, durations, durations, amounts, amounts, (plan, one, two, a, b) => {
        const less = cost(plan, Math.min(one, two), Math.min(a, b));
        expect(less).toBeGreaterThanOrEqual(0);
        expect(cost(plan, Math.max(one, two), Math.max(a, b))).toBeGreaterThanOrEqual(less);
      }),
    );
  });

  test('costs nothing before its wait is over, and keeps to its limits after', () => {
    fc.assert(
      fc.property(ratePlans, durations, (plan, connectedMs) => {
        const amount = cost(plan, connectedMs);
        if (connectedMs < plan.afterMs) return expect(amount).toBe(0);
        expect(amount).toBeGreaterThanOrEqual(plan.minimum ?? 0);
        return expect(amount).toBeLessThanOrEqual(plan.maximum ?? Infinity);
      }),
    );
  });
});

test('what cannot be counted is not billed as something else', () => {
  expect(() => cost(perMinute(Number.MAX_SAFE_INTEGER, 60_000, 60_000), HOUR_MS)).toThrow(RangeError);
});
