import type { Zone } from '../domain';
import type { SumRanges, TimeRange } from '../storage';
import { DAY_STARTS } from '../storage';

/** Stretches of time that figures are given for. */
export const BUCKETS = ['quarter', 'hour', 'day', 'total'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** The offsets of all zones are multiples of it (those of before 1972 aside), so it is the finest that is asked for. */
export const QUARTER_MS = 900_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** `00` … `23`. */
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));

/** One stretch of time that figures are put together for. */
export interface Cell extends TimeRange {
  /** Beginning of the bucket that it belongs to: UTC epoch milliseconds. */
  readonly start: number;
  /** Of figures by the hour of the day: `00` … `23` on the zone's clock. */
  readonly hour?: string;
}

/** Widens a stretch of time to whole quarters of an hour. */
export function wholeQuarters({ from, to }: TimeRange): TimeRange {
  return {
    from: Math.floor(from / QUARTER_MS) * QUARTER_MS,
    to: Math.ceil(to / QUARTER_MS) * QUARTER_MS,
  };
}

/** The hours of UTC that stretches of time lie in, each once. @param ranges - rising */
export function wholeHours(ranges: readonly TimeRange[]): TimeRange[] {
  const hours: TimeRange[] = [];
  for (const { from, to } of ranges) {
    const begins = Math.max(Math.floor(from / HOUR_MS) * HOUR_MS, hours.at(-1)?.to ?? -Infinity);
    add(hours, begins, Math.ceil(to / HOUR_MS) * HOUR_MS);
  }
  return hours;
}

/**
 * Cuts a stretch of time by the clock of a zone. A day on which the clocks change has 23 or 25 hours (in
 * some places 23½ or 24½), and an hour that comes twice is two.
 * @param range - whole quarters
 * @param byHour - whether buckets are cut into the hours of the day, too
 * @param most - cells, at most
 * @returns undefined when there would be more
 */
export function cellsOf(
  range: TimeRange,
  bucket: Bucket,
  zone: Zone,
  byHour: boolean,
  most: number,
): Cell[] | undefined {
  const cells: Cell[] = [];
  for (let from = range.from; from < range.to;) {
    const until = Math.min(endOf(bucket, from, zone, range.to), range.to);
    for (let at = from; at < until;) {
      const to = byHour ? Math.min(endOf('hour', at, zone, until), until) : until;
      cells.push({ from: at, to, start: from, ...(byHour ? { hour: hourOf(at, zone) } : {}) });
      if (cells.length > most) return undefined;
      at = to;
    }
    from = until;
  }
  return cells;
}

function endOf(bucket: Bucket, at: number, zone: Zone, end: number): number {
  switch (bucket) {
    case 'quarter':
      return at - (at % QUARTER_MS) + QUARTER_MS;
    case 'hour':
      return zone.periodAt(at, 'hour').endsAt;
    case 'day':
      return zone.periodAt(at, 'day').endsAt;
    case 'total':
      return end;
  }
}

function hourOf(at: number, zone: Zone): string {
  return HOURS[Math.floor((((at + zone.offsetAt(at)) % DAY_MS) + DAY_MS) / HOUR_MS) % 24] as string;
}

/** From what cells are put together: whole stretches of UTC of which there are sums, and calls one by one. */
export interface Pieces {
  readonly sums: readonly SumRanges[];
  readonly facts: readonly TimeRange[];
}

/**
 * Covers cells by as few sums as there can be: the coarsest where a whole one lies in a cell, finer ones at its
 * edges, and for what is left over the calls themselves.
 * @param grains - milliseconds of the sums there are, finest first, each a multiple of the one before
 * @param daysAt - since when there are sums of days that do not begin at midnight of UTC: UTC epoch milliseconds; null: ever
 */
export function piecesOf(
  cells: readonly TimeRange[],
  grains: readonly number[],
  daysAt: number | null = null,
): Pieces {
  const sums = grains.map((grain) => ({ grain, ranges: [] as TimeRange[] }));
  const facts: TimeRange[] = [];
  const cover = (from: number, to: number, finer: number): void => {
    if (from >= to) return;
    const level = sums[finer - 1];
    if (!level) {
      add(facts, from, to);
      return;
    }
    const [first, last] = within({ from, to }, level.grain, daysAt ?? -Infinity);
    if (first >= last) {
      cover(from, to, finer - 1);
      return;
    }
    cover(from, first, finer - 1);
    add(level.ranges, first, last);
    cover(last, to, finer - 1);
  };
  for (const { from, to } of cells) cover(from, to, sums.length);
  return { sums, facts };
}

/** What is whole of a grain in a stretch of time; of days, those that begin as it does, where there are sums of such. */
function within({ from, to }: TimeRange, grain: number, daysAt: number): [number, number] {
  const minute = (from % DAY_MS) / MINUTE_MS;
  const begins = grain === DAY_MS && from >= daysAt && DAY_STARTS.includes(minute) ? from % DAY_MS : 0;
  return [
    Math.ceil((from - begins) / grain) * grain + begins,
    Math.floor((to - begins) / grain) * grain + begins,
  ];
}

/** Adds a stretch to those before it, as one with the last where it begins at its end. */
function add(ranges: TimeRange[], from: number, to: number): void {
  if (from >= to) return;
  const last = ranges.at(-1);
  if (last?.to === from) ranges[ranges.length - 1] = { from: last.from, to };
  else ranges.push({ from, to });
}
