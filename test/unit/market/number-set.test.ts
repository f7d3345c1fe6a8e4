import * as fc from 'fast-check';
import type { E164 } from '../../../src/domain';
import type { NumberSegment } from '../../../src/market';
import {
  areaOf,
  digitsOf,
  FlipTable,
  numberAt,
  NumberSet,
  NumberSetBuilder,
  OTHERS,
  positionOf,
  roomFor,
  segmentProblemOf,
} from '../../../src/market';

/** Few areas and exchanges, so that numbers meet in blocks; some of them crowded, some not. */
const nanp = fc
  .tuple(
    fc.constantFrom(200, 201, 212, 999),
    fc.constantFrom(200, 201, 555, 999),
    fc.oneof(
      fc.nat(9_999),
      fc.integer({ min: 200, max: 300 }),
      fc.constantFrom(0, 255, 256, 9_983, 9_984, 9_999),
    ),
  )
  .map(([npa, nxx, line]) => `+1${npa}${nxx}${String(line).padStart(4, '0')}`);
const foreign = fc.oneof(
  fc.constantFrom('+442071838750', '+12125550', '+999999999999999', '+1000000', '+390612345678'),
  // Of the shape of a North American number, but none.
  fc.constantFrom('+11125550123', '+12121550123', '+10005550123'),
  fc
    .integer({ min: 2, max: 9 })
    .chain((first) => fc.bigInt(0n, 10n ** 13n).map((n) => `+${first}${n + 10n ** 6n}`)),
);
const number = fc.oneof(
  { weight: 5, arbitrary: nanp },
  { weight: 1, arbitrary: foreign },
) as fc.Arbitrary<E164>;

const setOf = (numbers: Iterable<E164>, base?: NumberSet): NumberSet => {
  const builder = new NumberSetBuilder(base);
  for (const each of numbers) builder.add(each);
  return builder.finish();
};
const contents = (set: NumberSet): E164[] => [...set.numbers()].sort();
const copied = ({ area, entries, data }: NumberSegment): NumberSegment => ({
  area,
  entries,
  data: data.slice(),
});

describe('where a number lies', () => {
  test.each([
    ['+12002000000', 200, 0],
    ['+12125550123', 212, 3_550_123],
    ['+19999999999', 999, 7_999_999],
    ['+442071838750', OTHERS, 442_071_838_750],
    ['+11125550123', OTHERS, 11_125_550_123],
    ['+12121550123', OTHERS, 12_121_550_123],
    ['+1212555012', OTHERS, 1_212_555_012],
  ])('%s', (text, area, value) => {
    const e164 = text as E164;
    expect(areaOf(e164)).toBe(area);
    expect(area === OTHERS ? digitsOf(e164) : positionOf(e164)).toBe(value);
    expect(numberAt(area, value)).toBe(text);
  });
});

test('it holds what a Set holds after the same adds and removes, and says as a Set does what was new', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'remove'), number), { maxLength: 400 });
  fc.assert(
    fc.property(steps, fc.array(number, { maxLength: 50 }), (changes, probes) => {
      const builder = new NumberSetBuilder();
      const model = new Set<E164>();
      for (const [what, each] of changes) {
        if (what === 'add') expect(builder.add(each)).toBe(!model.has(each));
        else expect(builder.remove(each)).toBe(model.has(each));
        if (what === 'add') model.add(each);
        else model.delete(each);
        expect(builder.size).toBe(model.size);
      }
      const set = builder.finish();
      expect(set.size).toBe(model.size);
      expect(contents(set)).toEqual([...model].sort());
      for (const each of [...probes, ...changes.map(([, it]) => it)])
        expect(set.has(each)).toBe(model.has(each));
    }),
    { numRuns: 150 },
  );
});

test('numbers added to a set, and taken from it, make the same set as if they had been put in at once', () => {
  const many = fc.uniqueArray(number, { maxLength: 200 });
  fc.assert(
    fc.property(many, many, many, (first, added, removed) => {
      const builder = new NumberSetBuilder(setOf(first));
      for (const each of added) builder.add(each);
      for (const each of removed) builder.remove(each);
      const whole = setOf(new Set([...first, ...added].filter((each) => !removed.includes(each))));
      expect(builder.finish().segments).toEqual(whole.segments);
    }),
    { numRuns: 80 },
  );
});

test('an area that nobody touched is the same memory in the set that follows', () => {
  const before = setOf(['+12125550123', '+13105550123', '+442071838750'] as E164[]);
  const after = setOf(['+12125550124'] as E164[], before);
  expect(after.segment(310)?.data).toBe(before.segment(310)?.data);
  expect(after.segment(OTHERS)?.data).toBe(before.segment(OTHERS)?.data);
  expect(after.segment(212)?.data).not.toBe(before.segment(212)?.data);
  expect(contents(before)).not.toContain('+12125550124');
});

test('segments that were stored and read again are the same set, and pass the check', () => {
  fc.assert(
    fc.property(fc.uniqueArray(number, { maxLength: 300 }), (numbers) => {
      const set = setOf(numbers);
      const read = set.segments.map(copied);
      expect(read.map(segmentProblemOf)).toEqual(read.map(() => undefined));
      expect(contents(new NumberSet(read))).toEqual([...numbers].sort());
    }),
    { numRuns: 80 },
  );
});

test('taken over as what is different, a set is the next one, before and after it is made whole', () => {
  const many = fc.uniqueArray(number, { minLength: 1, maxLength: 200 });
  const table = new FlipTable();
  fc.assert(
    fc.property(
      many,
      many,
      fc.array(number, { maxLength: 40 }),
      fc.boolean(),
      (first, rest, changed, inPlace) => {
        const before = setOf([...first, ...rest]);
        const builder = new NumberSetBuilder(before);
        for (const each of changed) if (!builder.remove(each)) builder.add(each);
        const after = builder.finish();
        let held = new NumberSet(
          after.segments.map((next) => table.asFlips(before.segment(next.area), next) ?? next),
        );
        for (let step = -1; step < after.segments.length; step++) {
          if (step >= 0) {
            const segment = held.segments[step] as NumberSegment;
            held = held.with(
              (inPlace ? table.settledInPlace(segment) : table.settled(segment)) as NumberSegment,
            );
          }
          expect(held.size).toBe(after.size);
          for (const each of [...first, ...rest, ...changed]) expect(held.has(each)).toBe(after.has(each));
        }
        expect(held.segments).toEqual(after.segments);
        expect(before.size).toBe(new Set([...first, ...rest]).size);
      },
    ),
    { numRuns: 40 },
  );
});

test('what is different is held as such only while it is little, also on top of other differences', () => {
  const lines = (from: number, to: number): E164[] =>
    Array.from({ length: to - from }, (_, n) => `+1212555${String(from + n).padStart(4, '0')}` as E164);
  const table = new FlipTable();
  const before = setOf(lines(0, 4_000));
  const first = setOf(lines(10, 4_010)).segment(212) as NumberSegment;
  const second = setOf(lines(20, 4_020)).segment(212) as NumberSegment;
  const once = table.asFlips(before.segment(212), first) as NumberSegment;
  expect([once.flips?.length, once.data === before.segment(212)?.data]).toEqual([20, true]);
  const twice = table.asFlips(once, second) as NumberSegment;
  expect([twice.flips?.length, twice.data === once.data]).toEqual([40, true]);
  expect(contents(new NumberSet([twice]))).toEqual(lines(20, 4_020));
  expect(contents(setOf(['+12125559999'] as E164[], new NumberSet([twice])))).toHaveLength(4_001);
  const other = setOf(lines(5_000, 9_000)).segment(212) as NumberSegment;
  expect(table.asFlips(twice, other)).toBeUndefined();
  expect(table.asFlips(undefined, other)).toBeUndefined();
});

test('made whole where it lies, an area takes no new memory, unless it has grown beyond its room', () => {
  const lines = (to: number): E164[] =>
    Array.from({ length: to }, (_, n) => `+1212555${String(n).padStart(4, '0')}` as E164);
  const table = new FlipTable();
  const segmentOfLines = (to: number): NumberSegment => setOf(lines(to)).segment(212) as NumberSegment;
  const { area, entries, data } = segmentOfLines(2_000);
  const place = new Uint8Array(roomFor(data.length), 0, data.length);
  place.set(data);
  const flipped = table.asFlips({ area, entries, data: place }, segmentOfLines(2_016)) as NumberSegment;
  const whole = table.settledInPlace(flipped) as NumberSegment;
  expect(whole.data.buffer).toBe(place.buffer);
  expect(whole).toEqual(segmentOfLines(2_016));
  const tight = table.asFlips(segmentOfLines(2_000), segmentOfLines(2_100)) as NumberSegment;
  const moved = table.settledInPlace(tight) as NumberSegment;
  expect(moved.data.buffer).not.toBe(tight.data.buffer);
  expect(moved).toEqual(segmentOfLines(2_100));
});

test('crowded and empty blocks, full exchanges and the ends of an area are exact', () => {
  for (const density of [0, 0.01, 0.12, 0.125, 0.13, 0.5, 1]) {
    const builder = new NumberSetBuilder();
    const inside: number[] = [];
    // Every 256th block has its share; a walk with a fixed stride spreads it.
    for (let line = 0; line < 10_000; line++) {
      if ((line * 7_919) % 10_000 < density * 10_000) inside.push(line);
    }
    for (const line of inside) {
      builder.addAt(212, line);
      builder.addAt(212, 7_990_000 + line);
    }
    const set = builder.finish();
    const found = (from: number): number[] =>
      Array.from({ length: 10_000 }, (_, line) => line).filter((line) => set.hasAt(212, from + line));
    expect(found(0)).toEqual(inside);
    expect(found(7_990_000)).toEqual(inside);
    expect(found(10_000)).toEqual([]);
    expect(found(7_980_000)).toEqual([]);
  }
});

test('a number costs a byte at most, or a line a bit at most', () => {
  const bytesFor = (stride: number): number => {
    const builder = new NumberSetBuilder();
    for (let position = 0; position < 8_000_000; position += stride) builder.addAt(212, position);
    return builder.finish().bytes;
  };
  const heads = 3_208 + 800 * 40;
  expect(bytesFor(1)).toBeLessThanOrEqual(heads + 800 * (39 * 32 + 16));
  expect(bytesFor(12)).toBeLessThanOrEqual(heads + 8_000_000 / 12 + 1);
  expect(bytesFor(100)).toBeLessThanOrEqual(heads + 80_000);
});

test('a damaged segment is not taken for a good one', () => {
  const set = setOf(
    Array.from({ length: 2_000 }, (_, n) => `+1212555${String(n * 3).padStart(4, '0')}` as E164).concat(
      '+442071838750' as E164,
      '+442071838751' as E164,
    ),
  );
  for (const segment of set.segments) {
    const good = copied(segment);
    expect(segmentProblemOf(good)).toBeUndefined();
    expect(segmentProblemOf({ ...good, entries: good.entries + 1 })).toMatch(/numbers/);
    expect(segmentProblemOf({ ...good, data: good.data.slice(0, -1) })).toBeDefined();
    expect(segmentProblemOf({ ...good, data: new Uint8Array(0) })).toMatch(/cut off/);
    expect(segmentProblemOf({ ...good, data: Uint8Array.from([...good.data, 0]) })).toBeDefined();
    const other = good.data.slice();
    other[0] = 9;
    expect(segmentProblemOf({ ...good, data: other })).toMatch(/format is 9/);
  }
  const twisted = copied(set.segments[0] as NumberSegment);
  // The second of two numbers outside the plan: no longer after the first.
  twisted.data.copyWithin(16, 8, 16);
  expect(segmentProblemOf(twisted)).toMatch(/order/);
});

test('any bytes at all are refused or can be looked up in: a look-up never throws', () => {
  const { data } = setOf(['+12125550123', '+12125550124', '+12129990000'] as E164[]).segment(
    212,
  ) as NumberSegment;
  fc.assert(
    fc.property(fc.nat(data.length - 1), fc.nat(255), (at, byte) => {
      const bent = data.slice();
      bent[at] = byte;
      const set = new NumberSet([{ area: 212, entries: 3, data: bent }]);
      expect(typeof set.has('+12125550123' as E164)).toBe('boolean');
      expect(typeof set.has('+12129999999' as E164)).toBe('boolean');
    }),
    { numRuns: 300 },
  );
});

test('places that do not exist are refused', () => {
  const builder = new NumberSetBuilder();
  expect(() => builder.addAt(199, 1)).toThrow(RangeError);
  expect(() => builder.addAt(1_000, 1)).toThrow(RangeError);
  expect(() => builder.addAt(212, 8_000_000)).toThrow(RangeError);
  expect(() => builder.addAt(OTHERS, 0)).toThrow(RangeError);
  expect(() => builder.addAt(OTHERS, Number.NaN)).toThrow(RangeError);
  const segment = setOf(['+12125550123'] as E164[]).segments[0] as NumberSegment;
  expect(() => new NumberSet([segment, segment])).toThrow(/twice/);
  expect(() => new NumberSet([{ ...segment, area: 100 }])).toThrow(/no area/);
});

test('what is no number is on no list', () => {
  const set = setOf(['+12125550123'] as E164[]);
  for (const text of ['', '+', '+1', 'anonymous', '+1anonymous!', '+1212555012x', '+1999999999\uffff']) {
    expect(set.has(text as E164)).toBe(false);
  }
});
