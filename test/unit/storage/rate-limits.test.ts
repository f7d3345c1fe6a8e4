import fc from 'fast-check';
import { LocalRateLimits } from '../../../src/storage';

const limitOf = fc.record({
  count: fc.integer({ min: 1, max: 1_000 }),
  seconds: fc.integer({ min: 1, max: 3_600 }),
  burst: fc.integer({ min: 1, max: 500 }),
});

test('in no stretch of time are more allowed than the burst and what the rate brings meanwhile', () => {
  fc.assert(
    fc.property(limitOf, fc.array(fc.nat({ max: 60_000 }), { maxLength: 300 }), (limit, pauses) => {
      let now = 0;
      const limits = new LocalRateLimits(() => now);
      const allowed: number[] = [];
      for (const pause of pauses) {
        now += pause;
        if (limits.take('x', limit).allowed) allowed.push(now);
      }
      for (let from = 0; from < allowed.length; from++) {
        for (let to = from; to < allowed.length; to++) {
          const time = (allowed[to] as number) - (allowed[from] as number);
          const most = limit.burst + (time * limit.count) / (limit.seconds * 1_000);
          expect(to - from + 1).toBeLessThanOrEqual(most + 1e-6);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('what is refused may come when it is said, and not before; what is left is what may come', () => {
  fc.assert(
    fc.property(limitOf, (limit) => {
      let now = 0;
      const limits = new LocalRateLimits(() => now);
      for (let n = limit.burst - 1; n >= 0; n--) {
        expect(limits.take('x', limit)).toMatchObject({ allowed: true, remaining: n });
      }
      const refused = limits.take('x', limit);
      expect(refused.allowed).toBe(false);
      now += refused.retryAfterMs * 0.99;
      expect(limits.take('x', limit).allowed).toBe(false);
      now += refused.retryAfterMs * 0.0101;
      expect(limits.take('x', limit).allowed).toBe(true);
      now += refused.resetMs + 1;
      expect(limits.take('x', limit)).toMatchObject({ allowed: true, remaining: limit.burst - 1 });
    }),
    { numRuns: 60 },
  );
});

test('names are bounded: who was quiet for longest is forgotten', () => {
  const limits = new LocalRateLimits(() => 0, 100);
  const once = { count: 1, seconds: 60, burst: 1 };
  for (let n = 0; n < 100; n++) limits.take(String(n), once);
  for (let n = 0; n < 1_000; n++) limits.take(`flood-${n}`, once);
  expect(limits.size).toBe(100);
  expect(limits.take('flood-999', once).allowed).toBe(false);
});
