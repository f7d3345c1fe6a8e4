import * as fc from 'fast-check';
import type { CapLimit, CapOutcome, RingAttempt } from '../../../src/domain';
import type { CappedCall } from '../../../src/storage/cap-usage';
import { unitsOf } from '../../../src/storage/cap-usage';
import { LocalReservations } from '../../../src/storage/local-reservations';
import { concurrent, limitOf, spacing } from '../../support/cap-limits';

const RESETS = Date.UTC(2026, 10, 22);
const at = { resetsAt: RESETS };
const limitsOf = (bidId: string): readonly CapLimit[] => [
  limitOf('attempts', bidId, 99, at),
  limitOf('connections', bidId, 99, at),
  limitOf('conversions', bidId, 99, at),
  limitOf('revenue', bidId, 99_000_000, { ...at, amount: 30_000_000 }),
  concurrent(bidId, 9),
  spacing(bidId, 100),
];
const SOURCE = limitsOf('source');

const ring = (bidId: string, outcome: RingAttempt['outcome']): RingAttempt => ({
  bidId,
  targetId: bidId,
  buyerId: bidId,
  startedAt: 0,
  durationMs: 1,
  outcome,
  sipStatus: 480,
});

/** A call that rang these bids in order; the last took it, if anybody did. */
const call = (rung: readonly string[], sold: boolean, more: Partial<CappedCall> = {}): CappedCall => {
  const soldBid = sold ? (rung[rung.length - 1] as string) : null;
  return {
    attempts: rung.map((bidId) => ring(bidId, bidId === soldBid ? 'answered' : 'busy')),
    soldBid,
    soldLimits: soldBid === null ? null : limitsOf(soldBid),
    plan: rung.map((bidId) => ({ bidId, reservations: limitsOf(bidId) })),
    sourceLimits: [],
    settled: true,
    revenue: sold ? 20_000_000 : 0,
    ...more,
  };
};

const amounts = (calls: readonly CappedCall[]): Record<string, number> =>
  Object.fromEntries(
    [...unitsOf(calls).values()].map(({ key, amount }) => [key.split(':').slice(1, 3).join(' '), amount]),
  );

test('who was rung used an attempt, who took the call what came of it', () => {
  expect(amounts([call(['a', 'b'], true)])).toEqual({
    'a attempts': 1,
    'b attempts': 1,
    'b connections': 1,
    'b conversions': 1,
    'b revenue': 20_000_000,
  });
  expect(amounts([call(['a'], false)])).toEqual({ 'a attempts': 1 });
  expect(amounts([call(['a'], true, { revenue: 0 })])).toEqual({ 'a attempts': 1, 'a connections': 1 });
});

test('who had no room was not rung', () => {
  expect(amounts([call(['a'], false, { attempts: [ring('a', 'cap_reached')] })])).toEqual({});
});

test('what is not booked yet counts as the most it may come to', () => {
  const open = call(['a'], true, { settled: false, revenue: 0 });
  expect(amounts([open])).toEqual({
    'a attempts': 1,
    'a connections': 1,
    'a conversions': 1,
    'a revenue': 30_000_000,
  });
});

test("a seller's caps are used by each of its calls", () => {
  const source = { sourceLimits: SOURCE };
  expect(amounts([call(['a'], false, source), call([], false, source)])).toMatchObject({
    'source attempts': 2,
  });
  expect(amounts([call(['a'], true, source)])).toMatchObject({
    'source attempts': 1,
    'source connections': 1,
    'source conversions': 1,
    'source revenue': 20_000_000,
  });
});

test('counting afterwards comes to what reservations come to', () => {
  const made = fc.record({
    rung: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
    sold: fc.boolean(),
    revenue: fc.constantFrom(0, 10_000_000, 30_000_000),
  });
  fc.assert(
    fc.property(fc.array(made, { maxLength: 20 }), (calls) => {
      const reserved = new LocalReservations(
        () => 0,
        () => 0,
      );
      const open = (limits: readonly CapLimit[]): CapLimit[] =>
        limits
          .filter(({ counter }) => counter !== 'spacing')
          .map((limit) => ({ ...limit, limit: Number.MAX_SAFE_INTEGER }));
      const over = calls.map(({ rung, sold, revenue }, n) => {
        const id = `call-${n}`;
        const earned = sold ? revenue : 0;
        const outcome: CapOutcome = { connected: sold, converted: earned > 0, revenue: earned };
        reserved.reserve(id, open(SOURCE));
        rung.forEach((bidId, place) => {
          const last = place === rung.length - 1;
          reserved.reserve(id, open(limitsOf(bidId)));
          const unanswered = { connected: false, converted: false, revenue: 0 };
          reserved.release(id, open(limitsOf(bidId)), last ? outcome : unanswered);
        });
        reserved.release(id, open(SOURCE), outcome);
        return call(rung, sold, { revenue: earned, sourceLimits: SOURCE });
      });
      const { held, spent } = reserved.handOver();
      expect(held).toEqual([]);
      const sort = <T extends { key: string }>(units: readonly T[]): T[] =>
        [...units].sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(sort([...unitsOf(over).values()])).toEqual(sort(spent));
    }),
  );
});
