import type { HoursOverride, Zone } from '../domain';
import type { CallingHours } from './data/calling-hours';
import { COUNTRY_HOURS, STATE_HOURS } from './data/calling-hours';
import { HoursRow } from './hours-row';

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

/** How far ahead an instant is looked for: longer than any emergency stands without being renewed. */
const HORIZON_MS = 60 * 86_400_000;

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

function rowsByState(): ReadonlyMap<string, readonly HoursRow[]> {
  const states = new Map<string, HoursRow[]>();
  for (const row of STATE_HOURS) {
    const rows = states.get(row.place) ?? [];
    rows.push(new HoursRow(row));
    states.set(row.place, rows);
  }
  return states;
}
