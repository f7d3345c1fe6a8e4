import * as fc from 'fast-check';
import { allZips, milesBetween, zipCentre } from '../../../src/market';
import { Circles, spherePoint } from '../../../src/market/circles';

const ZIPS = [...allZips()];
const WORDS = 2;

/** Does a circle hold a place, by the cells and the distance as the decision asks them? */
function holds(circles: Circles, row: number, place: { latitude: number; longitude: number }): boolean {
  const maybe = circles.mayHold(place, new Int32Array(WORDS), WORDS);
  const listed = (((maybe[row >>> 5] as number) >>> (row & 31)) & 1) === 1;
  return listed && circles.holds(row, spherePoint(place));
}

const zips = fc.nat(ZIPS.length - 1).map((n) => ZIPS[n] as string);
const miles = fc.oneof(
  fc.constantFrom(0, 1, 5, 10, 25, 50, 100),
  fc.double({ min: 0, max: 400, noNaN: true }),
  fc.constantFrom(1_000, 5_000, 13_000),
);

test('a circle holds a ZIP code just when the miles between them are no more than its own', () => {
  fc.assert(
    fc.property(zips, zips, miles, fc.nat(63), (centre, caller, radius, row) => {
      const circles = new Circles();
      circles.grow(WORDS);
      circles.put(row, { zip: centre, miles: radius });
      const [from, to] = [zipCentre(centre), zipCentre(caller)];
      if (!from || !to) throw new Error('no such ZIP code');
      const apart = milesBetween(from, to);
      // Two formulas may differ in the last digits of a distance.
      if (Math.abs(apart - radius) > 1e-6) expect(holds(circles, row, to)).toBe(apart <= radius);
      expect(holds(circles, row, from)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test('neighbours are found across the lines between cells', () => {
  const centre = '80202';
  const from = zipCentre(centre);
  if (!from) throw new Error('no such ZIP code');
  for (const radius of [10, 60, 150, 300]) {
    const circles = new Circles();
    circles.grow(WORDS);
    circles.put(3, { zip: centre, miles: radius });
    const found = ZIPS.filter((zip) => holds(circles, 3, zipCentre(zip) ?? from));
    const near = ZIPS.filter((zip) => milesBetween(from, zipCentre(zip) ?? from) <= radius);
    expect(found).toEqual(near);
  }
});

test('circles that come and go leave no trace', () => {
  const circles = new Circles();
  circles.grow(WORDS);
  for (let round = 0; round < 3; round++) {
    for (let row = 0; row < 64; row++) circles.put(row, { zip: '10001', miles: row * 20 });
    for (let row = 0; row < 64; row++) circles.take(row);
  }
  const place = zipCentre('10001');
  expect(circles.size).toBe(0);
  expect([...circles.mayHold(place, new Int32Array(WORDS), WORDS)]).toEqual([0, 0]);
  expect([...circles.rows.words]).toEqual([0, 0]);
});

test('nobody is near a caller of whom nobody knows where it is', () => {
  const circles = new Circles();
  circles.grow(WORDS);
  circles.put(0, { zip: '10001', miles: 13_000 });
  expect([...circles.mayHold(undefined, new Int32Array(WORDS).fill(-1), WORDS)]).toEqual([0, 0]);
});
