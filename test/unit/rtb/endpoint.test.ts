import * as fc from 'fast-check';
import { DEFAULT_BREAKER } from '../../../src/domain';
import { Endpoint } from '../../../src/rtb/endpoint';
import { LatencyQuantile } from '../../../src/rtb/latency-quantile';
import { TokenBucket } from '../../../src/rtb/token-bucket';

describe('latency', () => {
  test('a quantile is never under the true one, and at most a fifth over it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 20, maxLength: 400 }),
        fc.constantFrom(0.5, 0.9, 0.95, 0.99),
        (latencies, share) => {
          const quantile = new LatencyQuantile();
          for (const latency of latencies) quantile.observe(latency);
          const sorted = [...latencies].sort((a, b) => a - b);
          const exact = sorted[Math.ceil(share * sorted.length) - 1] as number;
          expect(quantile.quantile(share)).toBeGreaterThanOrEqual(exact);
          expect(quantile.quantile(share)).toBeLessThanOrEqual(exact * 1.2);
        },
      ),
    );
  });

  test('it follows a buyer whose habits change', () => {
    const quantile = new LatencyQuantile();
    for (let i = 0; i < 10_000; i++) quantile.observe(20);
    expect(quantile.quantile(0.95)).toBeLessThan(25);
    for (let i = 0; i < 600; i++) quantile.observe(400);
    expect(quantile.quantile(0.95)).toBeGreaterThanOrEqual(400);
    for (let i = 0; i < 5_000; i++) quantile.observe(20);
    expect(quantile.quantile(0.95)).toBeLessThan(25);
  });
});

describe('a buyer’s own time limit', () => {
  const endpoint = (): Endpoint =>
    new Endpoint({ breaker: DEFAULT_BREAKER, minTimeoutMs: 30, monotonic: () => 0 });
  const observe = (one: Endpoint, latency: number, times: number): void => {
    for (let i = 0; i < times; i++) one.record(one.take(0) as number, true, latency);
  };

  test('is all there is until its habits are known', () => {
    const one = endpoint();
    observe(one, 10, 19);
    expect(one.timeout(300)).toBe(300);
  });

  test('is what it usually needs and a bit, within floor and ceiling', () => {
    const one = endpoint();
    observe(one, 100, 100);
    expect(one.timeout(800)).toBeGreaterThan(120);
    expect(one.timeout(800)).toBeLessThan(160);
    expect(one.timeout(90)).toBe(90);
    const fast = endpoint();
    observe(fast, 1, 100);
    expect(fast.timeout(800)).toBe(30);
    expect(fast.timeout(10)).toBe(10);
  });

  test('grows again when late replies show that it was too short', () => {
    const one = endpoint();
    observe(one, 20, 100);
    expect(one.timeout(800)).toBeLessThan(50);
    observe(one, 250, 100);
    expect(one.timeout(800)).toBeGreaterThan(250);
  });

  test('never leaves floor and ceiling', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { maxLength: 200 }),
        fc.integer({ min: 30, max: 3_000 }),
        (latencies, ceiling) => {
          const one = endpoint();
          for (const latency of latencies) one.record(one.take(0) as number, true, latency);
          expect(one.timeout(ceiling)).toBeGreaterThanOrEqual(30);
          expect(one.timeout(ceiling)).toBeLessThanOrEqual(ceiling);
        },
      ),
    );
  });
});

describe('the budget', () => {
  test('is a second’s worth at once and then so many a second', () => {
    const bucket = new TokenBucket();
    const take = (now: number): number => {
      let taken = 0;
      while (bucket.take(5, now)) taken++;
      return taken;
    };
    expect(take(1_000)).toBe(5);
    expect(take(1_100)).toBe(0);
    expect(take(1_200)).toBe(1);
    expect(take(60_000)).toBe(5);
  });

  test('is never more than the rate over any stretch of time, with one second’s worth on top', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 20 }),
        (gaps, rate) => {
          const bucket = new TokenBucket();
          let now = 0;
          let taken = 0;
          for (const gap of gaps) {
            now += gap;
            if (bucket.take(rate, now)) taken++;
          }
          expect(taken).toBeLessThanOrEqual(rate + (now / 1000) * rate + 1e-6);
        },
      ),
    );
  });

  test('does not spend the one request that may try an open circuit', () => {
    let now = 0;
    const endpoint = new Endpoint({ breaker: DEFAULT_BREAKER, minTimeoutMs: 20, monotonic: () => now });
    const pass = endpoint.take(1);
    expect(endpoint.take(1)).toBe('rtb_budget');
    for (let i = 0; i < 10; i++) endpoint.record(pass as number, false, 10);
    expect(endpoint.take(1)).toBe('rtb_circuit_open');
    now = 60_000;
    expect(endpoint.take(1)).toEqual(expect.any(Number));
    expect(endpoint.take(1)).toBe('rtb_circuit_open');
  });
});
