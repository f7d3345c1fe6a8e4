import * as fc from 'fast-check';
import { daysLater, periodAt, readPeriod } from '../../../../src/billing/invoices/invoice-period';

const iso = (text: string, zone: string): [string, string] | undefined => {
  const period = readPeriod(text, zone);
  return period && [new Date(period.from).toISOString(), new Date(period.to).toISOString()];
};

test('periods are those of the calendar of the account', () => {
  expect(iso('2026-11', 'UTC')).toEqual(['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z']);
  // The clocks go back on 2026-11-01: the month is an hour longer.
  expect(iso('2026-11', 'America/New_York')).toEqual([
    '2026-11-01T04:00:00.000Z',
    '2026-12-01T05:00:00.000Z',
  ]);
  expect(iso('2026-12', 'UTC')?.[1]).toBe('2027-01-01T00:00:00.000Z');
  expect(iso('2026-W47', 'UTC')).toEqual(['2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z']);
  expect(iso('2026-W01', 'UTC')?.[0]).toBe('2025-12-29T00:00:00.000Z');
  expect(iso('2026-W53', 'UTC')?.[0]).toBe('2026-12-28T00:00:00.000Z');
  expect(iso('2026-11-21', 'Asia/Kolkata')).toEqual(['2026-11-20T18:30:00.000Z', '2026-11-21T18:30:00.000Z']);
  expect(iso('2026-11-01..2026-11-16', 'UTC')).toEqual([
    '2026-11-01T00:00:00.000Z',
    '2026-11-16T00:00:00.000Z',
  ]);
});

test.each([
  '',
  '2026',
  '2026-13',
  '2026-00',
  '2025-W53',
  '2026-W00',
  '2026-02-29',
  '2026-11-31',
  '2026-11-16..2026-11-16',
  '1969-12',
  'x',
])('"%s" is no period', (text) => expect(readPeriod(text, 'UTC')).toBeUndefined());

test('weeks and months follow each other without gap or overlap, in every zone', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('weekly', 'monthly'),
      fc.constantFrom('UTC', 'America/New_York', 'Pacific/Auckland', 'Asia/Kolkata', 'Africa/Cairo'),
      fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }),
      (rhythm, zone, at) => {
        const period = periodAt(rhythm, zone, at);
        expect(period.from).toBeLessThanOrEqual(at);
        expect(period.to).toBeGreaterThan(at);
        expect(periodAt(rhythm, zone, period.to).from).toBe(period.to);
        expect(periodAt(rhythm, zone, period.from - 1).to).toBe(period.from);
        expect(periodAt(rhythm, zone, period.to - 1)).toEqual(period);
      },
    ),
  );
});

test('an invoice is due on a day of the account', () => {
  const issued = Date.UTC(2026, 9, 31, 15);
  expect(new Date(daysLater(issued, 2, 'America/New_York')).toISOString()).toBe('2026-11-02T05:00:00.000Z');
});
