import fc from 'fast-check';
import { WindowCounter } from '../../../src/api/middleware/window-counter';

const MINUTE = 60_000;

test('counts each name by itself, and starts anew each minute', () => {
  let now = 0;
  const counter = new WindowCounter(() => now);
  expect([counter.add('a'), counter.add('a'), counter.add('b')]).toEqual([
    { count: 1, resetSeconds: 60 },
    { count: 2, resetSeconds: 60 },
    { count: 1, resetSeconds: 60 },
  ]);
  now = MINUTE - 1;
  expect(counter.add('a')).toEqual({ count: 3, resetSeconds: 1 });
  now = MINUTE;
  expect(counter.add('a')).toEqual({ count: 1, resetSeconds: 60 });
});

test('to look is not to count', () => {
  const counter = new WindowCounter(() => 0);
  counter.add('a');
  expect([counter.add('a', 0).count, counter.add('a', 0).count, counter.add('b', 0).count]).toEqual([
    1, 1, 0,
  ]);
});

test('however it is asked, no window passes more than its limit, and who waits as told passes', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (waits, limit) => {
      let now = 0;
      const counter = new WindowCounter(() => now);
      const passed: number[] = [];
      for (const wait of waits) {
        now += wait;
        const { count, resetSeconds } = counter.add('a');
        expect(resetSeconds).toBeGreaterThanOrEqual(1);
        expect(resetSeconds).toBeLessThanOrEqual(60);
        if (count <= limit) passed.push(now);
        else {
          now += resetSeconds * 1_000;
          expect(counter.add('a', 0).count).toBe(0);
        }
      }
      // A fixed window passes at most two windows' worth in any minute.
      for (const from of passed) {
        expect(passed.filter((at) => at >= from && at < from + MINUTE).length).toBeLessThanOrEqual(2 * limit);
      }
    }),
  );
});

test('names without end cost no memory: the oldest is forgotten', () => {
  const counter = new WindowCounter(() => 0);
  counter.add('first');
  for (let n = 0; n < 9_999; n++) counter.add(`name-${n}`);
  expect(counter.add('first', 0).count).toBe(1);
  counter.add('one more');
  expect(counter.add('first', 0).count).toBe(0);
  expect(counter.add('name-0', 0).count).toBe(1);
});
