import * as fc from 'fast-check';
import { CallerLinks } from '../../../../src/fraud/structures/caller-links';
import { GapWatch } from '../../../../src/fraud/structures/gap-watch';
import { RateWatch } from '../../../../src/fraud/structures/rate-watch';
import { SpreadWatch } from '../../../../src/fraud/structures/entropy';
import { randomFrom } from '../support';

const START = Date.UTC(2026, 10, 21);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RATE = { usual: 0.1, fast: 0.05, slow: 0.005, slack: 0.05 };

test('a rate moves from what is usual to what is seen, the short memory first', () => {
  const watch = new RateWatch(2, RATE);
  expect([watch.recent(0), watch.usual(0)]).toEqual([0.1, 0.1]);
  for (let n = 0; n < 100; n++) watch.observe(0, 1);
  expect(watch.recent(0)).toBeGreaterThan(0.95);
  expect(watch.usual(0)).toBeGreaterThan(0.5);
  expect(watch.recent(0)).toBeGreaterThan(watch.usual(0));
  expect([watch.recent(1), watch.seen(0), watch.seen(1)]).toEqual([0.1, 100, 0]);
  watch.clear(0);
  expect([watch.recent(0), watch.risen(0), watch.seen(0)]).toEqual([0.1, 0, 0]);
});

test('CUSUM rises on a shift within tens of observations, and stays low without one', () => {
  const random = randomFrom(5);
  const watch = new RateWatch(1, RATE);
  let highest = 0;
  for (let n = 0; n < 3_000; n++) {
    watch.observe(0, random() < 0.1 ? 1 : 0);
    if (n > 500) highest = Math.max(highest, watch.risen(0), watch.fallen(0));
  }
  expect(highest).toBeLessThan(6);
  let took = 0;
  while (watch.risen(0) < 6) {
    watch.observe(0, random() < 0.5 ? 1 : 0);
    took++;
  }
  expect(took).toBeLessThan(60);
  expect(watch.fallen(0)).toBeLessThan(1);
});

test('rates stay between the least and the most that was seen', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 200 }), (values) => {
      const watch = new RateWatch(1, RATE);
      for (const value of values) watch.observe(0, value);
      const [low, high] = [Math.min(RATE.usual, ...values), Math.max(RATE.usual, ...values)];
      for (const rate of [watch.recent(0), watch.usual(0)]) {
        expect(rate).toBeGreaterThanOrEqual(low - 1e-12);
        expect(rate).toBeLessThanOrEqual(high + 1e-12);
      }
      expect(watch.risen(0)).toBeGreaterThanOrEqual(0);
      expect(watch.risen(0)).toBeLessThanOrEqual(25);
    }),
  );
});

test('entropy is that of the counts, kept as they change', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 2, maxLength: 400 }), (bins) => {
      const spread = new SpreadWatch(2, 10, 1_000);
      for (const bin of bins) spread.observe(1, bin);
      const counts = new Map<number, number>();
      for (const bin of bins) counts.set(bin, (counts.get(bin) ?? 0) + 1);
      let bits = 0;
      for (const count of counts.values()) bits -= (count / bins.length) * Math.log2(count / bins.length);
      expect(spread.bits(1)).toBeCloseTo(bits, 6);
      expect(spread.evenness(1)).toBeLessThanOrEqual(1);
      expect(spread.evenness(0)).toBe(0.9);
    }),
  );
});

test('an even spread is told from a narrow one, and a new habit replaces the old one', () => {
  const random = randomFrom(6);
  const spread = new SpreadWatch(2, 800, 1_024);
  for (let n = 0; n < 5_000; n++) {
    spread.observe(0, Math.floor(random() * 800));
    spread.observe(1, Math.floor(random() * 4));
  }
  expect(spread.evenness(0)).toBeGreaterThan(0.9);
  expect(spread.evenness(1)).toBeLessThan(0.25);
  for (let n = 0; n < 3_000; n++) spread.observe(1, Math.floor(random() * 800));
  expect(spread.evenness(1)).toBeGreaterThan(0.85);
});

test('calls by the clock are regular, calls by chance are not', () => {
  const random = randomFrom(7);
  const watch = new GapWatch(3);
  let [byClock, byChance] = [START, START];
  for (let n = 0; n < 60; n++) {
    byClock += 60_000 * (0.95 + 0.1 * random());
    byChance += -60_000 * Math.log(1 - random());
    watch.observe(0, byClock);
    watch.observe(1, byChance);
  }
  expect(watch.regularity(0)).toBeGreaterThan(0.75);
  expect(watch.regularity(1)).toBeLessThan(0.35);
  expect(watch.regularity(2)).toBe(0);
  expect(watch.since(0, byClock + 5)).toBe(5);
  expect(watch.since(2, START)).toBe(Infinity);
  watch.observe(2, START);
  watch.observe(2, START + 10);
  watch.observe(2, START + 20);
  // Two gaps alike are no habit yet.
  expect(watch.regularity(2)).toBeLessThan(0.3);
});

test('links of callers: distinct sellers of the window, the oldest gives way', () => {
  const links = new CallerLinks(2, 3, DAY);
  expect(links.link(0, 11, START)).toBe(true);
  expect(links.link(0, 11, START + HOUR)).toBe(false);
  links.link(0, 12, START + 2 * HOUR);
  expect(links.others(0, 11, START + 3 * HOUR)).toBe(1);
  expect(links.others(0, 99, START + 3 * HOUR)).toBe(2);
  expect(links.others(1, 99, START)).toBe(0);
  // 11 was last heard an hour after the start.
  expect(links.others(0, 99, START + DAY + HOUR)).toBe(1);
  expect(links.link(0, 11, START + DAY + HOUR)).toBe(true);
  for (const seller of [13, 14]) links.link(0, seller, START + DAY + 2 * HOUR);
  expect([0, 1, 2].map((n) => links.sellerAt(0, n, START + DAY + 2 * HOUR)).sort()).toEqual([11, 13, 14]);
  links.clear(0);
  expect(links.others(0, 99, START)).toBe(0);
});
