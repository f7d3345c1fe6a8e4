import * as fc from 'fast-check';
import type { BidQuality } from '../../../src/domain';
import { EVEN_FACTOR } from '../../../src/market';
import { BidRecords } from '../../../src/market/bid-records';

const ROWS = 8;
const record = (n: number, over: Partial<BidQuality> = {}): BidQuality => ({
  id: `bid-${n}`,
  rings: 0,
  answers: 0,
  conversions: 0,
  connectedMs: 0,
  revenue: 0,
  ...over,
});

/** A bid of so many rings, of which these shares were answered and converted. */
const going = (n: number, rings: number, answered: number, converted = 0.5): BidQuality =>
  record(n, { rings, answers: rings * answered, conversions: rings * answered * converted });

function recordsOf(all: readonly BidQuality[], weight = 1): BidRecords {
  const records = new BidRecords(ROWS);
  records.weigh(weight);
  for (const [row, each] of all.entries()) records.put(row, each);
  return records;
}

const shares = fc.double({ min: 0, max: 1, noNaN: true });
const someRecord = fc
  .record({
    rings: fc.double({ min: 0, max: 500, noNaN: true }),
    answered: shares,
    converted: shares,
    revenue: fc.nat(1e9),
  })
  .map(({ rings, answered, converted, revenue }) => ({
    ...going(0, rings, answered, converted),
    connectedMs: rings * 1_000,
    revenue,
  }));

describe('the factor of a bid', () => {
  test('is even where nothing is known, where nobody asks for it, and for a bid without a record', () => {
    expect(recordsOf([]).factorAt(0)).toBe(EVEN_FACTOR);
    const known = [going(0, 100, 0.9), going(1, 100, 0.1)];
    expect(recordsOf(known, 0).factorAt(0)).toBe(EVEN_FACTOR);
    expect(recordsOf(known).factorAt(5)).toBe(EVEN_FACTOR);
  });

  test('is more for a buyer that answers more, and for one whose calls convert more', () => {
    const records = recordsOf([going(0, 300, 0.8), going(1, 300, 0.4), going(2, 300, 0.4, 0.9)]);
    const [answers, neither, converts] = [0, 1, 2].map((row) => records.factorAt(row)) as [
      number,
      number,
      number,
    ];
    expect(answers).toBeGreaterThan(neither);
    expect(converts).toBeGreaterThan(neither);
  });

  test('goes from even towards the bid’s own rate as its record grows', () => {
    const many = going(7, 10_000, 0.5);
    const factors = [0, 5, 50, 500].map((rings) => recordsOf([going(0, rings, 1), many]).factorAt(0));
    expect(factors[0]).toBe(EVEN_FACTOR);
    expect(factors).toEqual([...factors].sort((a, b) => a - b));
    // Twice the mean answer rate in the end, and little of that after five rings.
    expect((factors[1] as number) / EVEN_FACTOR).toBeLessThan(1.25);
    expect((factors[3] as number) / EVEN_FACTOR).toBeGreaterThan(1.8);
  });

  test('counts for less with a smaller weight', () => {
    const all = [going(0, 500, 0.9), going(1, 5_000, 0.3)];
    const factors = [0.1, 0.5, 1].map((weight) => recordsOf(all, weight).factorAt(0));
    expect(factors).toEqual([...factors].sort((a, b) => a - b));
    expect(new Set(factors).size).toBe(3);
  });

  test('is a positive integer within bounds, whatever the record', () => {
    fc.assert(
      fc.property(
        fc.array(someRecord, { minLength: 1, maxLength: ROWS }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, weight) => {
          const records = recordsOf(all, weight);
          for (const row of all.keys()) {
            const factor = records.factorAt(row);
            expect(Number.isSafeInteger(factor) && factor >= 1 && factor <= 2 ** 30).toBe(true);
          }
        },
      ),
    );
  });
});

test('all of it follows from the records that stand, whatever was there before and is asked in between', () => {
  const steps = fc.array(
    fc.record({ row: fc.nat(ROWS - 1), value: fc.option(someRecord, { nil: undefined }), ask: fc.boolean() }),
    { maxLength: 40, size: 'max' },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const records = recordsOf([]);
      const standing = new Map<number, BidQuality>();
      for (const { row, value, ask } of all) {
        records.put(row, value);
        if (value) standing.set(row, value);
        else standing.delete(row);
        if (ask) for (let each = 0; each < ROWS; each++) records.factorAt(each);
      }
      const fresh = recordsOf([]);
      for (const row of [...standing.keys()].sort((a, b) => b - a)) fresh.put(row, standing.get(row));
      const said = (which: BidRecords): number[] =>
        Array.from({ length: ROWS }, (_, row) => [which.factorAt(row), which.revenueAt(row)]).flat();
      expect(said(records)).toEqual(said(fresh));
      expect([records.size, records.meanConnectedMs]).toEqual([fresh.size, fresh.meanConnectedMs]);
    }),
    { numRuns: 300 },
  );
});

test('the revenue to be expected of a new bid is the mean, and that of an old one its own', () => {
  const earning = (n: number, rings: number, each: number): BidQuality =>
    record(n, { rings, revenue: rings * each });
  const records = recordsOf([earning(0, 100_000, 3_000_000), earning(1, 100_000, 1_000_000)]);
  // Means keep five binary digits.
  expect(records.revenueAt(5)).toBeGreaterThan(1_900_000);
  expect(records.revenueAt(5)).toBeLessThan(2_100_000);
  expect(records.revenueAt(0)).toBeGreaterThan(2_990_000);
  expect(records.revenueAt(1)).toBeLessThan(1_010_000);
});

test('a mean moves in steps: most calls change no other bid’s factor', () => {
  const records = recordsOf([going(0, 5_000, 0.5), going(1, 200, 0.9)]);
  const factors = new Set<number>();
  for (let rings = 5_000; rings < 5_100; rings++) {
    records.put(0, going(0, rings, 0.5));
    factors.add(records.factorAt(1));
  }
  expect(factors.size).toBe(1);
});
