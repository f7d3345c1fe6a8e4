import type { Increments, Micros, PayoutPlan } from '../domain';
import { micros, ZERO_MICROS } from '../domain';
import type { CallTimes } from './call-times';
import { timeBy } from './call-times';

const MINUTE_MS = 60_000n;
const WHOLE_BP = 10_000n;

/**
 * What an answered call costs under a plan. Never negative, and never less for a longer call where
 * {@link planProblems} finds nothing.
 *
 * @param revenue - what the buyer pays for the call; a share is a share of it
 * @throws RangeError when it is more than can be counted
 */
export function charge(plan: PayoutPlan, times: CallTimes, revenue: Micros = ZERO_MICROS): Micros {
  return micros(Number(exactCharge(plan, times, revenue)));
}

/** The same, however much it is. */
export function exactCharge(plan: PayoutPlan, times: CallTimes, revenue: Micros = ZERO_MICROS): bigint {
  const ms = timeBy(times, plan.clock);
  if (ms < plan.afterMs) return 0n;
  // Of nothing there is no share, and a call that the buyer does not pay for does not count.
  if (plan.kind === 'share' && revenue === 0) return 0n;
  const cost = costOf(plan, ms, revenue);
  if (plan.maximum !== undefined && cost > plan.maximum) return BigInt(plan.maximum);
  if (plan.minimum !== undefined && cost < plan.minimum) return BigInt(plan.minimum);
  return cost;
}

/** Rounds a duration up to its increments: the first one whole, then every further one begun. */
export function billedMilliseconds(firstMs: number, nextMs: number, ms: number): number {
  if (ms === 0) return 0;
  if (ms <= firstMs) return firstMs;
  return firstMs + Math.ceil((ms - firstMs) / nextMs) * nextMs;
}

function costOf(plan: PayoutPlan, ms: number, revenue: Micros): bigint {
  switch (plan.kind) {
    case 'per_call':
      return BigInt(plan.amount);
    case 'per_minute':
      return BigInt(plan.connectFee ?? 0) + perMinute(BigInt(plan.ratePerMinute) * billed(plan, ms));
    case 'banded': {
      const band = plan.bands.findLast(({ fromMs }) => fromMs <= ms);
      return BigInt(band?.amount ?? 0);
    }
    case 'graduated': {
      const whole = billed(plan, ms);
      let sum = 0n;
      for (const { fromMs, toMs, ratePerMinute } of plan.bands) {
        const end = toMs === null || BigInt(toMs) > whole ? whole : BigInt(toMs);
        const inBand = end - BigInt(fromMs);
        if (inBand > 0n) sum += BigInt(ratePerMinute) * inBand;
      }
      return perMinute(sum);
    }
    case 'share':
      return rounded(BigInt(revenue) * BigInt(plan.shareBp), WHOLE_BP);
  }
}

function billed({ firstIncrementMs, nextIncrementMs }: Increments, ms: number): bigint {
  return BigInt(billedMilliseconds(firstIncrementMs, nextIncrementMs, ms));
}

/** Milliseconds times micro-units a minute, as micro-units: rounded once, at the end. */
function perMinute(product: bigint): bigint {
  return rounded(product, MINUTE_MS);
}

/** Half a micro-unit is one. */
function rounded(product: bigint, divisor: bigint): bigint {
  return (product * 2n + divisor) / (divisor * 2n);
}
