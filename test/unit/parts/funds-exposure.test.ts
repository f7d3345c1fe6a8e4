import fc from 'fast-check';
import { micros } from '../../../src/domain';
import { UnheldExposure } from '../../../src/parts/funds-exposure';

test('one account is let through up to the sum, whatever the others do', () => {
  const exposure = new UnheldExposure(100);
  expect(exposure.take('a', micros(60))).toBe(true);
  expect(exposure.take('a', micros(41))).toBe(false);
  expect(exposure.take('b', micros(100))).toBe(true);
  exposure.giveBack('a', micros(60));
  expect(exposure.take('a', micros(100))).toBe(true);
  expect(() => exposure.giveBack('c', micros(1))).toThrow(RangeError);
});

test('what ended and cannot be settled counts until the outage is over', () => {
  const exposure = new UnheldExposure(100);
  exposure.take('a', micros(60));
  exposure.giveBack('a', micros(60), micros(55));
  expect(exposure.take('a', micros(46))).toBe(false);
  expect(exposure.take('a', micros(45))).toBe(true);
  exposure.outageOver();
  expect(exposure.total).toBe(45);
  exposure.giveBack('a', micros(45));
  expect(exposure.total).toBe(0);
});

test('it is never more than the sum, and nothing is left when every call is over', () => {
  const call = fc.record({
    amount: fc.integer({ min: 1, max: 60 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(call, { size: 'max', maxLength: 60 }),
      fc.infiniteStream(fc.boolean()),
      (calls, ends) => {
        const exposure = new UnheldExposure(100);
        const live: { amount: number; share: number }[] = [];
        const end = (): void => {
          const one = live.shift();
          if (one) exposure.giveBack('a', micros(one.amount), micros(Math.floor(one.amount * one.share)));
        };
        for (const one of calls) {
          if (exposure.take('a', micros(one.amount))) live.push(one);
          expect(exposure.total).toBeLessThanOrEqual(100);
          expect(exposure.total).toBeGreaterThanOrEqual(live.reduce((sum, { amount }) => sum + amount, 0));
          if (ends.next().value === true) end();
        }
        while (live.length > 0) end();
        exposure.outageOver();
        expect(exposure.total).toBe(0);
      },
    ),
  );
});
