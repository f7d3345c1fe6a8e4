import * as fc from 'fast-check';
import {
  BUCKETS,
  cellsOf,
  piecesOf,
  QUARTER_MS,
  wholeHours,
  wholeQuarters,
} from '../../../src/analytics/cells';
import { zoneOf } from '../../../src/domain';
import { DAY_STARTS } from '../../../src/storage';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const ZONES = [
  'UTC',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
];

const span = fc
  .tuple(
    fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
    fc.integer({ min: 1, max: 9 * DAY_MS }),
  )
  .map(([from, length]) => wholeQuarters({ from, to: from + length }));

const cuts = fc
  .record({
    range: span,
    bucket: fc.constantFrom(...BUCKETS),
    zone: fc.constantFrom(...ZONES),
    byHour: fc.boolean(),
  })
  .map(({ range, bucket, zone, byHour }) => ({
    range,
    cells: cellsOf(range, bucket, zoneOf(zone), byHour, 100_000) ?? [],
  }));

test('cells follow each other without a gap from the first instant to the last', () => {
  fc.assert(
    fc.property(cuts, ({ range, cells }) => {
      expect(cells[0]?.from).toBe(range.from);
      expect(cells.at(-1)?.to).toBe(range.to);
      const wrong = cells.filter(
        ({ from, to }, n) => to <= from || from % QUARTER_MS !== 0 || (n > 0 && from !== cells[n - 1]?.to),
      );
      expect(wrong).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

const GRAINS = [QUARTER_MS, HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS, DAY_MS];

test('pieces cover every cell once, sums only where a whole one lies in one cell, and as coarse as it can be', () => {
  fc.assert(
    fc.property(cuts, fc.integer({ min: 0, max: 2 }), ({ range, cells }, finest) => {
      const grains = GRAINS.slice(finest);
      const { sums, facts } = piecesOf(cells, grains);
      expect(sums.map(({ grain }) => grain)).toEqual(grains);
      const all = [...sums.flatMap(({ ranges }) => ranges), ...facts].sort((a, b) => a.from - b.from);
      expect(all[0]?.from).toBe(range.from);
      expect(all.at(-1)?.to).toBe(range.to);
      expect(all.filter(({ from }, n) => n > 0 && from !== all[n - 1]?.to)).toEqual([]);
      const edges = cells.map(({ from }) => from);
      for (const { grain, ranges } of sums) {
        const begins = (at: number): boolean =>
          grain === DAY_MS ? DAY_STARTS.includes((at % DAY_MS) / 60_000) : at % grain === 0;
        const cut = ranges.filter(
          ({ from, to }) =>
            !begins(from) ||
            (to - from) % grain !== 0 ||
            edges.some((edge) => edge > from && edge < to && (edge - from) % grain !== 0),
        );
        expect({ grain, cut }).toEqual({ grain, cut: [] });
        // Nothing finer is read where a whole one of it fits.
        const finer = [
          ...sums.filter((other) => other.grain < grain).flatMap((other) => other.ranges),
          ...facts,
        ];
        const wasted = finer.filter(({ from, to }) => {
          const first = Math.ceil(from / grain) * grain;
          return first + grain <= to && !edges.some((edge) => edge > first && edge < first + grain);
        });
        expect({ grain, wasted }).toEqual({ grain, wasted: [] });
      }
    }),
    { numRuns: 40 },
  );
});

test.each([
  ['UTC', '2026-07-01', 1],
  ['America/New_York', '2026-07-01', 1],
  ['America/New_York', '2026-12-01', 1],
  ['America/Los_Angeles', '2026-12-01', 1],
  ['America/Sao_Paulo', '2026-07-01', 1],
  ['America/Halifax', '2026-07-01', 1],
  ['Europe/London', '2026-07-01', 1],
  ['Europe/Berlin', '2026-12-01', 1],
  ['Asia/Kolkata', '2026-07-01', 1],
  // Of 23 hours: 5 to 8, 8 to 24, and 0 to 4 of UTC.
  ['America/New_York', '2026-03-08', 6],
  // 15 to 16, 16 to 24, 0 to 8, 8 to 12, and three hours of UTC.
  ['Asia/Tokyo', '2026-07-01', 7],
])('a day of %s, %s, is put together of %i sums', (zone, day, count) => {
  const clock = zoneOf(zone);
  const number = Date.parse(day) / DAY_MS;
  const cell = { from: clock.startOfDay(number), to: clock.startOfDay(number + 1) };
  const { sums, facts } = piecesOf([cell], GRAINS.slice(1));
  expect(facts).toEqual([]);
  const lengths = sums.flatMap(({ grain, ranges }) => ranges.map(({ from, to }) => (to - from) / grain));
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(count);
});

test('of days that are not filled in yet, sums of UTC are read', () => {
  const days = [1, 2, 3].map((n) => Date.UTC(2026, 6, n, 4));
  const cells = days.map((from) => ({ from, to: from + DAY_MS }));
  const daysOf = (daysAt: number | null) => piecesOf(cells, GRAINS.slice(1), daysAt).sums.at(-1)?.ranges;
  expect(daysOf(null)).toEqual([{ from: days[0], to: (days[2] as number) + DAY_MS }]);
  expect(daysOf(days[1] as number)).toEqual([{ from: days[1], to: (days[2] as number) + DAY_MS }]);
  expect(daysOf((days[2] as number) + 1)).toEqual([]);
  const { facts } = piecesOf(cells, GRAINS.slice(1), days[1]);
  expect(facts).toEqual([]);
});

test('the hours around stretches of time hold them, and none comes twice', () => {
  const quarter = (n: number, length: number) => ({ from: n * QUARTER_MS, to: (n + length) * QUARTER_MS });
  expect(wholeHours([quarter(1, 1), quarter(3, 2), quarter(13, 1)])).toEqual([
    { from: 0, to: 2 * HOUR_MS },
    { from: 3 * HOUR_MS, to: 4 * HOUR_MS },
  ]);
});

test.each([
  ['America/New_York', '2026-03-08', 23],
  ['America/New_York', '2026-11-01', 25],
  ['Europe/London', '2026-10-25', 25],
  ['Asia/Tokyo', '2026-11-01', 24],
])('a day of %s: %s has %d hours', (zone, day, hours) => {
  const clock = zoneOf(zone);
  const number = Date.parse(day) / DAY_MS;
  const range = { from: clock.startOfDay(number), to: clock.startOfDay(number + 1) };
  const cells = cellsOf(range, 'hour', clock, false, 100) ?? [];
  expect(cells).toHaveLength(hours);
  expect(cellsOf(range, 'day', clock, false, 100)).toHaveLength(1);
  expect(cellsOf(range, 'quarter', clock, false, 100)).toHaveLength(hours * 4);
});

test('an hour that comes twice is two cells of one hour of the day', () => {
  const clock = zoneOf('America/New_York');
  const range = { from: Date.UTC(2026, 10, 1, 4), to: Date.UTC(2026, 10, 1, 8) };
  const cells = cellsOf(range, 'total', clock, true, 100) ?? [];
  expect(cells.map(({ hour }) => hour)).toEqual(['00', '01', '01', '02']);
  expect(new Set(cells.map(({ start }) => start)).size).toBe(1);
});

test('more cells than are wanted are none', () => {
  const range = { from: 0, to: 10 * QUARTER_MS };
  expect(cellsOf(range, 'quarter', zoneOf('UTC'), false, 9)).toBeUndefined();
  expect(cellsOf(range, 'quarter', zoneOf('UTC'), false, 10)).toHaveLength(10);
});
