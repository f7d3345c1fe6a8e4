import { cdrProfileSchema } from '../../../../src/billing/reconciliation/cdr-profile';
import {
  costReader,
  durationReader,
  readNumber,
  timeReader,
} from '../../../../src/billing/reconciliation/read-cdr-fields';

const profile = (more: object = {}) =>
  cdrProfileSchema.parse({ columns: { time: 1, called: 2, duration: 3 }, ...more });
const time = (text: string, more: object = {}): string | undefined => {
  const field = timeReader(profile(more))(text);
  return field.ok ? new Date(field.value).toISOString() : undefined;
};

test.each([
  ['2026-11-21T12:00:00Z', {}, '2026-11-21T12:00:00.000Z'],
  ['2026-11-21 12:00:00.250', {}, '2026-11-21T12:00:00.250Z'],
  ['2026-11-21 12:00', { timezone: 'America/New_York' }, '2026-11-21T17:00:00.000Z'],
  ['2026-11-21T12:00:00+05:30', { timezone: 'America/New_York' }, '2026-11-21T06:30:00.000Z'],
  ['2026-11-21T12:00:00-0500', {}, '2026-11-21T17:00:00.000Z'],
  ['1795521600', { timeFormat: 'epoch_s' }, '2026-11-24T12:00:00.000Z'],
  ['1795521600123', { timeFormat: 'epoch_ms' }, '2026-11-24T12:00:00.123Z'],
  ['21/11/26 5:04', { timeFormat: 'DD/MM/YYYY HH:mm' }, undefined],
  ['1/2/2026 5:04', { timeFormat: 'DD/MM/YYYY HH:mm' }, '2026-02-01T05:04:00.000Z'],
  // An hour that comes twice is its first pass; one that is skipped is what follows.
  ['2026-11-01 01:30:00', { timezone: 'America/New_York' }, '2026-11-01T05:30:00.000Z'],
  ['2026-03-08 02:30:00', { timezone: 'America/New_York' }, '2026-03-08T07:30:00.000Z'],
  ['2026-02-29 00:00:00', {}, undefined],
  ['2026-11-21 24:00:00', {}, undefined],
  ['2026-11-21', {}, undefined],
  ['yesterday', {}, undefined],
  ['0', { timeFormat: 'epoch_s' }, undefined],
])('%s is read as %o: %s', (text, more, expected) => expect(time(text, more)).toBe(expected));

test.each([
  ['90', { durationUnit: 's' }, 90_000],
  ['90.25', { durationUnit: 's' }, 90_250],
  ['90,25', { durationUnit: 's', decimalComma: true }, 90_250],
  ['90250', { durationUnit: 'ms' }, 90_250],
  ['1:01:01', { durationUnit: 'hms' }, 3_661_000],
  ['0:61:00', { durationUnit: 'hms' }, undefined],
  ['-1', { durationUnit: 's' }, undefined],
  ['1e3', { durationUnit: 's' }, undefined],
  ['', { durationUnit: 's' }, undefined],
  ['999999999', { durationUnit: 's' }, undefined],
])('a duration of %s as %o is %s', (text, more, expected) => {
  const field = durationReader(profile(more))(text);
  expect(field.ok ? field.value : undefined).toBe(expected);
});

test.each([
  ['0.0125', false, 12_500],
  ['0,0125', true, 12_500],
  ['0.0000005', false, 1],
  ['0.00000049', false, 0],
  ['12', false, 12_000_000],
  ['1,000.00', false, undefined],
  ['-0.1', false, undefined],
  ['1000001', false, undefined],
  ['', false, undefined],
])('a cost of %s (comma: %s) is %s', (text, decimalComma, expected) => {
  const field = costReader(profile({ decimalComma }))(text);
  expect(field.ok ? field.value : undefined).toBe(expected);
});

test('numbers are compared in E.164, and withheld ones are none', () => {
  expect(readNumber('(212) 555-0123')).toBe('+12125550123');
  expect(readNumber('12125550123')).toBe('+12125550123');
  expect(readNumber('anonymous')).toBeNull();
  expect(readNumber('')).toBeNull();
});

test('a pattern that does not say the day is refused', () => {
  expect(() => timeReader(profile({ timeFormat: 'HH:mm:ss' }))).toThrow('lacks YYYY');
});
