/**
 * Wall clocks of IANA zones by arithmetic: offsets come from the platform's zone database once per
 * zone and year, and every later question is a look-up and an addition.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** No zone has changed its offset and back within a week, so a change cannot hide between two probes. */
const PROBE_MS = 7 * DAY_MS;
/** 1970-01-01 was a Thursday; the week of a schedule begins on Sunday. */
const EPOCH_WEEK_MINUTES = 4 * 1440;

export const MINUTES_PER_WEEK = 10_080;

/** A civil date: month 1 … 12, day 1 … 31, weekday 0 = Sunday. */
export interface LocalDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

export type CalendarPeriod = 'hour' | 'day' | 'month';

/** One calendar period of a zone: a label that sorts and the instant at which it is over. */
export interface PeriodInstance {
  /** `2026-11`, `2026-11-01`, `2026-11-01T01`; an hour that comes again is the last one read with `~2`. */
  readonly label: string;
  /** UTC epoch milliseconds. */
  readonly endsAt: number;
}

interface OffsetSpan {
  /** UTC epoch milliseconds from which the offset holds. */
  readonly from: number;
  readonly until: number;
  readonly offset: number;
}

/** One IANA zone. All instants are UTC epoch milliseconds. */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #years = new Map<number, readonly OffsetSpan[]>();
  /** The span that answered last: decisions are close together in time. */
  #last: OffsetSpan = { from: 0, until: 0, offset: 0 };
  readonly #labels = new Map<CalendarPeriod, { from: number; period: PeriodInstance }>();

  /** @throws RangeError when the platform knows no such zone. */
  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    });
  }

  /** Milliseconds to add to UTC to read this zone's wall clock. */
  offsetAt(instant: number): number {
    const last = this.#last;
    if (instant >= last.from && instant < last.until) return last.offset;
    const span = this.#spanAt(instant);
    this.#last = span;
    return span.offset;
  }

  /** Minutes since Sunday 00:00 on the wall clock, 0 … 10,079. */
  minuteOfWeek(instant: number): number {
    const minutes = Math.floor((instant + this.offsetAt(instant)) / MINUTE_MS) + EPOCH_WEEK_MINUTES;
    const wrapped = minutes % MINUTES_PER_WEEK;
    return wrapped < 0 ? wrapped + MINUTES_PER_WEEK : wrapped;
  }

  /** Whole days since 1970-01-01 on the local calendar. */
  dayNumber(instant: number): number {
    return Math.floor((instant + this.offsetAt(instant)) / DAY_MS);
  }

  /** The civil date at an instant. */
  dateAt(instant: number): LocalDate {
    return civilDate(this.dayNumber(instant));
  }

  /** First instant of a civil date: its midnight, or what follows when the clocks skip it. */
  startOfDay(dayNumber: number): number {
    return this.instantOf(dayNumber * DAY_MS);
  }

  /**
   * When the wall clock shows a time: of an hour that comes twice its first pass, of one that is skipped what
   * follows.
   * @param wall - the time as if it were UTC
   */
  instantOf(wall: number): number {
    const before = this.offsetAt(wall - DAY_MS);
    const early = wall - before;
    if (this.offsetAt(early) === before) return early;
    const after = this.offsetAt(wall + DAY_MS);
    const late = wall - after;
    return this.offsetAt(late) === after ? late : early;
  }

  /** The calendar period that holds an instant. */
  periodAt(instant: number, period: CalendarPeriod): PeriodInstance {
    const cached = this.#labels.get(period);
    if (cached && instant >= cached.from && instant < cached.period.endsAt) return cached.period;
    const made = period === 'hour' ? this.#hourAt(instant) : this.#daysAt(instant, period);
    this.#labels.set(period, made);
    return made.period;
  }

  #hourAt(instant: number): { from: number; period: PeriodInstance } {
    const span = this.#spanAt(instant);
    const wall = instant + span.offset;
    const wallStart = wall - mod(wall, HOUR_MS);
    const before = this.#spanAt(span.from - 1).offset;
    const after = this.#spanAt(span.until).offset;
    // Spans are also cut where the year turns; only a change of the clocks cuts an hour.
    const from = Math.max(wallStart - span.offset, before === span.offset ? -Infinity : span.from);
    const endsAt = Math.min(wallStart + HOUR_MS - span.offset, after === span.offset ? Infinity : span.until);
    const turned = span.from + before;
    // After the clocks went back, an hour that the earlier pass has read already is a period of its own,
    // which sorts behind the last one read.
    const repeated = before > span.offset && wallStart < turned;
    const pass = Math.ceil((wallStart - span.from - span.offset) / HOUR_MS) + 2;
    const label = repeated ? `${hourLabel(turned - 1)}~${pass}` : hourLabel(wallStart);
    return { from, period: { label, endsAt } };
  }

  #daysAt(instant: number, period: 'day' | 'month'): { from: number; period: PeriodInstance } {
    const number = this.dayNumber(instant);
    const date = civilDate(number);
    if (period === 'day') {
      return {
        from: this.startOfDay(number),
        period: { label: isoDate(date), endsAt: this.startOfDay(number + 1) },
      };
    }
    const first = number - date.day + 1;
    const next = daysFromCivil(date.month === 12 ? date.year + 1 : date.year, (date.month % 12) + 1, 1);
    return {
      from: this.startOfDay(first),
      period: { label: isoDate(date).slice(0, 7), endsAt: this.startOfDay(next) },
    };
  }

  #spanAt(instant: number): OffsetSpan {
    if (!Number.isFinite(instant)) throw new RangeError(`not an instant: ${instant}`);
    const year = new Date(instant).getUTCFullYear();
    let spans = this.#years.get(year);
    if (!spans) {
      spans = this.#probeYear(year);
      this.#years.set(year, spans);
    }
    for (const span of spans) if (instant < span.until) return span;
    throw new RangeError(`no offset of ${this.name} at ${instant}`);
  }

  /** Every span that touches a UTC year; the outer ones reach to the change before and after it. */
  #probeYear(year: number): readonly OffsetSpan[] {
    const start = Date.UTC(year, 0, 1);
    const end = Date.UTC(year + 1, 0, 1);
    const spans: OffsetSpan[] = [];
    let from = start;
    let offset = this.#probe(start);
    for (let at = start; at < end; at += PROBE_MS) {
      const next = Math.min(at + PROBE_MS, end);
      const nextOffset = this.#probe(next);
      if (nextOffset === offset) continue;
      const change = this.#bisect(at, next, offset);
      if (change < end) spans.push({ from, until: change, offset });
      if (change >= end) continue;
      from = change;
      offset = nextOffset;
    }
    spans.push({ from, until: end, offset });
    return spans;
  }

  /** First millisecond in `(low, high]` whose offset is no longer `offset`. */
  #bisect(low: number, high: number, offset: number): number {
    let before = low;
    let after = high;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.#probe(middle) === offset) before = middle;
      else after = middle;
    }
    return after;
  }

  #probe(instant: number): number {
    const field: Record<string, string> = {};
    for (const part of this.#format.formatToParts(instant)) field[part.type] = part.value;
    const year = Number(field['year']);
    const wall = Date.UTC(
      field['era'] === 'BC' ? 1 - year : year,
      Number(field['month']) - 1,
      Number(field['day']),
      Number(field['hour']),
      Number(field['minute']),
      Number(field['second']),
    );
    return wall - Math.floor(instant / 1000) * 1000;
  }
}

/** Zones seen so far: facts that never change, so that each is derived once per process. */
const zones = new Map<string, Zone>();
const MAX_ZONES = 1_000;

/** The zone of an IANA name. @throws RangeError when the platform knows no such zone. */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (!zone) {
    zone = new Zone(name);
    if (zones.size < MAX_ZONES) zones.set(name, zone);
  }
  return zone;
}

/** True when the platform knows a zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Days since 1970-01-01 of a proleptic Gregorian date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  return Math.floor(Date.UTC(year, month - 1, day) / DAY_MS);
}

/** The civil date of a day number. */
export function civilDate(dayNumber: number): LocalDate {
  const date = new Date(dayNumber * DAY_MS);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
  };
}

/** @param wall - the time that the clock shows, as if it were UTC */
function hourLabel(wall: number): string {
  const date = civilDate(Math.floor(wall / DAY_MS));
  return `${isoDate(date)}T${two(Math.floor(mod(wall, DAY_MS) / HOUR_MS))}`;
}

function isoDate(date: LocalDate): string {
  return `${String(date.year).padStart(4, '0')}-${two(date.month)}-${two(date.day)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

function mod(value: number, by: number): number {
  return value - Math.floor(value / by) * by;
}
