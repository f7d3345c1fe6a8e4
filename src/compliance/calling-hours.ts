import type { HoursOverride, Zone } from '../domain';
import { MINUTES_PER_WEEK, daysFromCivil } from '../domain';
import type { CallingHours, Window } from './data/calling-hours';
import { COUNTRY_HOURS, STATE_HOURS } from './data/calling-hours';
import { HolidayCalendar } from './holidays';

/** One row of the table against one clock. */
export interface HoursVerdict {
  readonly allowed: boolean;
  readonly row: CallingHours;
  /** The row is of a country: `CA` alone does not tell Canada from California. */
  readonly country: boolean;
  readonly zone: Zone;
  /** The holiday whose windows were looked at. */
  readonly holiday: string | undefined;
}

/** What hours are asked of: everything that one person may be under at once. */
export interface HoursQuestion {
  readonly countries: readonly string[];
  readonly states: readonly string[];
  /** At least one. */
  readonly zones: readonly Zone[];
  /** A machine may have dialled: rows that bind such calls only bind this one. */
  readonly automated: boolean;
  readonly overrides: readonly HoursOverride[];
}

export interface HoursAnswer {
  /** Every row and override that forbids; empty = the call may be made. */
  readonly forbids: readonly (HoursVerdict | HoursOverride)[];
  /** The last row of each place that allows, of the country and of each state that has one. */
  readonly allows: readonly HoursVerdict[];
  /** Orders by which a state's own rows were set aside. */
  readonly setAside: readonly HoursOverride[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;
const DAYS = [0, 1, 2, 3, 4, 5, 6] as const;
/** Bits of a minute: open by a window of its own day, open by one that began the day before. */
const OWN = 1;
const BEFORE = 2;
/** How far ahead an instant is looked for: longer than any emergency stands without being renewed. */
export const HORIZON_MS = 60 * DAY_MS;

/** A row of the table made ready to be asked. */
export class HoursRow {
  readonly row: CallingHours;
  readonly #week = new Uint8Array(MINUTES_PER_WEEK);
  readonly #holiday = new Uint8Array(DAY_MINUTES);
  readonly #calendar: HolidayCalendar | undefined;
  /** Some window runs past midnight, so that the day before counts. */
  readonly #overnight: boolean;
  readonly #from: number;
  readonly #until: number;

  /** @throws RangeError for a window outside the day or a date that is none. */
  constructor(row: CallingHours) {
    this.row = row;
    for (const day of DAYS) {
      for (const window of windowsOn(row, day)) paint(this.#week, day * DAY_MINUTES, window);
    }
    const { holidays } = row;
    this.#calendar = holidays && new HolidayCalendar(holidays.calendar);
    for (const window of holidays?.windows ?? []) paint(this.#holiday, 0, window);
    this.#overnight = this.#week.some((bits) => bits > OWN) || this.#holiday.some((bits) => bits > OWN);
    this.#from = row.from === undefined ? -Infinity : dayOf(row.from);
    this.#until = row.until === undefined ? Infinity : dayOf(row.until);
  }

  /** True on the days on which the row is law, by the clock of `zone`. */
  isLaw(zone: Zone, instant: number): boolean {
    const day = zone.dayNumber(instant);
    return day >= this.#from && day < this.#until;
  }

  isOpen(zone: Zone, instant: number): boolean {
    const minute = zone.minuteOfWeek(instant);
    const bits = this.#week[minute] as number;
    if (!this.#calendar) return bits !== 0;
    const day = zone.dayNumber(instant);
    const onHoliday = this.#holiday[minute % DAY_MINUTES] as number;
    const today = this.#calendar.nameOn(day) === undefined ? bits : onHoliday;
    if ((today & OWN) !== 0) return true;
    if (!this.#overnight) return false;
    const yesterday = this.#calendar.nameOn(day - 1) === undefined ? bits : onHoliday;
    return (yesterday & BEFORE) !== 0;
  }

  /** Name of the holiday at an instant, when this row knows holidays. */
  holidayAt(zone: Zone, instant: number): string | undefined {
    return this.#calendar?.nameOn(zone.dayNumber(instant));
  }

  /** The first whole minute after `instant` at which the row is open or no law; `limit` when none is before it. */
  opensAfter(zone: Zone, instant: number, limit: number): number {
    let at = Math.floor(instant / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    while (at < limit && this.isLaw(zone, at) && !this.isOpen(zone, at)) at += MINUTE_MS;
    return at;
  }
}

const COUNTRIES: ReadonlyMap<string, readonly HoursRow[]> = new Map(
  Object.entries(COUNTRY_HOURS).map(([country, rows]) => [country, rows.map((row) => new HoursRow(row))]),
);
const STATES = rowsByState();
const NO_ROWS: readonly HoursRow[] = [];

/** Every state that has hours of its own. */
export const STATES_WITH_HOURS: readonly string[] = [...STATES.keys()];

/** True for the countries whose hours are in the table. */
export function hasCountryHours(country: string): boolean {
  return COUNTRIES.has(country);
}

/**
 * What every row says that may bind a person, on every clock the person may have. An override that
 * forbids goes before everything; one that allows sets aside the rows of its own state, or of the
 * United States, and nothing else.
 *
 * @param instant - UTC epoch milliseconds
 */
export function hoursAt(question: HoursQuestion, instant: number): HoursAnswer {
  const forbids: (HoursVerdict | HoursOverride)[] = [];
  const allows: HoursVerdict[] = [];
  const setAside: HoursOverride[] = [];
  for (const override of question.overrides) {
    if (override.effect === 'forbid' && isActive(override, instant) && concerns(override, question)) {
      forbids.push(override);
    }
  }
  const askAll = (rows: readonly HoursRow[], place: string, country: boolean): void => {
    const allowedBy = allowing(question.overrides, place, country, instant);
    if (allowedBy) {
      setAside.push(allowedBy);
      return;
    }
    let last: HoursVerdict | undefined;
    for (const row of rows) {
      if (row.row.automated && !question.automated) continue;
      const verdict = askRow(row, country, question.zones, instant);
      if (verdict && !verdict.allowed) forbids.push(verdict);
      else last = verdict ?? last;
    }
    if (last) allows.push(last);
  };
  for (const country of question.countries) askAll(COUNTRIES.get(country) ?? NO_ROWS, country, true);
  for (const state of question.states) {
    const rows = STATES.get(state);
    if (rows) askAll(rows, state, false);
  }
  return { forbids, allows, setAside };
}

/**
 * The earliest instant, not before `from`, at which hours allow a call; undefined when there is none
 * within {@link HORIZON_MS}.
 *
 * @param from - UTC epoch milliseconds
 */
export function nextOpening(question: HoursQuestion, from: number): number | undefined {
  const limit = from + HORIZON_MS;
  let at = from;
  while (at < limit) {
    const later = closedUntil(question, at, limit);
    if (later === undefined) return at;
    at = later;
  }
  return undefined;
}

/** An instant after `at` before which something forbids for certain; undefined when all allow. */
function closedUntil(question: HoursQuestion, at: number, limit: number): number | undefined {
  for (const override of question.overrides) {
    if (override.effect === 'forbid' && isActive(override, at) && concerns(override, question)) {
      return override.endsAt;
    }
  }
  for (const country of question.countries) {
    const later = rowsClosedUntil(COUNTRIES.get(country) ?? NO_ROWS, country, true, question, at, limit);
    if (later !== undefined) return later;
  }
  for (const state of question.states) {
    const later = rowsClosedUntil(STATES.get(state) ?? NO_ROWS, state, false, question, at, limit);
    if (later !== undefined) return later;
  }
  return undefined;
}

function rowsClosedUntil(
  rows: readonly HoursRow[],
  place: string,
  country: boolean,
  question: HoursQuestion,
  at: number,
  limit: number,
): number | undefined {
  if (allowing(question.overrides, place, country, at)) return undefined;
  for (const row of rows) {
    if (row.row.automated && !question.automated) continue;
    const verdict = askRow(row, country, question.zones, at);
    if (!verdict || verdict.allowed) continue;
    let later = row.opensAfter(verdict.zone, at, limit);
    for (const { effect, place: where, startsAt } of question.overrides) {
      if (effect === 'allow' && where === place && startsAt > at && startsAt < later) later = startsAt;
    }
    return later;
  }
  return undefined;
}

/** The first clock on which the row forbids, or the last on which it allows; undefined when it is no law. */
function askRow(
  row: HoursRow,
  country: boolean,
  zones: readonly Zone[],
  instant: number,
): HoursVerdict | undefined {
  let last: Zone | undefined;
  for (const zone of zones) {
    if (!row.isLaw(zone, instant)) continue;
    if (!row.isOpen(zone, instant)) {
      return { allowed: false, row: row.row, country, zone, holiday: row.holidayAt(zone, instant) };
    }
    last = zone;
  }
  return last && { allowed: true, row: row.row, country, zone: last, holiday: row.holidayAt(last, instant) };
}

function isActive({ startsAt, endsAt }: HoursOverride, instant: number): boolean {
  return instant >= startsAt && instant < endsAt;
}

/** `CA` names California alone: Canada has no name of its own among overrides. */
function concerns({ place }: HoursOverride, { countries, states }: HoursQuestion): boolean {
  return place === 'US' ? countries.includes('US') : states.includes(place);
}

function allowing(
  overrides: readonly HoursOverride[],
  place: string,
  country: boolean,
  instant: number,
): HoursOverride | undefined {
  if (overrides.length === 0 || (country && place !== 'US')) return undefined;
  return overrides.find(
    (override) => override.effect === 'allow' && override.place === place && isActive(override, instant),
  );
}

function windowsOn(row: CallingHours, day: number): readonly Window[] {
  if (day === 0) return row.sunday;
  return day === 6 ? row.saturday : row.weekdays;
}

function paint(minutes: Uint8Array, dayStart: number, [startHour, endHour]: Window): void {
  const start = startHour * 60;
  const end = endHour * 60;
  if (!(start >= 0 && start < DAY_MINUTES && end > 0 && end <= DAY_MINUTES)) {
    throw new RangeError(`no window of a day: ${startHour} to ${endHour}`);
  }
  const mark = (from: number, to: number, bit: number): void => {
    for (let n = from; n < to; n++) {
      const minute = (dayStart + n) % minutes.length;
      minutes[minute] = (minutes[minute] as number) | bit;
    }
  };
  if (end > start) mark(start, end, OWN);
  else {
    mark(start, DAY_MINUTES, OWN);
    mark(DAY_MINUTES, DAY_MINUTES + end, BEFORE);
  }
}

function dayOf(date: string): number {
  const [year, month, day] = date.split('-').map(Number);
  const number = daysFromCivil(year ?? NaN, month ?? NaN, day ?? NaN);
  if (!Number.isInteger(number)) throw new RangeError(`no date: ${date}`);
  return number;
}

function rowsByState(): ReadonlyMap<string, readonly HoursRow[]> {
  const states = new Map<string, HoursRow[]>();
  for (const row of STATE_HOURS) {
    const rows = states.get(row.place) ?? [];
    rows.push(new HoursRow(row));
    states.set(row.place, rows);
  }
  return states;
}
