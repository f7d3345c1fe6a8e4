import fc from 'fast-check';
import { waitAfter } from '../../../../src/billing/payments/payment-keeper';
import type { PaymentStep } from '../../../../src/billing/payments/payment';
import {
  goesForward,
  isPosted,
  PAYMENT_KINDS,
  PAYMENT_STEPS,
} from '../../../../src/billing/payments/payment';

const kinds = fc.constantFrom(...PAYMENT_KINDS);
const states = fc.constantFrom(...PAYMENT_STEPS);

test('whatever is told in whatever order, a payment ends the same', () => {
  const end = (kind: (typeof PAYMENT_KINDS)[number], told: readonly PaymentStep[]): PaymentStep =>
    told.reduce<PaymentStep>((now, next) => (goesForward(kind, now, next) ? next : now), 'created');
  fc.assert(
    fc.property(
      kinds,
      fc.array(states, { size: 'max', maxLength: 8 }).chain((told) =>
        fc.tuple(
          fc.constant(told),
          fc.shuffledSubarray([...told, ...told], {
            minLength: 2 * told.length,
            maxLength: 2 * told.length,
          }),
        ),
      ),
      (kind, [told, again]) => expect(end(kind, again)).toBe(end(kind, told)),
    ),
  );
});

test('a charge that was made stays made; money that came back stays back', () => {
  for (const state of PAYMENT_STEPS) {
    expect(goesForward('charge', 'succeeded', state)).toBe(false);
    expect(goesForward('refund', 'failed', state)).toBe(false);
    expect(goesForward('chargeback', 'failed', state)).toBe(false);
  }
  expect(goesForward('charge', 'failed', 'succeeded')).toBe(true);
  expect(goesForward('refund', 'succeeded', 'failed')).toBe(true);
});

test('money of a refund is out of the wallet from the beginning, that of a charge in it at the end', () => {
  expect(PAYMENT_STEPS.filter((state) => isPosted('charge', state))).toEqual(['succeeded']);
  expect(PAYMENT_STEPS.filter((state) => isPosted('refund', state))).toEqual([
    'created',
    'pending',
    'succeeded',
  ]);
});

test('waits grow to four hours, and the last of them are past the life of an idempotency key', () => {
  const waits = Array.from({ length: 14 }, (_, n) => waitAfter(n + 1));
  expect(waits.slice(0, 3)).toEqual([5_000, 15_000, 45_000]);
  expect(Math.max(...waits)).toBe(14_400_000);
  expect([...waits].sort((a, b) => a - b)).toEqual(waits);
  const lastAsked = waits.slice(0, 13).reduce((sum, wait) => sum + wait, 0);
  expect(lastAsked).toBeGreaterThan(20 * 3_600_000);
});
