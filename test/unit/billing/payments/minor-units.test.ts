import fc from 'fast-check';
import {
  decimalText,
  microsOfMinorUnits,
  microsPerMinorUnit,
  minorUnitsOf,
  wholeMinorUnits,
} from '../../../../src/billing/payments/minor-units';
import { CURRENCIES, micros } from '../../../../src/domain';

const currencies = fc.constantFrom(...CURRENCIES);

test.each([
  [12_340_000, 'USD', 1_234],
  [10_000, 'EUR', 1],
  [500_000_000, 'JPY', 500],
] as const)('%i micro-units of %s are %i of its smallest unit', (amount, currency, units) => {
  expect(minorUnitsOf(micros(amount), currency)).toEqual({ ok: true, units });
});

test.each([
  [500_500_000, 'JPY', '1000000'],
  [10_001, 'USD', '10000'],
  [0, 'USD', 'more than nothing'],
  [-10_000, 'USD', 'more than nothing'],
  [1_000_000_000_000, 'USD', '999999990000 at most'],
] as const)('%i micro-units of %s are refused', (amount, currency, why) => {
  const written = minorUnitsOf(micros(amount), currency);
  expect(written.ok ? '' : written.reason).toContain(why);
});

test('what can be written reads as what it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999 }), currencies, (units, currency) => {
      const amount = microsOfMinorUnits(units, currency);
      expect(minorUnitsOf(amount, currency)).toEqual({ ok: true, units });
      expect(wholeMinorUnits(amount, currency)).toBe(amount);
    }),
  );
});

test('no amount is written as another', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), currencies, (value, currency) => {
      const amount = micros(value);
      const written = minorUnitsOf(amount, currency);
      if (written.ok) expect(microsOfMinorUnits(written.units, currency)).toBe(amount);
      else expect(amount <= 0 || amount % microsPerMinorUnit(currency) !== 0 || amount > 1e10).toBe(true);
    }),
  );
});

test('what is paid of an amount is the most that can be, and never more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), currencies, (value, currency) => {
      const paid = wholeMinorUnits(micros(value), currency);
      expect(paid % microsPerMinorUnit(currency)).toBe(0);
      expect(value - paid).toBeGreaterThanOrEqual(0);
      expect(value - paid).toBeLessThan(microsPerMinorUnit(currency));
    }),
  );
});

test.each([
  [12_340_000, 'USD', '12.34'],
  [10_000, 'USD', '0.01'],
  [-1_500_000, 'EUR', '-1.50'],
  [500_000_000, 'JPY', '500'],
  [0, 'USD', '0.00'],
] as const)('%i of %s is written %s', (amount, currency, text) => {
  expect(decimalText(micros(amount), currency)).toBe(text);
});
