import * as fc from 'fast-check';
import { expectedPayout, marginFloor } from '../../../src/auction';
import type { MarginPolicy, Micros, PerMinutePlan } from '../../../src/domain';
import { usd } from '../market/fixtures';

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
    expect(marginFloor(policy, usd(10))).toBe(usd(floor));
  });

  test('is none when all of the price is asked for', () => {
    expect(marginFloor({ percentBp: 10_000 }, usd(10))).toBeUndefined();
  });

  test('leaves the margin, and a micro-unit less does not', () => {
    const policies = fc.record({
      percentBp: fc.integer({ min: 0, max: 9_999 }),
      amount: amounts,
      minimum: amounts,
    });
    fc.assert(
      fc.property(policies, amounts, (policy, payout) => {
        const floor = BigInt(marginFloor(policy, payout) ?? -1);
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

describe('what a seller is expected to earn', () => {
  const perMinute: PerMinutePlan = {
    kind: 'per_minute',
    ratePerMinute: usd(1),
    firstIncrementMs: 30_000,
    nextIncrementMs: 6_000,
    afterMs: 0,
  };

  test('is the amount of a plan by the call', () => {
    expect(expectedPayout({ kind: 'per_call', amount: usd(7), afterMs: 90_000 }, 1_000)).toBe(usd(7));
  });

  test.each<[number | undefined, number, number]>([
    [61_000, 0, 1.1],
    [12_000, 0, 0.5],
    // Three minutes where nobody knows.
    [undefined, 0, 3],
    // It earns nothing for less.
    [20_000, 120_000, 2],
  ])('is that of a call of the usual %p ms by the minute, counted from %p ms', (lasts, afterMs, amount) => {
    expect(expectedPayout({ ...perMinute, afterMs }, lasts)).toBe(usd(amount));
  });
});
