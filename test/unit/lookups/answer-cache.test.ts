import fc from 'fast-check';
import type { KeptAnswer } from '../../../src/lookups/answer-cache';
import { AnswerCache } from '../../../src/lookups/answer-cache';
import { Slots } from '../../../src/lookups/slots';

const kept = (at: number): KeptAnswer => ({ answer: 'clear', value: undefined, at });

test('an answer is good until it is too old, and good again for who is less strict', () => {
  const cache = new AnswerCache(10);
  cache.put('a', kept(100));
  expect(cache.get('a', 100)).toEqual(kept(100));
  expect(cache.get('a', 101)).toBeUndefined();
  expect(cache.get('a', 50)).toEqual(kept(100));
});

test('the one longest unused goes first; an older answer replaces no newer one', () => {
  const cache = new AnswerCache(2);
  cache.put('a', kept(1));
  cache.put('b', kept(2));
  cache.get('a', 0);
  cache.put('c', kept(3));
  expect([cache.get('a', 0), cache.get('b', 0), cache.get('c', 0)]).toEqual([kept(1), undefined, kept(3)]);
  cache.put('a', kept(0));
  expect(cache.get('a', 0)).toEqual(kept(1));
});

test('law: it never holds more than it may', () => {
  fc.assert(
    fc.property(fc.nat({ max: 5 }), fc.array(fc.string({ maxLength: 2 })), (size, keys) => {
      const cache = new AnswerCache(size);
      keys.forEach((key, at) => cache.put(key, kept(at)));
      expect(cache.size).toBeLessThanOrEqual(size);
      if (size > 0 && keys.length > 0) expect(cache.get(keys.at(-1) ?? '', 0)).toEqual(kept(keys.length - 1));
    }),
  );
});

test('so many have a slot, as many wait in turn, the next are sent away', async () => {
  const slots = new Slots(2);
  expect(await Promise.all([slots.take(1_000), slots.take(1_000)])).toEqual([true, true]);
  const turns: string[] = [];
  const third = slots.take(60_000).then((taken) => turns.push(`third ${taken}`));
  const fourth = slots.take(60_000).then((taken) => turns.push(`fourth ${taken}`));
  expect(await slots.take(60_000)).toBe(false);
  slots.give();
  await third;
  slots.give();
  await fourth;
  expect(turns).toEqual(['third true', 'fourth true']);
  expect([slots.taken, slots.waiting]).toEqual([2, 0]);
});

test('who waits too long has none, and leaves the queue', async () => {
  const slots = new Slots(1);
  await slots.take(1_000);
  expect(await slots.take(1)).toBe(false);
  expect(slots.waiting).toBe(0);
  slots.give();
  expect(slots.taken).toBe(0);
});
