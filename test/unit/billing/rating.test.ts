import * as fc from 'fast-check';
import { billedMilliseconds, rate, rateCall } from '../../../src/billing';
import type { PerCallPlan, PerMinutePlan, RatePlan } from '../../../src/domain';
import { micros } from '../../../src/domain';

const HOUR_MS = 3_600_000;

const perCall = (amount: number, afterMs = 0): PerCallPlan => ({
  kind: 'per_call',
  amount: micros(amount),
  afterMs,
});
const perMinute = (ratePerMinute: number, first: number, next: number, afterMs = 0): PerMinutePlan => ({
  kind: 'per_minute',
  ratePerMinute: micros(ratePerMinute),
  firstIncrementMs: first,
  nextIncrementMs: next,
  afterMs,
});

const amounts = fc.integer({ min: 0, max: 1_000_000_000 });
const increments = fc.integer({ min: 1, max: 120_000 });
const waits = fc.integer({ min: 0, max: 300_000 });
const durations = fc.integer({ min: 0, max: 4 * HOUR_MS });
const perCallPlans = fc.tuple(amounts, waits).map(([amount, afterMs]) => perCall(amount, afterMs));
const perMinutePlans = fc
  .tuple(amounts, increments, increments, waits)
  .map(([amount, first, next, afterMs]) => perMinute(amount, first, next, afterMs));
const plans: fc.Arbitrary<RatePlan> = fc.oneof(perCallPlans, perMinutePlans);

describe('per call', () => {
  test.each([
    ['on connect', perCall(25_000_000), 0, 25_000_000],
    ['however long', perCall(25_000_000), HOUR_MS, 25_000_000],
    ['a millisecond too short', perCall(25_000_000, 90_000), 89_999, 0],
    ['just long enough', perCall(25_000_000, 90_000), 90_000, 25_000_000],
    ['for nothing', perCall(0), 60_000, 0],
  ])('%s', (_what, plan, connectedMs, amount) => {
    expect(rate(plan, connectedMs)).toBe(amount);
  });
});

describe('per minute', () => {
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
    // More than floating point can carry in between.
    ['exact where products leave 2^53', perMinute(999_999_999, 1_000, 1_000), 14_399_000, 239_983_333_093],
  ])('%s', (_what, plan, connectedMs, amount) => {
    expect(rate(plan, connectedMs)).toBe(amount);
  });

  test('the price is the billed minutes times the rate, within half a micro-unit', () => {
    fc.assert(
      fc.property(perMinutePlans, durations, (plan, connectedMs) => {
        if (connectedMs < plan.afterMs) return;
        const billed = billedMilliseconds(plan.firstIncrementMs, plan.nextIncrementMs, connectedMs);
        const exact = BigInt(plan.ratePerMinute) * BigInt(billed);
        const twiceOff = (BigInt(rate(plan, connectedMs)) * 60_000n - exact) * 2n;
        expect(twiceOff <= 60_000n && twiceOff > -60_000n).toBe(true);
      }),
    );
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

describe('every plan', () => {
  test('never costs less for a longer call, and never less than nothing', () => {
    fc.assert(
      fc.property(plans, durations, durations, (plan, one, other) => {
        const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
        expect(rate(plan, shorter)).toBeGreaterThanOrEqual(0);
        expect(rate(plan, longer)).toBeGreaterThanOrEqual(rate(plan, shorter));
      }),
    );
  });

  test('costs nothing before its wait is over', () => {
    fc.assert(
      fc.property(plans, durations, (plan, connectedMs) => {
        if (connectedMs < plan.afterMs) expect(rate(plan, connectedMs)).toBe(0);
      }),
    );
  });

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('%s is no duration', (connectedMs) => {
    expect(() => rate(perCall(1), connectedMs)).toThrow(RangeError);
  });
});

describe('a sold call', () => {
  test('moves revenue, payout and their difference', () => {
    expect(rateCall(perCall(25_000_000), perCall(8_000_000), 60_000)).toEqual({
      revenue: 25_000_000,
      payout: 8_000_000,
      margin: 17_000_000,
    });
  });

  test('pays the seller nothing when the buyer pays nothing', () => {
    expect(rateCall(perCall(25_000_000, 90_000), perCall(8_000_000), 60_000)).toEqual({
      revenue: 0,
      payout: 0,
      margin: 0,
    });
  });

  test('may lose money: the payout is the exchange’s own promise', () => {
    expect(rateCall(perCall(5_000_000), perCall(8_000_000), 60_000).margin).toBe(-3_000_000);
  });

  test('always adds up', () => {
    fc.assert(
      fc.property(plans, plans, durations, (buyer, seller, connectedMs) => {
        const { revenue, payout, margin } = rateCall(buyer, seller, connectedMs);
        expect(margin + payout).toBe(revenue);
        expect(payout === 0 || revenue > 0).toBe(true);
      }),
    );
  });
});
