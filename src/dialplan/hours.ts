import { z } from 'zod';
import { daysFromCivil, isTimeZone, MINUTES_PER_WEEK, zoneOf } from '../domain';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const MINUTES_PER_DAY = 1_440;

const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const timeOfDay = z.string().regex(TIME_OF_DAY, 'a time of day, as in 08:00');
const endOfTime = z.union([timeOfDay, z.literal('24:00')]);

const calendarDay = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'a day, as in 2026-12-25')
  .refine((text) => dayOf(text) !== undefined, 'no day of any calendar');

/** When somebody is there, on the wall clock of one zone. */
export const openingHours = z.strictObject({
  zone: z.string().max(64).refine(isTimeZone, 'not an IANA time zone'),
  days: z.array(z.enum(DAYS)).min(1).max(7),
  from: timeOfDay,
  to: endOfTime.describe('Exclusive; at or before `from` it means the next day'),
  except: z.array(calendarDay).max(366).optional().describe('Days on which nobody is, by their date'),
});
export type OpeningHours = z.infer<typeof openingHours>;

/** @param at - UTC epoch milliseconds */
export function isOpen({ zone: name, days, from, to, except = [] }: OpeningHours, at: number): boolean {
  const zone = zoneOf(name);
  const minute = zone.minuteOfWeek(at);
  const start = minutesOf(from);
  const length = (minutesOf(to) - start + MINUTES_PER_DAY) % MINUTES_PER_DAY || MINUTES_PER_DAY;
  const today = zone.dayNumber(at);
  return days.some((day) => {
    const opens = DAYS.indexOf(day) * MINUTES_PER_DAY + start;
    const since = (minute - opens + MINUTES_PER_WEEK) % MINUTES_PER_WEEK;
    if (since >= length) return false;
    // What began yesterday belongs to yesterday.
    const began = (minute % MINUTES_PER_DAY) - since < 0 ? today - 1 : today;
    return !except.some((text) => dayOf(text) === began);
  });
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

/** Whole days since 1970-01-01; undefined for a day that no calendar has. */
function dayOf(text: string): number | undefined {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? daysFromCivil(year, month, day)
    : undefined;
}
