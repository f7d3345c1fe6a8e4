import fc from 'fast-check';
import { mosOf, ratingOf } from '../../../src/media/quality/e-model';
import { legStats } from '../../../src/media/quality/leg-stats';

const COUNTERS = {
  packetsReceived: 0,
  packetsSent: 0,
  bytesReceived: 0,
  bytesSent: 0,
  packetsLost: 0,
  jitterMs: 0,
  rttMs: undefined,
};

// G.107 annex B, table B.1.
test.each([
  [100, 4.5],
  [90, 4.34],
  [80, 4.03],
  [70, 3.6],
  [60, 3.1],
  [50, 2.58],
  [0, 1],
  [-10, 1],
])('a rating of %d is a score of %d', (rating, mos) => {
  // The table's own figures are rounded either way.
  expect(Math.abs(mosOf(rating) - mos)).toBeLessThan(0.01);
});

test.each([
  { delayMs: 0, lossPercent: 0, rating: 93.2 },
  { delayMs: 100, lossPercent: 0, rating: 93.2 },
  { delayMs: 200, lossPercent: 0, rating: 90.2 },
  { delayMs: 400, lossPercent: 0, rating: 69.1 },
  { delayMs: 0, lossPercent: 1, rating: 89.6 },
  { delayMs: 0, lossPercent: 5, rating: 77.4 },
  { delayMs: 0, lossPercent: 100, rating: 17.3 },
])('delay $delayMs ms, loss $lossPercent %: R = $rating', ({ rating, ...impairments }) => {
  expect(ratingOf(impairments)).toBeCloseTo(rating, 1);
});

test('law: more delay or more loss is never better, and a score lies between 1 and 4.5', () => {
  const some = fc.record({
    delayMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
    lossPercent: fc.double({ min: 0, max: 100, noNaN: true }),
  });
  fc.assert(
    fc.property(some, fc.double({ min: 0, max: 500, noNaN: true }), (impairments, more) => {
      const { delayMs, lossPercent } = impairments;
      const mos = mosOf(ratingOf(impairments));
      expect(mos).toBeGreaterThanOrEqual(1);
      expect(mos).toBeLessThanOrEqual(4.5);
      expect(ratingOf({ delayMs: delayMs + more, lossPercent })).toBeLessThanOrEqual(
        ratingOf(impairments) + 1e-9,
      );
      expect(ratingOf({ delayMs, lossPercent: Math.min(100, lossPercent + more) })).toBeLessThanOrEqual(
        ratingOf(impairments),
      );
    }),
  );
});

test('a leg that was not heard has no score', () => {
  expect(legStats(COUNTERS)).not.toHaveProperty('mos');
  expect(legStats(COUNTERS)).not.toHaveProperty('lossPercent');
  expect(legStats(COUNTERS)).not.toHaveProperty('rttMs');
});

test('loss is in percent of what was sent, over the call or since an earlier reading', () => {
  const before = { ...COUNTERS, packetsReceived: 900, packetsLost: 100 };
  const now = { ...before, packetsReceived: 1_150, rttMs: 40 };
  expect(legStats(before)).toMatchObject({ lossPercent: 10 });
  expect(legStats(now)).toMatchObject({ lossPercent: 8, rttMs: 40, packetsReceived: 1_150 });
  expect(legStats(now, before)).toMatchObject({ lossPercent: 0, mos: 4.41, packetsReceived: 1_150 });
});

test('what came late after it was taken for lost does not make the loss negative', () => {
  const before = { ...COUNTERS, packetsReceived: 100, packetsLost: 5 };
  expect(legStats({ ...before, packetsReceived: 200, packetsLost: 3 }, before)).toMatchObject({
    lossPercent: 0,
  });
});
