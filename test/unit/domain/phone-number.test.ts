import * as fc from 'fast-check';
import type { E164 } from '../../../src/domain';
import { isNanp, maskNumber, npaOf, nxxOf, parsePhoneNumber } from '../../../src/domain';

test.each([
  ['+12125550123', '+12125550123'],
  ['12125550123', '+12125550123'],
  ['2125550123', '+12125550123'],
  ['0012125550123', '+12125550123'],
  ['01144 20 7123 4567', '+442071234567'],
  ['(212) 555-0123', '+12125550123'],
  ['212.555.0123', '+12125550123'],
  ['+44 20 7123 4567', '+442071234567'],
  ['1234567', '+1234567'],
])('%s is %s', (text, number) => {
  expect(parsePhoneNumber(text)).toEqual({ ok: true, number });
});

test.each([
  ['', 'empty'],
  ['+', 'empty'],
  ['anonymous', 'not_digits'],
  ['+1212555O123', 'not_digits'],
  ['212+5550123', 'not_digits'],
  ['++12125550123', 'not_digits'],
  ['123456', 'too_short'],
  ['1234567890123456', 'too_long'],
  ['+0123456789', 'leading_zero'],
  ['5'.repeat(65), 'too_long'],
])('"%s" is refused: %s', (text, reason) => {
  expect(parsePhoneNumber(text)).toEqual({ ok: false, reason });
});

test('never throws, and what it gives is E.164 and reads as itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\+?[0-9 ().-]{0,20}$/)), (text) => {
      const parsed = parsePhoneNumber(text);
      if (!parsed.ok) return;
      expect(parsed.number).toMatch(/^\+[1-9]\d{6,14}$/);
      expect(parsePhoneNumber(parsed.number)).toEqual(parsed);
    }),
    { numRuns: 500 },
  );
});

test('ten and eleven digits of one number are the same number', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[2-9]\d{9}$/), (ten) => {
      const forms = [ten, `1${ten}`, `+1${ten}`, `001${ten}`].map((text) => parsePhoneNumber(text));
      for (const form of forms) expect(form).toEqual({ ok: true, number: `+1${ten}` });
    }),
  );
});

test('area code and exchange are those of a North American number only', () => {
  const number = '+12125550123' as E164;
  expect([isNanp(number), npaOf(number), nxxOf(number)]).toEqual([true, '212', '555']);
  const london = '+442071234567' as E164;
  expect([isNanp(london), npaOf(london), nxxOf(london)]).toEqual([false, undefined, undefined]);
});

test('a masked number keeps its length and shows no more than its ends', () => {
  expect(maskNumber('+12125550123')).toBe('+1212*****23');
  fc.assert(
    fc.property(fc.stringMatching(/^\+[1-9]\d{6,14}$/), (number) => {
      const masked = maskNumber(number);
      expect(masked.length).toBe(number.length);
      expect(masked.replaceAll('*', '').length).toBeLessThanOrEqual(7);
    }),
  );
  expect(maskNumber('12345')).toBe('*****');
});
