import fc from 'fast-check';
import { barsOf, mosOf, qualityBetween, sampleOf } from '../../../src/web/phone/core/quality';

const sample = (at: number, packetsReceived: number, packetsLost = 0) => ({
  at,
  packetsReceived,
  packetsLost,
  jitterMs: 2,
  rttMs: 30,
  sentLossPercent: undefined,
});

test('the browser’s counters are put together, RTCP’s round trip before ICE’s', () => {
  const entries = [
    { type: 'inbound-rtp', kind: 'audio', packetsReceived: 100, packetsLost: 3, jitter: 0.004 },
    { type: 'remote-inbound-rtp', kind: 'audio', roundTripTime: 0.05, fractionLost: 0.02 },
    { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.03 },
    { type: 'codec' },
  ];
  const taken = sampleOf(entries, 7);
  expect(taken).toEqual({
    at: 7,
    packetsReceived: 100,
    packetsLost: 3,
    jitterMs: 4,
    rttMs: 50,
    sentLossPercent: 2,
  });
  expect(sampleOf(entries.slice(2), 7).rttMs).toBe(30);
});

describe('the quality between two samples', () => {
  it('is what was lost meanwhile, not before', () => {
    const quality = qualityBetween(sample(0, 1_000, 500), sample(2_000, 1_095, 505));
    expect(quality?.lossPercent).toBeCloseTo(5);
    expect(quality?.bars).toBeLessThan(4);
  });

  it('is full where nothing is lost, and none where nothing comes', () => {
    expect(qualityBetween(sample(0, 0), sample(2_000, 100))?.bars).toBe(4);
    expect(qualityBetween(sample(0, 100), sample(2_000, 100))?.bars).toBe(0);
  });

  it('is unknown across a new stream', () => {
    expect(qualityBetween(sample(0, 100), sample(2_000, 10))).toBeUndefined();
    expect(qualityBetween(sample(2_000, 100), sample(2_000, 110))).toBeUndefined();
  });
});

test('the score is within its scale, and never better for more loss, jitter or delay', () => {
  const figure = (max: number) => fc.double({ min: 0, max, noNaN: true });
  fc.assert(
    fc.property(figure(100), figure(500), figure(2_000), figure(50), (loss, jitter, rtt, more) => {
      const mos = mosOf(loss, jitter, rtt);
      expect(mos).toBeGreaterThanOrEqual(1);
      expect(mos).toBeLessThanOrEqual(4.5);
      for (const worse of [
        mosOf(loss + more, jitter, rtt),
        mosOf(loss, jitter + more, rtt),
        mosOf(loss, jitter, rtt + more),
      ])
        expect(worse).toBeLessThanOrEqual(mos + 1e-9);
      expect(barsOf(mos)).toBeGreaterThanOrEqual(1);
    }),
  );
});
