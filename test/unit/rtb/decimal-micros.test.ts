import * as fc from 'fast-check';
import { micros } from '../../../src/domain';
import { decimalToMicros, microsToDecimal } from '../../../src/rtb/decimal-micros';

test.each([
  [12.5, 12_500_000],
  ['12.50', 12_500_000],
  ['12.345678', 12_345_678],
  [0.1 + 0.2, 300_000],
  [25 * 0.85, 21_250_000],
  [1.1 * 3, 3_300_000],
  ['0.0000005', 1],
  ['0.0000004', 0],
  ['-0.0000005', -1],
  [1e-7, 0],
  ['1e2', 100_000_000],
  ['1.5E+1', 15_000_000],
  ['12e-1', 1_200_000],
  ['00012', 12_000_000],
  [0, 0],
  ['0e99', 0],
])('%p is %d micro-units', (value, expected) => {
  expect(decimalToMicros(value)).toBe(expected);
});

test.each(['', ' 1', '1 ', '+1', '.5', '5.', '1,5', '0x10', 'NaN', 'Infinity', '1e', '1e9999', '٣'])(
  '%p is no amount',
  (text) => expect(decimalToMicros(text)).toBeUndefined(),
);

test.each([1e10, '9999999999999999', '1e300', Infinity, NaN, 9_007_199_254.740993])(
  '%p is too much to be counted',
  (value) => expect(decimalToMicros(value)).toBeUndefined(),
);

const amount = fc.integer({ min: 0, max: 1_000_000_000_000 }).map(micros);

test('every amount comes back, as text and as a number of JSON', () => {
  fc.assert(
    fc.property(amount, (value) => {
      const text = microsToDecimal(value);
      expect(decimalToMicros(text)).toBe(value);
      expect(decimalToMicros(JSON.parse(text) as number)).toBe(value);
      expect(decimalToMicros(value / 1_000_000)).toBe(value);
    }),
  );
});

test('the noise of floating-point arithmetic costs nobody a micro-unit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 1_000 }),
      (cents, percent) => {
        expect(decimalToMicros((cents / 100) * (percent / 100))).toBe(cents * percent * 100);
      },
    ),
  );
});

test('whatever is written, it is an amount or none: nothing throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.double(), fc.stringMatching(/^-?\d{0,30}(\.\d{0,30})?(e[+-]?\d{1,4})?$/)),
      (x) => {
        const result = decimalToMicros(x);
        if (result !== undefined) expect(Number.isSafeInteger(result)).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('more digits never change an amount by more than their own worth', () => {
  fc.assert(
    fc.property(amount, fc.integer({ min: 0, max: 999 }), (value, more) => {
      const text = `${Math.floor(value / 1e6)}.${String(value % 1e6).padStart(6, '0')}${String(more).padStart(3, '0')}`;
      expect(decimalToMicros(text)).toBe(value + (more >= 500 ? 1 : 0));
    }),
  );
});
