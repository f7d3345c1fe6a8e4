import * as fc from 'fast-check';
import { decimalText } from '../../../../src/domain';
import { AmountFormat, payable } from '../../../../src/billing/invoices/display-amounts';

/** Thirty of them together are still a safe integer, as every total of the product is. */
const amounts = fc.array(fc.integer({ min: -3e14, max: 3e14 }), { minLength: 1, maxLength: 30, size: 'max' });

/** What a text says, in micro-units, by exact arithmetic. */
const microsOf = (text: string): bigint => {
  const [whole = '0', fraction = ''] = text.replace(/,/g, '').replace('-', '').split('.');
  const value = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return text.startsWith('-') ? -value : value;
};

test('what is shown adds up to the total that is shown, to the last digit, whatever the amounts', () => {
  fc.assert(
    fc.property(amounts, (list) => {
      const total = list.reduce((sum, amount) => sum + amount, 0);
      const format = new AmountFormat('en-US', 'USD', [...list, total]);
      const shown = list.map((amount) => microsOf(format.text(amount)));
      expect(shown.reduce((sum, amount) => sum + amount, 0n)).toBe(microsOf(format.text(total)));
      expect(shown).toEqual(list.map(BigInt));
    }),
  );
});

test('all amounts have the same number of decimals: those of the currency, or as many as the finest needs', () => {
  const of = (currency: 'USD' | 'JPY', ...list: number[]): string[] => {
    const format = new AmountFormat('en-US', currency, list);
    return list.map((amount) => format.text(amount));
  };
  expect(of('USD', 1_000_000, -2_500_000)).toEqual(['1.00', '-2.50']);
  expect(of('USD', 1_000_000, 1)).toEqual(['1.000000', '0.000001']);
  expect(of('USD', 1_234_567_891_000)).toEqual(['1,234,567.891']);
  expect(of('JPY', 5_000_000, 12_000_000)).toEqual(['5', '12']);
});

test('an amount that was not announced is a bug, not a rounding', () => {
  expect(() => new AmountFormat('en-US', 'USD', [1_000_000]).text(1)).toThrow(RangeError);
});

test('locales write as they do, with characters that the fonts have', () => {
  expect(new AmountFormat('de-DE', 'EUR', [-1_234_500_000]).text(-1_234_500_000)).toBe('-1.234,50');
  expect(new AmountFormat('fr-FR', 'EUR', [1_234_500_000]).text(1_234_500_000)).toBe('1\u00a0234,50');
  expect(new AmountFormat('sv-SE', 'EUR', [-1_000_000]).text(-1_000_000)).toBe('-1,00');
});

test('decimal texts are exact', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (amount) => {
      expect(microsOf(decimalText(amount))).toBe(BigInt(amount));
    }),
  );
  expect(decimalText(-500_000, 2)).toBe('-0.50');
});

test('what is payable is the amount to the smallest unit, half away from zero', () => {
  expect(payable(1_005_000, 'USD')).toBe(1_010_000);
  expect(payable(1_004_999, 'USD')).toBe(1_000_000);
  expect(payable(-1_005_000, 'USD')).toBe(-1_010_000);
  expect(payable(500_000, 'JPY')).toBe(1_000_000);
  fc.assert(
    fc.property(fc.maxSafeInteger(), (amount) => {
      const sum = payable(Math.trunc(amount / 2), 'EUR');
      expect(sum % 10_000 === 0).toBe(true);
      expect(Math.abs(sum - Math.trunc(amount / 2))).toBeLessThanOrEqual(5_000);
    }),
  );
});
