import * as fc from 'fast-check';
import type { Micros } from '../../../src/domain';
import { charge, connectedTimes, planProblems, scalePlan, splitMicros } from '../../../src/rating';
import { usd } from '../market/fixtures';
import { amounts, banded, durations, graduated, perCall, perMinute, ratePlans } from './plans';

describe('shares', () => {
  test.each<[number, number[], number[]]>([
    [100, [1, 1, 1], [34, 33, 33]],
    [100, [5_000, 3_000, 2_000], [50, 30, 20]],
    [10, [3, 3, 4], [3, 3, 4]],
    [1, [3_333, 3_334, 3_333], [0, 1, 0]],
    [5, [0, 1], [0, 5]],
    [0, [1, 2], [0, 0]],
    [-100, [1, 1, 1], [-34, -33, -33]],
  ])('%i in %j is %j', (total, shares, parts) => {
    expect(splitMicros(total as Micros, shares)).toEqual(parts);
  });

  test('come to the whole to the micro-unit, each within one of what is due', () => {
    const totals = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    const shares = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 20, size: 'max' });
    fc.assert(
      fc.property(totals, shares, (total, wanted) => {
        const whole = wanted.reduce((sum, share) => sum + share, 0);
        fc.pre(whole > 0);
        const parts = splitMicros(total as Micros, wanted);
        expect(parts.reduce((sum, part) => sum + BigInt(part), 0n)).toBe(BigInt(total));
        for (const [index, part] of parts.entries()) {
          const off = BigInt(part) * BigInt(whole) - BigInt(total) * BigInt(wanted[index] as number);
          expect(off < BigInt(whole) && off > -BigInt(whole)).toBe(true);
        }
      }),
    );
  });

  test.each([[[]], [[0, 0]], [[-1, 2]], [[0.5]], [[NaN]]])('%j are none', (shares) => {
    expect(() => splitMicros(usd(1), shares)).toThrow(RangeError);
  });
});

describe('a plan at another price', () => {
  const whole = { minimum: usd(2), maximum: usd(40) };
  const half = { minimum: usd(1), maximum: usd(20) };
  test.each([
    ['per call', { ...perCall(usd(30), 5), ...whole }, { ...perCall(usd(15), 5), ...half }],
    [
      'per minute, its increments as they were',
      { ...perMinute(usd(2), 30_000, 6_000), connectFee: usd(1) },
      { ...perMinute(usd(1), 30_000, 6_000), connectFee: usd(0.5) },
    ],
    ['by bands', banded([60_000, 0], [null, usd(20)]), banded([60_000, 0], [null, usd(10)])],
    [
      'by graduated minutes',
      graduated(60_000, 60_000, [60_000, usd(4)], [null, usd(2)]),
      graduated(60_000, 60_000, [60_000, usd(2)], [null, usd(1)]),
    ],
  ])('%s has its amounts in proportion', (_what, plan, scaled) => {
    expect(scalePlan(plan, usd(20), usd(10))).toEqual(scaled);
    expect(scalePlan(plan, usd(20), usd(20))).toBe(plan);
  });

  test('has nothing wrong in it, and costs no more when it is sold for less', () => {
    fc.assert(
      fc.property(ratePlans, amounts, amounts, durations, (plan, one, other, connectedMs) => {
        const [less, more] = [Math.min(one, other) as Micros, Math.max(one, other) as Micros];
        fc.pre(more > 0);
        const scaled = scalePlan(plan, more, less);
        expect(planProblems(scaled, '')).toEqual([]);
        const times = connectedTimes(connectedMs);
        expect(charge(scaled, times)).toBeLessThanOrEqual(charge(plan, times));
      }),
    );
  });
});
