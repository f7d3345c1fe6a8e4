import * as fc from 'fast-check';
import { HOLIDAY_CALENDARS } from '../../../src/compliance/data/holidays';
import type { HolidayCalendarName } from '../../../src/compliance/data/holidays';
import { HolidayCalendar, easterOf } from '../../../src/compliance/holidays';
import { civilDate, daysFromCivil } from '../../../src/domain';

test('Easter falls where the tables say', () => {
  const dates = [2000, 2008, 2011, 2024, 2025, 2026, 2027, 2038].map((year) => {
    const { month, day } = civilDate(easterOf(year));
    return `${month}-${day}`;
  });
  expect(dates).toEqual(['4-23', '3-23', '4-24', '3-31', '4-20', '4-5', '3-28', '4-25']);
});

/** Every day of a year that a calendar names, as `7-4 Independence Day`. */
function daysOf(calendar: HolidayCalendar, year: number): string[] {
  const days: string[] = [];
  for (let day = daysFromCivil(year, 1, 1); day < daysFromCivil(year + 1, 1, 1); day++) {
    const name = calendar.nameOn(day);
    const { month, day: ofMonth } = civilDate(day);
    if (name !== undefined) days.push(`${month}-${ofMonth} ${name}`);
  }
  return days;
}

test('the federal holidays of 2026 and of 2027 are those that the Office of Personnel Management lists', () => {
  const federal = new HolidayCalendar('federal');
  // The observed days are the Office's; the weekend day itself counts as well.
  expect(daysOf(federal, 2026)).toEqual([
    "1-1 New Year's Day",
    '1-19 Martin Luther King Jr. Day',
    "2-16 Washington's Birthday",
    '5-25 Memorial Day',
    '6-19 Juneteenth',
    '7-3 Independence Day',
    '7-4 Independence Day',
    '9-7 Labor Day',
    '10-12 Columbus Day',
    '11-11 Veterans Day',
    '11-26 Thanksgiving Day',
    '12-25 Christmas Day',
  ]);
  expect(daysOf(federal, 2027)).toEqual([
    "1-1 New Year's Day",
    '1-18 Martin Luther King Jr. Day',
    "2-15 Washington's Birthday",
    '5-31 Memorial Day',
    '6-18 Juneteenth',
    '6-19 Juneteenth',
    '7-4 Independence Day',
    '7-5 Independence Day',
    '9-6 Labor Day',
    '10-11 Columbus Day',
    '11-11 Veterans Day',
    '11-25 Thanksgiving Day',
    '12-24 Christmas Day',
    '12-25 Christmas Day',
    "12-31 New Year's Day",
  ]);
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

test('a fixed holiday on a weekend is kept on a weekday beside it, in every calendar and year', () => {
  const names = Object.keys(HOLIDAY_CALENDARS) as HolidayCalendarName[];
  const calendars = new Map(names.map((name) => [name, new HolidayCalendar(name)]));
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.integer({ min: 1980, max: 2080 }), (name, year) => {
      const calendar = calendars.get(name) as HolidayCalendar;
      for (const rule of HOLIDAY_CALENDARS[name].rules) {
        if (!('fixed' in rule)) continue;
        const day = daysFromCivil(year, rule.fixed[0], rule.fixed[1]);
        const { weekday } = civilDate(day);
        expect(calendar.nameOn(day)).toBeDefined();
        if (weekday === 0) expect(calendar.nameOn(day + 1)).toBeDefined();
        if (weekday === 6) expect(calendar.nameOn(day - 1)).toBeDefined();
        if (weekday === 6 && name === 'RI') expect(calendar.nameOn(day + 2)).toBeDefined();
      }
    }),
    { numRuns: 200 },
  );
});

test('general elections are of even years, the Tuesday after the first Monday in November', () => {
  const elections = (name: HolidayCalendarName): string[] =>
    [2026, 2027, 2028].flatMap((year) =>
      daysOf(new HolidayCalendar(name), year).filter((day) => day.endsWith('Election Day')),
    );
  expect(elections('LA')).toEqual(['11-3 Election Day', '11-7 Election Day']);
  expect(elections('RI')).toEqual(['11-3 Election Day', '11-7 Election Day']);
  expect(elections('PA')).toEqual(['11-3 Election Day', '11-2 Election Day', '11-7 Election Day']);
});
