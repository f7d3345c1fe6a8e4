import { civilDate, daysFromCivil } from '../domain';
import type { HolidayCalendarName, HolidayRule, HolidaySet, Observance } from './data/holidays';
import { HOLIDAY_CALENDARS } from './data/holidays';

const SATURDAY = 6;
const SUNDAY = 0;
/** Years of a calendar kept at most. */
const MAX_YEARS = 200;

/** The holidays of one calendar, worked out a year at a time. */
export class HolidayCalendar {
  readonly #set: HolidaySet;
  readonly #years = new Map<number, ReadonlyMap<number, string>>();
  /** The day that was asked for last: calls of one minute are mostly of one day. */
  #lastDay = NaN;
  #lastName: string | undefined;

  constructor(name: HolidayCalendarName) {
    this.#set = HOLIDAY_CALENDARS[name];
  }

  /** Name of the holiday on a local day (days since 1970-01-01), if it is one. */
  nameOn(dayNumber: number): string | undefined {
    if (dayNumber !== this.#lastDay) {
      const { year } = civilDate(dayNumber);
      // New Year's Day may be observed on the last day of the year before.
      this.#lastName = this.#yearOf(year).get(dayNumber) ?? this.#yearOf(year + 1).get(dayNumber);
      this.#lastDay = dayNumber;
    }
    return this.#lastName;
  }

  #yearOf(year: number): ReadonlyMap<number, string> {
    let days = this.#years.get(year);
    if (!days) {
      days = new Map(
        this.#set.rules.flatMap((rule) =>
          daysOf(rule, year, this.#set.observance).map((day) => [day, rule.name] as const),
        ),
      );
      // Instants come from calls and from tests of all times: what was worked out for long gone years goes.
      if (this.#years.size >= MAX_YEARS) this.#years.clear();
      this.#years.set(year, days);
    }
    return days;
  }
}

function daysOf(rule: HolidayRule, year: number, observance: Observance): number[] {
  if ('easterPlus' in rule) return [easterOf(year) + rule.easterPlus];
  if ('fixed' in rule) {
    const day = daysFromCivil(year, rule.fixed[0], rule.fixed[1]);
    const { weekday } = civilDate(day);
    if (weekday === SATURDAY) {
      return observance === 'friday_and_monday' ? [day - 1, day, day + 2] : [day - 1, day];
    }
    return weekday === SUNDAY ? [day, day + 1] : [day];
  }
  if (rule.evenYears && year % 2 !== 0) return [];
  const plus = rule.plus ?? 0;
  if (rule.nth < 0) {
    const last = daysFromCivil(rule.month === 12 ? year + 1 : year, (rule.month % 12) + 1, 1) - 1;
    return [last - ((civilDate(last).weekday - rule.weekday + 7) % 7) + plus];
  }
  const first = daysFromCivil(year, rule.month, 1);
  return [first + ((rule.weekday - civilDate(first).weekday + 7) % 7) + (rule.nth - 1) * 7 + plus];
}

/** Day number of Easter Sunday (Gregorian; the Meeus/Jones/Butcher computus). */
export function easterOf(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const e = b % 4;
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const i = Math.floor(c / 4);
  const k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  const day = (h + l - 7 * m + 33 * month + 19) % 32;
  return daysFromCivil(year, month, day);
}
