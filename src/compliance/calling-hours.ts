import type { Zone } from '../domain';
import { MINUTES_PER_WEEK } from '../domain';
import type { CallingHours, Window } from './data/calling-hours';
import { COUNTRY_HOURS, STATE_HOURS } from './data/calling-hours';
import { HolidayCalendar } from './holidays';

/** Whether a solicitation may reach a person at an instant, and what decided. */
export interface HoursVerdict {
  readonly allowed: boolean;
  /** The row that forbids, or the last that allows. */
  readonly citation: string;
  readonly place: string;
  readonly zone: Zone;
  readonly holiday: string | undefined;
}

interface CompiledHours {
  readonly row: CallingHours;
  /** One byte a minute of the week: 1 = calls may be made. */
  readonly open: Uint8Array;
  readonly closedOn: HolidayCalendar | undefined;
}

const DAYS = [0, 1, 2, 3, 4, 5, 6] as const;

const COUNTRIES = { US: compile(COUNTRY_HOURS.US), CA: compile(COUNTRY_HOURS.CA) } as const;
const STATES: ReadonlyMap<string, CompiledHours> = new Map(
  STATE_HOURS.map((row) => [row.place, compile(row)] as const),
);

/** Every state that has hours of its own. */
export const STATES_WITH_HOURS: readonly string[] = [...STATES.keys()];

/** Countries whose hours are in the table. */
export type CountryWithHours = keyof typeof COUNTRIES;

export function hasCountryHours(country: string): country is CountryWithHours {
  return Object.hasOwn(COUNTRIES, country);
}

/** Country-wide hours, over every zone the person may be in: the first that forbids decides. */
export function countryHours(country: CountryWithHours, zones: readonly Zone[], now: number): HoursVerdict {
  return over(zones, COUNTRIES[country], now);
}

/** A state's own hours, over every zone; undefined when the state has none. */
export function stateHours(state: string, zones: readonly Zone[], now: number): HoursVerdict | undefined {
  const hours = STATES.get(state);
  return hours && over(zones, hours, now);
}

function over(zones: readonly Zone[], hours: CompiledHours, now: number): HoursVerdict {
  const { citation, place } = hours.row;
  let last: Zone | undefined;
  for (const zone of zones) {
    last = zone;
    const holiday = hours.closedOn?.nameOn(zone.dayNumber(now));
    if (holiday !== undefined || hours.open[zone.minuteOfWeek(now)] !== 1) {
      return { allowed: false, citation, place, zone, holiday };
    }
  }
  if (!last) throw new RangeError('calling hours need at least one time zone');
  return { allowed: true, citation, place, zone: last, holiday: undefined };
}

function compile(row: CallingHours): CompiledHours {
  const open = new Uint8Array(MINUTES_PER_WEEK);
  for (const day of DAYS) {
    const window = windowOn(row, day);
    if (window) open.fill(1, day * 1440 + window[0] * 60, day * 1440 + window[1] * 60);
  }
  return { row, open, closedOn: row.closedOn ? new HolidayCalendar(row.closedOn) : undefined };
}

function windowOn(row: CallingHours, day: number): Window | undefined {
  if (day === 0) return row.sunday;
  return day === 6 ? row.saturday : row.weekdays;
}
