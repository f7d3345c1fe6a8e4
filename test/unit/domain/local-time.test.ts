import * as fc from 'fast-check';
import type { CalendarPeriod } from '../../../src/domain';
import { Zone, civilDate, daysFromCivil, isTimeZone, zoneOf } from '../../../src/domain';

const ZONES = [
  'UTC',
  'America/New_York',
  'America/Phoenix',
  'America/St_Johns',
  'America/Havana',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Europe/London',
  'Pacific/Apia',
  'Pacific/Chatham',
];
const instants = fc.integer({ min: Date.UTC(2011, 0, 1), max: Date.UTC(2036, 0, 1) });

/** The wall clock as the platform writes it. */
function wallOf(zone: string, instant: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(
    instant,
  );
}

test('every zone shows the wall clock that the platform shows', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), instants, (name, instant) => {
      const zone = zoneOf(name);
      const wall = new Date(instant + zone.offsetAt(instant)).toISOString();
      expect(wall.slice(0, 19).replace('T', ' ')).toBe(wallOf(name, instant));
      const { year, month, day, weekday } = zone.dateAt(instant);
      expect(Date.UTC(year, month - 1, day)).toBe(Date.parse(`${wall.slice(0, 10)}T00:00:00Z`));
      expect(Math.floor(zone.minuteOfWeek(instant) / 1440)).toBe(weekday);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['New York springs forward', 'America/New_York', Date.UTC(2026, 2, 8, 7), -300, -240],
  ['New York falls back', 'America/New_York', Date.UTC(2026, 10, 1, 6), -240, -300],
  ['Lord Howe moves by half an hour', 'Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15), 660, 630],
  ['Apia skips a day', 'Pacific/Apia', Date.UTC(2011, 11, 30, 10), -600, 840],
])('%s to the millisecond', (_name, name, change, before, after) => {
  const zone = new Zone(name);
  expect([zone.offsetAt(change - 1), zone.offsetAt(change)].map((ms) => ms / 60_000)).toEqual([
    before,
    after,
  ]);
});

describe('calendar periods', () => {
  test.each<[string, CalendarPeriod]>(
    ZONES.flatMap((name) =>
      (['hour', 'day', 'month'] as const).map((period) => [name, period] as [string, CalendarPeriod]),
    ),
  )('of %s tile the time: each %s ends where the next begins, under another name', (name, period) => {
    fc.assert(
      fc.property(instants, (instant) => {
        const zone = zoneOf(name);
        const here = zone.periodAt(instant, period);
        expect(here.endsAt).toBeGreaterThan(instant);
        expect(zone.periodAt(here.endsAt - 1, period)).toEqual(here);
        const next = zone.periodAt(here.endsAt, period);
        expect(next.label > here.label).toBe(true);
        const length = { hour: 1, day: 25, month: 31 * 24 + 1 }[period] * 3_600_000;
        expect(here.endsAt - instant).toBeLessThanOrEqual(length);
      }),
      { numRuns: 60 },
    );
  });

  test('the hour that comes twice is two periods', () => {
    const zone = zoneOf('America/New_York');
    const first = Date.UTC(2026, 10, 1, 5, 30);
    const labels = [0, 1, 2, 3].map((hour) => zone.periodAt(first + (hour - 1) * 3_600_000, 'hour').label);
    expect(labels).toEqual(['2026-11-01T00', '2026-11-01T01', '2026-11-01T01~2', '2026-11-01T02']);
  });

  test('a quarter of an hour and an hour that come again sort behind what came before', () => {
    // Chatham Islands: 2026-04-05 03:45 → 02:45.
    const zone = zoneOf('Pacific/Chatham');
    const change = Date.UTC(2026, 3, 4, 14);
    const labels = [-60, -1, 0, 14, 15, 74, 75].map((minutes) =>
      zone.periodAt(change + minutes * 60_000, 'hour').label.slice(8),
    );
    expect(labels).toEqual(['05T02', '05T03', '05T03~2', '05T03~2', '05T03~3', '05T03~3', '05T04']);
  });

  test('an hour is whole when the year turns within it elsewhere', () => {
    const newYear = Date.UTC(2036, 0, 1);
    const { label, endsAt } = zoneOf('Asia/Kolkata').periodAt(newYear - 1, 'hour');
    expect([label, endsAt]).toEqual(['2036-01-01T05', newYear + 30 * 60_000]);
    expect(zoneOf('Asia/Kolkata').periodAt(newYear, 'hour').label).toBe(label);
  });

  test('the hour that never comes has no period', () => {
    const zone = zoneOf('America/New_York');
    const labels = [6, 7, 8].map((hour) => zone.periodAt(Date.UTC(2026, 2, 8, hour, 30), 'hour').label);
    expect(labels).toEqual(['2026-03-08T01', '2026-03-08T03', '2026-03-08T04']);
  });

  test.each([
    ['of 23 hours', '2026-03-08', Date.UTC(2026, 2, 8, 5), 23],
    ['of 25 hours', '2026-11-01', Date.UTC(2026, 10, 1, 4), 25],
  ])('a day %s is one period', (_name, label, start, hours) => {
    const zone = zoneOf('America/New_York');
    expect(zone.periodAt(start, 'day')).toEqual({ label, endsAt: start + hours * 3_600_000 });
    expect(zone.periodAt(start - 1, 'day').endsAt).toBe(start);
  });

  test('a day whose midnight is skipped begins with the first instant it has', () => {
    // Egypt: 2024-04-26 00:00 → 01:00.
    const zone = zoneOf('Africa/Cairo');
    const start = zone.startOfDay(daysFromCivil(2024, 4, 26));
    expect(start).toBe(Date.UTC(2024, 3, 25, 22));
    expect(wallOf('Africa/Cairo', start)).toBe('2024-04-26 01:00:00');
  });
});

test('a day whose midnight comes twice begins with the first', () => {
  // Cuba: 2026-11-01 01:00 → 00:00.
  const start = zoneOf('America/Havana').startOfDay(daysFromCivil(2026, 11, 1));
  expect(start).toBe(Date.UTC(2026, 10, 1, 4));
});

test('a day number and its date are one', () => {
  fc.assert(
    fc.property(fc.integer({ min: -200_000, max: 200_000 }), (day) => {
      const { year, month, day: date } = civilDate(day);
      expect(daysFromCivil(year, month, date)).toBe(day);
    }),
  );
});

test('what is no zone is told', () => {
  expect([isTimeZone('America/New_York'), isTimeZone('Mars/Olympus'), isTimeZone('')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(() => zoneOf('Mars/Olympus')).toThrow(RangeError);
  expect(() => zoneOf('UTC').offsetAt(NaN)).toThrow(RangeError);
});
