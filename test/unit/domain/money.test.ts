import * as fc from 'fast-check';
import type { Micros } from '../../../src/domain';
import {
  addMicros,
  formatMoney,
  isCurrency,
  micros,
  minorDecimals,
  multiplyRatio,
  subtractMicros,
} from '../../../src/domain';

const amounts = fc.maxSafeInteger() as fc.Arbitrary<number> as fc.Arbitrary<Micros>;
const exact = (compute: () => number, truth: bigint): void => {
  const fits = truth <= BigInt(Number.MAX_SAFE_INTEGER) && truth >= -BigInt(Number.MAX_SAFE_INTEGER);
  if (fits) expect(BigInt(compute())).toBe(truth);
  else expect(compute).toThrow(RangeError);
};

test('sums and differences are exact or refused, never rounded', () => {
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      exact(() => addMicros(a, b), BigInt(a) + BigInt(b));
      exact(() => subtractMicros(a, b), BigInt(a) - BigInt(b));
    }),
  );
});

test('a ratio is within half a micro-unit, symmetric in sign, and refused when it overflows', () => {
  fc.assert(
    fc.property(amounts, fc.integer(), fc.integer({ min: 1 }), (amount, numerator, denominator) => {
      const product = BigInt(amount) * BigInt(numerator);
      if (product / BigInt(denominator) > 9e15 || product / BigInt(denominator) < -9e15) return;
      const result = multiplyRatio(amount, numerator, denominator);
      const error = BigInt(result) * BigInt(denominator) - product;
      expect((error < 0n ? -error : error) * 2n <= BigInt(denominator)).toBe(true);
      expect(multiplyRatio(micros(-amount), numerator, denominator)).toBe(micros(-result));
    }),
  );
  expect(() => multiplyRatio(Number.MAX_SAFE_INTEGER as Micros, 2, 1)).toThrow(RangeError);
});

test('halves go away from zero', () => {
  const results = [1, 3, -1, -3].map((value) => multiplyRatio(micros(value), 1, 2));
  expect(results).toEqual([1, 2, -1, -2]);
});

test.each([
  [1, 0],
  [1, -2],
  [1.5, 2],
  [1, NaN],
])('%s/%s is no ratio', (numerator, denominator) => {
  expect(() => multiplyRatio(micros(1), numerator, denominator)).toThrow(RangeError);
});

test.each([0.5, NaN, Infinity, 2 ** 53])('%s is no amount', (value) => {
  expect(() => micros(value)).toThrow(RangeError);
});

test('there is one zero', () => {
  expect(Object.is(micros(-0), 0)).toBe(true);
  expect(Object.is(multiplyRatio(micros(-1), 0, 1), 0)).toBe(true);
});

test.each([
  [12_500_000, '12.50 USD'],
  [0, '0.00 USD'],
  [-1, '-0.000001 USD'],
  [1_230_100, '1.2301 USD'],
  [-7_000_000, '-7.00 USD'],
  [Number.MAX_SAFE_INTEGER, '9007199254.740991 USD'],
])('%s is written %s', (amount, text) => {
  expect(formatMoney({ amount: micros(amount), currency: 'USD' })).toBe(text);
});

test('what is written says the amount to the micro-unit', () => {
  fc.assert(
    fc.property(amounts, (amount) => {
      const [number] = formatMoney({ amount, currency: 'EUR' }).split(' ');
      const [whole, fraction = ''] = (number as string).replace('-', '').split('.');
      expect(fraction.length).toBeGreaterThanOrEqual(2);
      const magnitude = BigInt(`${whole}${fraction.padEnd(6, '0')}`);
      expect((number as string).startsWith('-') ? -magnitude : magnitude).toBe(BigInt(amount));
    }),
  );
});

test('only currencies that are settled in are currencies', () => {
  expect(['USD', 'JPY', 'usd', 'XXX', ''].map(isCurrency)).toEqual([true, true, false, false, false]);
});

test('a yen is the least there is of it, of dollars a cent', () => {
  expect([minorDecimals('JPY'), minorDecimals('USD')]).toEqual([0, 2]);
});
