import type { Zone } from '../domain';
import { MINUTES_PER_WEEK, daysFromCivil } from '../domain';
import type { CallingHours, Window } from './data/calling-hours';
import { HolidayCalendar } from './holidays';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const DAYS = [0, 1, 2, 3, 4, 5, 6] as const;
/** Bits of a minute: open by a window of its own day, open by one that began the day before. */
const OWN = 1;
const BEFORE = 2;

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
