import * as fc from 'fast-check';
import type { RingAttempt } from '../../../src/domain';
import type { EndedCall } from '../../../src/storage/ended-calls';
import type { BidSums } from '../../../src/storage/quality-record';
import {
  decayed,
  HALF_LIFE_MS,
  isMaterial,
  noSums,
  sumsOf,
  together,
} from '../../../src/storage/quality-record';

const NOW = Date.UTC(2026, 10, 21, 15);

const ring = (
  bidId: string,
  outcome: RingAttempt['outcome'],
  more: Partial<RingAttempt> = {},
): RingAttempt => ({
  bidId,
  targetId: `${bidId}-target`,
  buyerId: `${bidId}-buyer`,
  startedAt: NOW,
  durationMs: 12_000,
  outcome,
  sipStatus: outcome === 'answered' ? 200 : 480,
  ...more,
});

const call = (attempts: readonly RingAttempt[], more: Partial<EndedCall> = {}): EndedCall => ({
  position: 1,
  callId: 'call',
  endedAt: NOW,
  endReason: 'caller_hangup',
  connectedMs: 0,
  attempts,
  soldBid: null,
  settled: true,
  revenue: 0,
  ageMs: 60_000,
  ...more,
});

const sold = (bidId: string, revenue: number, attempts: readonly RingAttempt[]): EndedCall =>
  call(attempts, { soldBid: bidId, connectedMs: 90_000, revenue });

test('rings that were not answered count, those the caller or the exchange broke off do not', () => {
  const attempts = (
    ['busy', 'no_answer', 'declined', 'unreachable', 'failed', 'canceled', 'cap_reached'] as const
  ).map((outcome) => ring('a', outcome));
  const sums = sumsOf([call([...attempts, ring('a', 'failed', { sipStatus: 0 })])], NOW);
  expect(sums.get('a')).toEqual({ ...noSums(NOW), rings: 5 });
});

test('a sale is one ring, one answer, and a conversion when the buyer owes for it', () => {
  const sums = sumsOf(
    [sold('a', 5_000_000, [ring('b', 'busy'), ring('a', 'answered')]), sold('a', 0, [ring('a', 'answered')])],
    NOW,
  );
  expect(sums.get('b')).toEqual({ ...noSums(NOW), rings: 1 });
  expect(sums.get('a')).toEqual({
    asOf: NOW,
    rings: 2,
    answers: 2,
    conversions: 1,
    connectedMs: 180_000,
    revenue: 5_000_000,
  });
});

test('a call that was closed without its attempts counts all the same', () => {
  expect(sumsOf([sold('a', 1, [])], NOW).get('a')).toMatchObject({ rings: 1, answers: 1, conversions: 1 });
});

test('an old call counts half as much every seven days, whenever it is counted', () => {
  const at = (asOf: number): BidSums =>
    sumsOf([{ ...sold('a', 8_000_000, []), endedAt: NOW - HALF_LIFE_MS }], asOf).get('a') ?? noSums(asOf);
  expect(at(NOW)).toMatchObject({ rings: 0.5, revenue: 4_000_000, connectedMs: 45_000 });
  const later = at(NOW + HALF_LIFE_MS);
  expect(later).toMatchObject({ rings: 0.25, revenue: 2_000_000 });
  expect(decayed(at(NOW), NOW + HALF_LIFE_MS)).toEqual(later);
  // Clocks of nodes differ: the future is not worth more.
  expect(sumsOf([{ ...sold('a', 1, []), endedAt: NOW + 9_000 }], NOW).get('a')?.rings).toBe(1);
});

test('calls counted in any batches come to the same', () => {
  const calls = fc.array(
    fc.record({ bid: fc.constantFrom('a', 'b'), age: fc.nat(60 * 86_400_000), revenue: fc.nat(50_000_000) }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(calls, fc.nat(30), fc.nat(20 * 86_400_000), (made, cut, between) => {
      const all = made.map(({ bid, age, revenue }) => ({ ...sold(bid, revenue, []), endedAt: NOW - age }));
      const end = NOW + between;
      const whole = sumsOf(all, end);
      const first = sumsOf(all.slice(0, cut), NOW);
      const second = sumsOf(all.slice(cut), end);
      for (const [bid, sums] of whole) {
        const parts = together(first.get(bid) ?? noSums(NOW), second.get(bid) ?? noSums(end));
        expect(parts.asOf).toBe(end);
        for (const figure of ['rings', 'answers', 'connectedMs', 'revenue'] as const) {
          expect(parts[figure]).toBeCloseTo(sums[figure], figure === 'rings' || figure === 'answers' ? 9 : 3);
        }
      }
    }),
  );
});

test('the market is told of what moved by more than a twentieth', () => {
  const known = { rings: 100, answers: 50, conversions: 20, connectedMs: 9_000_000, revenue: 400_000_000 };
  const sums = { ...known, asOf: NOW };
  expect(isMaterial(undefined, sums)).toBe(true);
  expect(isMaterial(known, sums)).toBe(false);
  expect(isMaterial(known, { ...sums, rings: 105.5, answers: 53, conversions: 21.5 })).toBe(false);
  expect(isMaterial(known, { ...sums, rings: 105.6 })).toBe(true);
  expect(isMaterial(known, { ...sums, conversions: 18.4 })).toBe(true);
  expect(isMaterial(known, { ...sums, revenue: 379_000_000 })).toBe(true);
});
