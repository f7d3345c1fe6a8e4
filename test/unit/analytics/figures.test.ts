import { inCurrency, marginOf, ratiosOf } from '../../../src/analytics';
import { RecentCounts } from '../../../src/analytics/recent-counts';
import { NO_FIGURES } from '../../../src/storage';

const SUMS = {
  calls: 200,
  connected: 160,
  answered: 120,
  converted: 90,
  rang: 150,
  pddMs: 300_100,
  connectedMs: 12_000_060,
  revenue: 900,
  payout: 600,
  fees: 50,
  taxes: 70,
  carrierCost: 30,
};

test('ratios are made of sums', () => {
  expect(ratiosOf(SUMS)).toEqual({
    asr: 0.6,
    ner: 0.8,
    answerRate: 0.75,
    conversionRate: 0.75,
    acdMs: 100_001,
    pddMs: 2_001,
  });
  expect(new Set(Object.values(ratiosOf(NO_FIGURES)))).toEqual(new Set([null]));
});

test('the margin is what stays: taxes do not', () => {
  expect(marginOf(SUMS)).toBe(900 + 50 - 600 - 30);
});

test('counts are of all calls, money is of one currency', () => {
  const rows = [
    { start: 0, key: 'a', currency: null, sums: { ...NO_FIGURES, calls: 5 } },
    { start: 0, key: 'a', currency: 'EUR', sums: { ...NO_FIGURES, calls: 2, revenue: 7 } },
    { start: 0, key: 'a', currency: 'USD', sums: { ...NO_FIGURES, calls: 3, revenue: 11, taxes: 1 } },
    { start: 0, key: 'b', currency: 'EUR', sums: { ...NO_FIGURES, calls: 1, revenue: 13 } },
  ];
  expect(inCurrency(rows, 'USD')).toEqual([
    { start: 0, key: 'a', sums: { ...NO_FIGURES, calls: 10, revenue: 11, taxes: 1 } },
    { start: 0, key: 'b', sums: { ...NO_FIGURES, calls: 1 } },
  ]);
});

test('recent counts forget what is longer ago, also after a pause', () => {
  const counts = new RecentCounts(1_000, 4);
  for (let second = 0; second < 10; second++) counts.add(second * 1_000);
  expect(counts.sum(9_000)).toBe(5);
  expect(counts.sum(9_000, 1)).toBe(2);
  expect(counts.sum(11_500)).toBe(3);
  expect(counts.sum(60_000)).toBe(0);
  // A clock that goes back counts into the latest second.
  counts.add(59_000);
  expect(counts.sum(60_000, 0)).toBe(1);
});
