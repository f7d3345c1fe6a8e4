import * as fc from 'fast-check';
import { expectedPayout, marginFloor } from '../../../src/auction';
import type { ConversionRule, MarginPolicy, Micros, PayoutPlan, PerMinutePlan } from '../../../src/domain';
import { charge, connectedTimes } from '../../../src/rating';
import { usd } from '../market/fixtures';
import { banded, perCall, share, sharePlans } from '../rating/plans';

const amounts = fc.integer({ min: 0, max: 1_000_000_000 }) as fc.Arbitrary<number> as fc.Arbitrary<Micros>;

describe('the lowest price that leaves the margin', () => {
  test.each<[string, MarginPolicy, number]>([
    ['none asked for: what the seller earns', {}, 10],
    ['a fifth of the price', { percentBp: 2_000 }, 12.5],
    ['an amount', { amount: usd(3) }, 13],
    ['both', { percentBp: 2_000, amount: usd(2) }, 15],
    ['a minimum above both', { percentBp: 1_000, minimum: usd(4) }, 14],
    ['a minimum below both', { percentBp: 2_000, minimum: usd(2) }, 12.5],
    ['a loss allowed', { percentBp: 5_000, minimum: usd(9), allowLoss: true }, 0],
  ])('%s', (_name, policy, floor) => {
    expect(marginFloor(policy, { amount: usd(10) })).toBe(usd(floor));
  });

  test('is none when all of the price is asked for', () => {
    expect(marginFloor({ percentBp: 10_000 }, { amount: usd(10) })).toBeUndefined();
  });

  test('leaves the margin, and a micro-unit less does not', () => {
    const policies = fc.record({
      percentBp: fc.integer({ min: 0, max: 9_999 }),
      amount: amounts,
      minimum: amounts,
    });
    fc.assert(
      fc.property(policies, amounts, (policy, payout) => {
        const floor = BigInt(marginFloor(policy, { amount: payout }) ?? -1);
        const leaves = (price: bigint): boolean => {
          const kept = price - BigInt(payout);
          const share = price * BigInt(policy.percentBp) + BigInt(policy.amount) * 10_000n;
          return kept * 10_000n >= share && kept >= BigInt(policy.minimum);
        };
        expect(leaves(floor)).toBe(true);
        if (floor > 0n) expect(leaves(floor - 1n)).toBe(false);
      }),
    );
  });
});

describe('above a share of the price', () => {
  const shareOf = (shareBp: number, least = 0, most?: number): Parameters<typeof marginFloor>[1] => ({
    shareBp,
    least: usd(least),
    most: most === undefined ? undefined : usd(most),
  });

  test.each<[string, MarginPolicy, ReturnType<typeof shareOf>, number | undefined]>([
    // A micro-unit more than in proportion: a share may be rounded up.
    ['an amount', { amount: usd(3) }, shareOf(7_000), 10.000004],
    ['a share and another', { percentBp: 2_000, amount: usd(1) }, shareOf(7_000), 10.00001],
    ['all of the price', { percentBp: 2_000 }, shareOf(8_000), undefined],
    ['all of the price, but no more than', { percentBp: 2_000 }, shareOf(8_000, 0, 20), 25],
    ['no less than', { amount: usd(1) }, shareOf(1_000, 5), 6],
  ])('%s', (_name, policy, payout, floor) => {
    expect(marginFloor(policy, payout)).toBe(floor === undefined ? undefined : usd(floor));
  });

  test('every price from it on leaves the margin', () => {
    const policies = fc.record({ percentBp: fc.nat(9_999), amount: amounts, minimum: amounts });
    fc.assert(
      fc.property(policies, sharePlans, amounts, (policy, plan, above) => {
        const floor = marginFloor(policy, expectedPayout({ plan }, undefined));
        if (floor === undefined) return;
        const price = (floor + above) as Micros;
        const paid = charge(plan, connectedTimes(14_400_000), price);
        const kept = BigInt(price - paid);
        const asked = BigInt(price) * BigInt(policy.percentBp) + BigInt(policy.amount) * 10_000n;
        expect(kept * 10_000n >= asked && kept >= BigInt(policy.minimum)).toBe(true);
      }),
    );
  });
});

describe('what a seller is expected to earn', () => {
  const perMinute: PerMinutePlan = {
    kind: 'per_minute',
    ratePerMinute: usd(1),
    firstIncrementMs: 30_000,
    nextIncrementMs: 6_000,
    afterMs: 0,
  };

  test('is the amount of a plan by the call', () => {
    expect(expectedPayout({ plan: perCall(usd(7), 90_000) }, 1_000)).toEqual({ amount: usd(7) });
  });

  test.each<[number | undefined, number, number]>([
    [61_000, 0, 1.1],
    [12_000, 0, 0.5],
    // Three minutes where nobody knows.
    [undefined, 0, 3],
    // It earns nothing for less.
    [20_000, 120_000, 2],
  ])('is that of a call of the usual %p ms by the minute, counted from %p ms', (lasts, afterMs, amount) => {
    expect(expectedPayout({ plan: { ...perMinute, afterMs } }, lasts)).toEqual({ amount: usd(amount) });
  });

  test('is its share of a price, between its limits', () => {
    expect(expectedPayout({ plan: share(7_000, { minimum: usd(1) }) }, 1_000)).toEqual({
      shareBp: 7_000,
      least: usd(1),
      most: undefined,
    });
  });

  test('is that of the band in which the usual call ends', () => {
    const plan = banded([60_000, usd(2)], [null, usd(9)]);
    expect(expectedPayout({ plan }, 59_999.5)).toEqual({ amount: usd(9) });
    expect(expectedPayout({ plan }, 59_000)).toEqual({ amount: usd(2) });
  });

  test('is that of a rule by duration which the usual call meets, and of no other', () => {
    const conversions: ConversionRule<PayoutPlan>[] = [
      { when: { kind: 'postback', anyOf: ['sale'] }, plan: perCall(usd(90)) },
      { when: { kind: 'duration', atLeastMs: 120_000 }, plan: perCall(usd(20)) },
    ];
    const price = { plan: perCall(usd(5)), conversions };
    expect(expectedPayout(price, 120_000)).toEqual({ amount: usd(20) });
    expect(expectedPayout(price, 119_000)).toEqual({ amount: usd(5) });
  });
});
