import * as fc from 'fast-check';
import { Deadlines } from '../../../src/rtb/deadlines';
import { NOON, useVirtualTime } from './fixtures';

useVirtualTime();

const monotonic = (): number => Date.now() - NOON;

test('everything happens in its order, once, and nothing that was taken back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.integer({ min: 0, max: 500 }), kept: fc.boolean() }), { maxLength: 200 }),
      (wanted) => {
        jest.setSystemTime(NOON);
        const deadlines = new Deadlines(monotonic);
        const done: number[] = [];
        const takeBack = wanted.map(({ at }, index) => deadlines.add(at, () => done.push(index)));
        for (const [index, { kept }] of wanted.entries()) if (!kept) takeBack[index]?.();
        const expected = wanted.flatMap(({ kept }, index) => (kept ? [index] : []));
        expect(deadlines.size).toBe(expected.length);
        jest.advanceTimersByTime(600);
        expect([...done].sort((a, b) => a - b)).toEqual(expected);
        const instants = done.map((index) => wanted[index]?.at as number);
        expect(instants).toEqual([...instants].sort((a, b) => a - b));
        expect(deadlines.size).toBe(0);
        expect(jest.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 50 },
  );
});

test('what is due happens when somebody looks, without the timer', () => {
  const deadlines = new Deadlines(monotonic);
  const done: string[] = [];
  deadlines.add(100, () => done.push('first'));
  deadlines.add(200, () => done.push('second'));
  jest.setSystemTime(NOON + 150);
  deadlines.poll();
  expect(done).toEqual(['first']);
  deadlines.close();
});

test('an instant added while another is carried out is heeded', () => {
  const deadlines = new Deadlines(monotonic);
  const done: string[] = [];
  deadlines.add(50, () => {
    done.push('first');
    deadlines.add(60, () => done.push('second'));
  });
  jest.advanceTimersByTime(55);
  expect(done).toEqual(['first']);
  jest.advanceTimersByTime(10);
  expect(done).toEqual(['first', 'second']);
});

test('after closing nothing happens and no timer is left', () => {
  const deadlines = new Deadlines(monotonic);
  const done = jest.fn();
  const takeBack = deadlines.add(50, done);
  deadlines.close();
  takeBack();
  expect(jest.getTimerCount()).toBe(0);
  jest.advanceTimersByTime(100);
  expect(done).not.toHaveBeenCalled();
  expect(deadlines.size).toBe(0);
});
