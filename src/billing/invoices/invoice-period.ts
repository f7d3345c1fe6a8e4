import type { Zone } from '../../domain';
import { daysFromCivil, zoneOf } from '../../domain';
import type { DocumentPeriod } from './document';

export const INVOICE_RHYTHMS = ['weekly', 'monthly', 'manual'] as const;
/** How often an account is invoiced. */
export type InvoiceRhythm = (typeof INVOICE_RHYTHMS)[number];

/** 1970-01-01 was a Thursday: Monday of its week is day -3. */
const FIRST_MONDAY = -3;

/**
 * Reads a period of an account's calendar: `2026-11` (a month), `2026-W47` (a week by ISO 8601, Monday to
 * Sunday), `2026-11-21` (a day), or `2026-11-01..2026-11-16` (days, the last one not in it).
 * @returns undefined for anything else
 */
export function readPeriod(text: string, timezone: string): DocumentPeriod | undefined {
  const zone = zoneOf(timezone);
  const range = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(text);
  if (range) {
    const from = dayOf(range[1] ?? '');
    const to = dayOf(range[2] ?? '');
    return from === undefined || to === undefined || from >= to ? undefined : days(zone, from, to);
  }
  const week = /^(\d{4})-W(\d{2})$/.exec(text);
  if (week) {
    const monday = weekStart(Number(week[1]), Number(week[2]));
    return monday === undefined ? undefined : days(zone, monday, monday + 7);
  }
  const month = /^(\d{4})-(\d{2})$/.exec(text);
  if (month) {
    const [year, number] = [Number(month[1]), Number(month[2])];
    if (number < 1 || number > 12 || year < 1970) return undefined;
    return days(zone, daysFromCivil(year, number, 1), monthAfter(year, number));
  }
  const day = dayOf(text);
  return day === undefined ? undefined : days(zone, day, day + 1);
}

/** The week or month of an account's calendar that holds an instant. */
export function periodAt(
  rhythm: Exclude<InvoiceRhythm, 'manual'>,
  timezone: string,
  instant: number,
): DocumentPeriod {
  const zone = zoneOf(timezone);
  const day = zone.dayNumber(instant);
  if (rhythm === 'weekly') {
    const monday = mondayOf(day);
    return days(zone, monday, monday + 7);
  }
  const { year, month, day: ofMonth } = zone.dateAt(instant);
  return days(zone, day - ofMonth + 1, monthAfter(year, month));
}

/** The same instant of day so many days later by the zone's calendar: its midnight, for due dates. */
export function daysLater(instant: number, count: number, timezone: string): number {
  const zone = zoneOf(timezone);
  return zone.startOfDay(zone.dayNumber(instant) + count);
}

function days(zone: Zone, from: number, to: number): DocumentPeriod {
  return { from: zone.startOfDay(from), to: zone.startOfDay(to) };
}

function monthAfter(year: number, month: number): number {
  return month === 12 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, month + 1, 1);
}

/** Week 1 holds January 4th (ISO 8601). */
function weekStart(year: number, week: number): number | undefined {
  if (week < 1 || year < 1970) return undefined;
  const first = mondayOf(daysFromCivil(year, 1, 4));
  const next = mondayOf(daysFromCivil(year + 1, 1, 4));
  const monday = first + (week - 1) * 7;
  return monday < next ? monday : undefined;
}

function mondayOf(day: number): number {
  return day - mod(day - FIRST_MONDAY, 7);
}

/** Day number of a date that there is. */
function dayOf(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return undefined;
  const day = daysFromCivil(Number(match[1]), Number(match[2]), Number(match[3]));
  return day >= 0 && new Date(day * 86_400_000).toISOString().startsWith(text) ? day : undefined;
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}
