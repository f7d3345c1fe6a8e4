import type { HolidayCalendarName } from './calling-hours';

/**
 * Holidays as rules. A `fixed` date that falls on a weekend is kept on the day it falls on and on the
 * day it is observed: Saturday on Friday, Sunday on Monday (5 U.S.C. 6103(b); for Alabama the PSC's
 * own rule says the same). As of 2025-11. State rows: mark K, from monthly compliance calendars.
 */
export type HolidayRule =
  | { readonly name: string; readonly fixed: readonly [month: number, day: number] }
  /** `nth` weekday of a month; -1 = the last. */
  | {
      readonly name: string;
      readonly month: number;
      readonly weekday: number;
      readonly nth: number;
      /** Days after the weekday that the rule names. */
      readonly plus?: number;
    }
  | { readonly name: string; readonly easterPlus: number };

const MONDAY = 1;
const THURSDAY = 4;

/** 5 U.S.C. 6103(a). */
const FEDERAL: readonly HolidayRule[] = [
  { name: "New Year's Day", fixed: [1, 1] },
  { name: 'Martin Luther King Jr. Day', month: 1, weekday: MONDAY, nth: 3 },
  { name: "Washington's Birthday", month: 2, weekday: MONDAY, nth: 3 },
  { name: 'Memorial Day', month: 5, weekday: MONDAY, nth: -1 },
  { name: 'Juneteenth', fixed: [6, 19] },
  { name: 'Independence Day', fixed: [7, 4] },
  { name: 'Labor Day', month: 9, weekday: MONDAY, nth: 1 },
  { name: 'Columbus Day', month: 10, weekday: MONDAY, nth: 2 },
  { name: 'Veterans Day', fixed: [11, 11] },
  { name: 'Thanksgiving Day', month: 11, weekday: THURSDAY, nth: 4 },
  { name: 'Christmas Day', fixed: [12, 25] },
];

export const HOLIDAY_CALENDARS: Readonly<Record<HolidayCalendarName, readonly HolidayRule[]>> = {
  federal: FEDERAL,
  AL: [
    ...FEDERAL,
    { name: 'Confederate Memorial Day', month: 4, weekday: MONDAY, nth: 4 },
    { name: "Jefferson Davis' Birthday", month: 6, weekday: MONDAY, nth: 1 },
  ],
  LA: [
    ...FEDERAL,
    { name: 'Mardi Gras', easterPlus: -47 },
    { name: 'Good Friday', easterPlus: -2 },
    { name: 'Acadian Day', month: 11, weekday: THURSDAY, nth: 4, plus: 1 },
    { name: 'Christmas Eve', fixed: [12, 24] },
  ],
  MS: [...FEDERAL, { name: 'Confederate Memorial Day', month: 4, weekday: MONDAY, nth: -1 }],
  PA: [...FEDERAL, { name: 'Good Friday', easterPlus: -2 }, { name: 'Flag Day', fixed: [6, 14] }],
  RI: [
    ...FEDERAL,
    { name: 'Victory Day', month: 8, weekday: MONDAY, nth: 2 },
    { name: 'Easter Sunday', easterPlus: 0 },
  ],
  UT: [...FEDERAL, { name: 'Pioneer Day', fixed: [7, 24] }],
};
