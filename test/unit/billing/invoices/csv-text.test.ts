import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { csvRecord, localTime, maskNumber } from '../../../../src/billing/invoices/csv-text';

test('whatever is written can be read again, and nothing is a formula', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 6 }), (fields) => {
      const [read = []] = parse(csvRecord(fields), { relax_quotes: false }) as string[][];
      expect(read.map((field, n) => (field === `'${fields[n]}` ? fields[n] : field))).toEqual(fields);
      for (const field of read) if (/^[=+\-@\t\r]/.test(field)) expect(field).toMatch(/^[+-]?\d+(\.\d+)?$/);
    }),
  );
});

test.each([
  ['=1+1', "'=1+1"],
  ['+cmd', "'+cmd"],
  ['-1+2', "'-1+2"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\tx', "'\tx"],
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ['-12.50', '-12.50'],
  ['+18005550100', '+18005550100'],
])('%s is written as %s', (field, written) => expect(csvRecord([field])).toBe(`${written}\r\n`));

test('of a caller that may not be seen country and area stay', () => {
  expect(maskNumber('+12125550123')).toBe('1212xxxxxxx');
  expect(maskNumber('+44')).toBe('44');
});

test('times are on the wall clock of a zone, with its offset', () => {
  const at = Date.UTC(2026, 10, 21, 12, 0, 5, 250);
  expect(localTime(at, -5 * 3_600_000)).toBe('2026-11-21T07:00:05.250-05:00');
  expect(localTime(at, 5.5 * 3_600_000)).toBe('2026-11-21T17:30:05.250+05:30');
  expect(Date.parse(localTime(at, 12.75 * 3_600_000))).toBe(at);
});
