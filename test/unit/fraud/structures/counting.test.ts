import * as fc from 'fast-check';
import { CountMin, RotatingCountMin } from '../../../../src/fraud/structures/count-min';
import { HyperLogLog, SlidingDistinct } from '../../../../src/fraud/structures/hyper-log-log';
import { hashKey, idKey, numberKey } from '../../../../src/fraud/structures/keys';
import { KeyTable } from '../../../../src/fraud/structures/key-table';
import { RingCounters } from '../../../../src/fraud/structures/ring-counters';
import { SpaceSaving } from '../../../../src/fraud/structures/space-saving';
import type { E164 } from '../../../../src/domain';

const START = Date.UTC(2026, 10, 21);
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** A few keys that come often and many that come seldom. */
const skewed = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 10 }) },
    { weight: 2, arbitrary: fc.integer({ min: 11, max: 100_000 }) },
  ),
  { maxLength: 2_000 },
);

function tally(keys: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

test('keys of numbers are their digits, those of ids are spread over 53 bits and never 0', () => {
  expect(numberKey('+12125550123' as E164)).toBe(12_125_550_123);
  expect(numberKey('+999999999999999' as E164)).toBe(999_999_999_999_999);
  const keys = Array.from({ length: 20_000 }, (_, n) => idKey(`seller-${n}`));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => Number.isSafeInteger(key) && key > 0)).toBe(true);
  const high = keys.filter((key) => key >= 2 ** 52).length;
  expect(high).toBeGreaterThan(9_000);
  expect(high).toBeLessThan(11_000);
  expect(new Set(keys.map((key) => hashKey(key, 1))).size).toBeGreaterThan(19_990);
});

test('ring counters count the window exactly as a list of instants would', () => {
  const step = fc.record({ ms: fc.integer({ min: -5_000, max: 20_000 }), row: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const counters = new RingCounters(3, MINUTE, 12);
      const events: { at: number; row: number }[] = [];
      const heard = [0, 0, 0];
      let now = START;
      for (const { ms, row } of steps) {
        now += ms;
        const tick = Math.floor(now / 5_000);
        const newest = Math.max(heard[row] as number, tick);
        heard[row] = newest;
        counters.add(row, now);
        events.push({ at: now, row });
        const inWindow = events.filter((event) => {
          const bucket = Math.floor(event.at / 5_000);
          return event.row === row && bucket > newest - 12 && bucket <= newest;
        });
        expect(counters.read(row, now)).toBe(inWindow.length);
      }
    }),
  );
});

test('a window is over when its last bucket is, and a cleared row holds nothing', () => {
  const counters = new RingCounters(2, HOUR, 60);
  for (let n = 0; n < 5; n++) counters.add(0, START);
  counters.add(1, START);
  expect(counters.read(0, START + 59 * MINUTE)).toBe(5);
  expect(counters.read(0, START + 60 * MINUTE)).toBe(0);
  counters.clear(1);
  expect(counters.read(1, START)).toBe(0);
});

test('count-min never says less, and too much by more than ε·N only for the share δ of keys', () => {
  fc.assert(
    fc.property(skewed, fc.nat(), (keys, salt) => {
      const width = 256;
      const sketch = new CountMin(width, 4);
      const add = (key: number): void => sketch.add(hashKey(key + salt, 1), hashKey(key + salt, 2));
      for (const key of keys) add(key);
      const counts = tally(keys);
      let off = 0;
      for (const [key, count] of counts) {
        const told = sketch.estimate(hashKey(key + salt, 1), hashKey(key + salt, 2));
        expect(told).toBeGreaterThanOrEqual(count);
        if (told > count + (Math.E / width) * keys.length) off++;
      }
      // δ = e⁻⁴ of the keys, with room for chance.
      expect(off).toBeLessThanOrEqual(Math.ceil(counts.size * Math.exp(-4) * 2 + 3));
    }),
    { numRuns: 60 },
  );
});

test('a rotated sketch covers its window, and forgets what is a pane older', () => {
  const instants = fc.array(
    fc.record({ key: fc.integer({ min: 1, max: 30 }), gap: fc.integer({ min: 0, max: 4 * MINUTE }) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(instants, (steps) => {
      const sketch = new RotatingCountMin(HOUR, 4, 4_096, 5);
      const events: { key: number; at: number }[] = [];
      let now = START;
      for (const { key, gap } of steps) {
        now += gap;
        sketch.add(key, now);
        events.push({ key, at: now });
      }
      for (let key = 1; key <= 30; key++) {
        const within = (ms: number): number =>
          events.filter((event) => event.key === key && event.at > now - ms).length;
        const told = sketch.estimate(key, now);
        expect(told).toBeGreaterThanOrEqual(within(HOUR));
        expect(told).toBeLessThanOrEqual(within(HOUR + 15 * MINUTE));
      }
      expect(sketch.estimate(1, now + 2 * HOUR)).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test.each([1, 10, 100, 1_000, 5_000, 12_000, 100_000])('HyperLogLog of %d distinct keys', (distinct) => {
  const errors = [1, 2, 3, 4, 5].map((seed) => {
    const sketch = new HyperLogLog();
    for (let n = 0; n < distinct; n++) {
      sketch.add(12_000_000_000 + seed * 10_000_000 + n);
      if (n % 3 === 0) sketch.add(12_000_000_000 + seed * 10_000_000 + n);
    }
    return sketch.estimate() / distinct - 1;
  });
  // 1.6 % each: 5 standard errors at most, and 3 of their mean with the known bias between the two ranges.
  for (const error of errors) expect(Math.abs(error)).toBeLessThan(0.08);
  expect(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length)).toBeLessThan(0.04);
});

test('merged sketches are the sketch of both', () => {
  const keys = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 500 });
  fc.assert(
    fc.property(keys, keys, (left, right) => {
      const [a, b, both] = [new HyperLogLog(), new HyperLogLog(), new HyperLogLog()];
      for (const key of left) a.add(key);
      for (const key of right) b.add(key);
      for (const key of [...left, ...right]) both.add(key);
      a.merge(b);
      expect(a.estimate()).toBeCloseTo(both.estimate(), 9);
    }),
    { numRuns: 50 },
  );
});

test('distinct keys of a sliding window: those of this pane and the one before', () => {
  const distinct = new SlidingDistinct(HOUR);
  for (let n = 0; n < 100; n++) distinct.add(n + 1, START);
  for (let n = 0; n < 50; n++) distinct.add(n + 51, START + HOUR);
  const near = (told: number, right: number): boolean => Math.abs(told - right) <= 3;
  expect(near(distinct.estimate(START + HOUR), 100)).toBe(true);
  expect(distinct.events(START + HOUR)).toBe(150);
  expect(near(distinct.estimate(START + 2 * HOUR), 50)).toBe(true);
  expect(distinct.events(START + 2 * HOUR)).toBe(50);
  expect(distinct.estimate(START + 4 * HOUR)).toBe(0);
});

test('space-saving: never too low, too high by its error at most, and no frequent key without a place', () => {
  fc.assert(
    fc.property(skewed, (keys) => {
      const places = 16;
      const top = new SpaceSaving(2, places);
      for (const key of keys) top.observe(1, key);
      for (const [key, count] of tally(keys)) {
        expect(top.most(1, key)).toBeGreaterThanOrEqual(count);
        expect(top.least(1, key)).toBeLessThanOrEqual(count);
        if (count <= keys.length / places) continue;
        // It has a place, so both bounds speak of itself.
        expect(top.most(1, key)).toBeLessThanOrEqual(count + keys.length / places);
        expect(top.least(1, key)).toBeGreaterThanOrEqual(count - keys.length / places);
        expect(top.least(1, key)).toBeGreaterThan(0);
      }
      expect(top.top(0)).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('space-saving: halved counts, and keys above one', () => {
  const top = new SpaceSaving(1, 4);
  for (const key of [7, 7, 7, 7, 8, 8, 9]) top.observe(0, key);
  expect([top.least(0, 7), top.top(0), top.keysAbove(0, 2)]).toEqual([4, 4, 2]);
  top.halve(0);
  expect([top.least(0, 7), top.least(0, 8), top.keysAbove(0, 2)]).toEqual([2, 1, 1]);
  top.clear(0);
  expect([top.most(0, 7), top.top(0)]).toEqual([0, 0]);
});

test('a table of keys finds what it holds, and gives up only what was unheard for longest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 400 }), (keys) => {
      const table = new KeyTable(32, 8);
      const held = new Map<number, number>();
      for (const [n, key] of keys.entries()) {
        const claimed = table.claim(key, START + n);
        const row = claimed < 0 ? ~claimed : claimed;
        expect(claimed >= 0).toBe(held.get(row) === key);
        expect(table.keyAt(row)).toBe(key);
        const loser = held.get(row);
        if (loser !== undefined && loser !== key) expect(table.find(loser)).toBe(-1);
        held.set(row, key);
      }
      for (const [row, key] of held) expect(table.find(key)).toBe(row);
    }),
  );
  const small = new KeyTable(2, 2);
  const row = ~small.claim(1, START);
  small.claim(2, START + 1);
  small.claim(1, START + 2);
  expect(~small.claim(3, START + 3)).not.toBe(row);
  expect(small.find(1)).toBe(row);
  expect(small.find(2)).toBe(-1);
});
