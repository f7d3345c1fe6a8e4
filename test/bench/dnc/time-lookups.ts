import type { E164 } from '../../../src/domain';

/** Microseconds. */
export interface LookupTimes {
  /** Of one look-up, the time that reading the clock takes subtracted. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Of 64 look-ups in a row, for each of them: the 99th percentile of such batches. */
  readonly batchP99: number;
  readonly perSecond: number;
}

const BATCH = 64;

/**
 * Times look-ups of every number, each alone and in batches. The numbers come in no order, so that each
 * finds its place cold.
 */
export function timeLookups(numbers: readonly E164[], has: (number: E164) => boolean): LookupTimes {
  let found = 0;
  // The compiler has seen it before the clock runs.
  for (let n = 0; n < 50_000; n++) if (has(numbers[n % numbers.length] as E164)) found++;
  const clock = clockCost();
  const single = new Float64Array(numbers.length);
  for (let n = 0; n < numbers.length; n++) {
    const number = numbers[n] as E164;
    const startedAt = performance.now();
    if (has(number)) found++;
    single[n] = performance.now() - startedAt;
  }
  const batches = new Float64Array(Math.floor(numbers.length / BATCH));
  const beganAt = performance.now();
  for (let n = 0; n < batches.length; n++) {
    const startedAt = performance.now();
    for (let i = n * BATCH; i < (n + 1) * BATCH; i++) if (has(numbers[i] as E164)) found++;
    batches[n] = (performance.now() - startedAt) / BATCH;
  }
  const seconds = (performance.now() - beganAt) / 1_000;
  if (found === 0) throw new Error('nothing was found');
  const alone = (share: number): number => Math.max(0, percentile(single, share) - clock) * 1_000;
  return {
    p50: alone(0.5),
    p99: alone(0.99),
    p999: alone(0.999),
    batchP99: percentile(batches, 0.99) * 1_000,
    perSecond: Math.round((batches.length * BATCH) / seconds),
  };
}

/** Milliseconds between two readings of the clock: the median. */
function clockCost(): number {
  const costs = new Float64Array(100_000);
  for (let n = 0; n < costs.length; n++) {
    const startedAt = performance.now();
    costs[n] = performance.now() - startedAt;
  }
  return percentile(costs, 0.5);
}

function percentile(values: Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}
