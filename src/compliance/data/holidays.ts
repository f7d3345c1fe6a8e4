/**
 * Holidays as rules. Sources: 5 U.S.C. 6103 for the federal ones; monthly lists of restricted dates of
 * compliance publishers (2015 to 2025) for those of states, mark S/K; checked 2026-11-21. Days that a
 * governor proclaims are not here: they are overrides of hours.
 */
export type HolidayRule =
  | {
      readonly name: string;
      readonly fixed: readonly [month: number, day: number];
    }
  /** `nth` weekday of a month; -1 = the last. */
  | {
      readonly name: string;
      readonly month: number;
      readonly weekday: number;
      readonly nth: number;
      /** Days after the weekday that the rule names. */
      readonly plus?: number;
      /** Only in years that 2 divides: general elections of states that vote with the Union. */
      readonly evenYears?: true;
    }
  | { readonly name: string; readonly easterPlus: number };

/**
 * When a fixed date on a weekend is kept besides the day itself: Sunday always on Monday; Saturday on
 * Friday (5 U.S.C. 6103(b), Ala. Code §1-3-8(a)), or on Friday and on Monday where sources show both.
 */
export type Observance = 'friday_or_monday' | 'friday_and_monday';

export interface HolidaySet {
  readonly rules: readonly HolidayRule[];
  readonly observance: Observance;
}

export type HolidayCalendarName = 'federal' | 'AL' | 'LA' | 'MS' | 'PA' | 'RI' | 'UT';

const MONDAY = 1;
const TUESDAY = 2;
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

/** The Tuesday after the first Monday in November. */
const ELECTION_DAY = { name: 'Election Day', month: 11, weekday: MONDAY, nth: 1, plus: TUESDAY - MONDAY };
const GENERAL_ELECTION: HolidayRule = { ...ELECTION_DAY, evenYears: true };

const likeFederal = (...rules: readonly HolidayRule[]): HolidaySet => ({
  rules: [...FEDERAL, ...rules],
  observance: 'friday_or_monday',
});

export const HOLIDAY_CALENDARS: Readonly<Record<HolidayCalendarName, HolidaySet>> = {
  federal: likeFederal(),
  AL: likeFederal(
    // Of two counties only, yet no number tells its county.
    { name: 'Mardi Gras (Baldwin and Mobile counties)', easterPlus: -47 },
    { name: 'Confederate Memorial Day', month: 4, weekday: MONDAY, nth: 4 },
    { name: "Jefferson Davis' Birthday", month: 6, weekday: MONDAY, nth: 1 },
    { name: 'Mrs. Rosa Parks Day', fixed: [12, 1] },
  ),
  LA: likeFederal(
    { name: 'Battle of New Orleans', fixed: [1, 8] },
    { name: 'Mardi Gras', easterPlus: -47 },
    { name: 'Good Friday', easterPlus: -2 },
    GENERAL_ELECTION,
    { name: 'Acadian Day', month: 11, weekday: THURSDAY, nth: 4, plus: 1 },
    { name: 'Christmas Eve', fixed: [12, 24] },
  ),
  MS: likeFederal({ name: 'Confederate Memorial Day', month: 4, weekday: MONDAY, nth: -1 }),
  PA: likeFederal(
    { name: 'Good Friday', easterPlus: -2 },
    { name: 'Flag Day', fixed: [6, 14] },
    ELECTION_DAY,
  ),
  // "A state or federal holiday" (R.I. Gen. Laws §5-61-2(2)); the state keeps a Saturday's on Monday.
  RI: {
    rules: [
      ...FEDERAL,
      { name: 'Rhode Island Independence Day', fixed: [5, 4] },
      { name: 'Victory Day', month: 8, weekday: MONDAY, nth: 2 },
      { name: 'Easter Sunday', easterPlus: 0 },
      GENERAL_ELECTION,
    ],
    observance: 'friday_and_monday',
  },
  UT: likeFederal({ name: 'Pioneer Day', fixed: [7, 24] }),
};
