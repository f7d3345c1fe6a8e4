import * as fc from 'fast-check';
import { countryHours, stateHours } from '../../../src/compliance/calling-hours';
import type { CallingHours, Window } from '../../../src/compliance/data/calling-hours';
import { COUNTRY_HOURS, STATE_HOURS } from '../../../src/compliance/data/calling-hours';
import { HolidayCalendar, easterOf } from '../../../src/compliance/holidays';
import { civilDate, daysFromCivil, zoneOf } from '../../../src/domain';

const ET = zoneOf('America/New_York');
const CT = zoneOf('America/Chicago');
/** Instant of a wall-clock time in New York, by the offset of that day. */
const inNewYork = (year: number, month: number, day: number, hour: number, minute = 0): number =>
  Date.UTC(year, month - 1, day, hour, minute) - ET.offsetAt(Date.UTC(year, month - 1, day, 17));

const rows: readonly CallingHours[] = [...Object.values(COUNTRY_HOURS), ...STATE_HOURS];
const verdictOf = (row: CallingHours, now: number): boolean =>
  row.place === 'US' || row.place === 'CA'
    ? countryHours(row.place, [ET], now).allowed
    : (stateHours(row.place, [ET], now)?.allowed ?? true);

/** The week of Sunday 2026-08-02 holds no holiday of any calendar. */
const SUNDAY = 2;

describe.each(rows.map((row) => [row.place, row] as const))('the row of %s', (_place, row) => {
  const days: [string, number, Window | undefined][] = [
    ['Sunday', SUNDAY, row.sunday],
    ['Monday', SUNDAY + 1, row.weekdays],
    ['Friday', SUNDAY + 5, row.weekdays],
    ['Saturday', SUNDAY + 6, row.saturday],
  ];

  test.each(days)('on a %s allows its window to the minute, and nothing else', (_name, day, window) => {
    const allowed: number[] = [];
    for (let minute = 0; minute < 1440; minute++) {
      if (verdictOf(row, inNewYork(2026, 8, day, 0, minute))) allowed.push(minute);
    }
    if (!window) expect(allowed).toEqual([]);
    else {
      expect([allowed[0], allowed.at(-1), allowed.length]).toEqual([
        window[0] * 60,
        window[1] * 60 - 1,
        (window[1] - window[0]) * 60,
      ]);
    }
  });

  test('is no wider than a day, cites its source and says how well it is founded', () => {
    for (const [, , window] of days) {
      if (window) expect(window[0] >= 0 && window[0] < window[1] && window[1] <= 24).toBe(true);
    }
    expect(row.citation).not.toBe('');
    expect(['S', 'K', 'S/K']).toContain(row.mark);
  });
});

test.each<[string, string, [number, number, number], string]>([
  ['AL', 'Independence Day, observed on Friday', [2026, 7, 3], 'Independence Day'],
  ['AL', 'Independence Day itself', [2026, 7, 4], 'Independence Day'],
  ['LA', 'Mardi Gras', [2026, 2, 17], 'Mardi Gras'],
  ['LA', 'Good Friday', [2026, 4, 3], 'Good Friday'],
  ['LA', 'Acadian Day', [2026, 11, 27], 'Acadian Day'],
  ['MS', 'Memorial Day', [2026, 5, 25], 'Memorial Day'],
  ['PA', 'Thanksgiving', [2026, 11, 26], 'Thanksgiving Day'],
  ['RI', 'Victory Day', [2026, 8, 10], 'Victory Day'],
  ['UT', 'Pioneer Day', [2026, 7, 24], 'Pioneer Day'],
  ['UT', 'New Year observed on Monday', [2023, 1, 2], "New Year's Day"],
  ['AL', 'New Year observed in the year before', [2021, 12, 31], "New Year's Day"],
])('%s takes no calls on %s', (state, _name, [year, month, day], holiday) => {
  expect(stateHours(state, [ET], inNewYork(year, month, day, 12))).toMatchObject({ allowed: false, holiday });
});

test('Texas calls on the same holiday, since its row closes on none', () => {
  expect(stateHours('TX', [ET], inNewYork(2026, 11, 26, 12))?.allowed).toBe(true);
});

test('Easter falls where the tables say', () => {
  const dates = [2000, 2008, 2011, 2024, 2025, 2026, 2027, 2038].map((year) => {
    const { month, day } = civilDate(easterOf(year));
    return `${month}-${day}`;
  });
  expect(dates).toEqual(['4-23', '3-23', '4-24', '3-31', '4-20', '4-5', '3-28', '4-25']);
});

test('a weekday holiday falls on its weekday in every year', () => {
  const federal = new HolidayCalendar('federal');
  fc.assert(
    fc.property(fc.integer({ min: 1980, max: 2080 }), (year) => {
      const names = Array.from({ length: 365 }, (_, n) => daysFromCivil(year, 1, 1) + n).flatMap((day) => {
        const name = federal.nameOn(day);
        return name === undefined ? [] : [`${name}/${civilDate(day).weekday}`];
      });
      for (const monday of ['Martin Luther King Jr. Day', 'Memorial Day', 'Labor Day', 'Columbus Day']) {
        expect(names.filter((name) => name.startsWith(monday))).toEqual([`${monday}/1`]);
      }
      expect(names.filter((name) => name.startsWith('Thanksgiving'))).toEqual(['Thanksgiving Day/4']);
    }),
    { numRuns: 40 },
  );
});

describe('when the clocks change', () => {
  test.each([
    ['the day of 23 hours', Date.UTC(2026, 2, 8), 13 * 60],
    ['the day of 25 hours', Date.UTC(2026, 10, 1), 13 * 60],
  ])('%s still has thirteen hours for calls, from 8 to 21 by the wall', (_name, midnightUtc, minutes) => {
    let allowed = 0;
    for (let minute = 0; minute < 30 * 60; minute++) {
      const now = midnightUtc + 3 * 3_600_000 + minute * 60_000;
      const wall = ((now + ET.offsetAt(now)) / 60_000) % 1440;
      const { allowed: ok } = countryHours('US', [ET], now);
      expect(ok).toBe(wall >= 480 && wall < 1260);
      if (ok && minute < 25 * 60) allowed++;
    }
    expect(allowed).toBe(minutes);
  });
});

test('over several zones, all must allow: never a minute that one of them forbids', () => {
  const zones = [
    'America/New_York',
    'America/Chicago',
    'America/Denver',
    'America/Phoenix',
    'Pacific/Honolulu',
  ].map(zoneOf);
  fc.assert(
    fc.property(
      fc.subarray(zones, { minLength: 1 }),
      fc.constantFrom(...STATE_HOURS.map(({ place }) => place)),
      fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) }),
      (some, state, now) => {
        const each = some.map((zone) => stateHours(state, [zone], now)?.allowed);
        expect(stateHours(state, some, now)?.allowed).toBe(each.every((ok) => ok === true));
        expect(countryHours('US', some, now).allowed).toBe(
          some.every((zone) => countryHours('US', [zone], now).allowed),
        );
      },
    ),
  );
});

test('the zone that forbids is the one that is told', () => {
  // 21:30 in New York, 20:30 in Chicago.
  const verdict = countryHours('US', [CT, ET], inNewYork(2026, 8, 3, 21, 30));
  expect(verdict).toMatchObject({ allowed: false, zone: { name: 'America/New_York' } });
});
