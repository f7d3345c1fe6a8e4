import type { Micros, RatePlan } from '../domain';
import { multiplyRatio, subtractMicros, ZERO_MICROS } from '../domain';

const MINUTE_MS = 60_000;

/**
 * What a conversation costs under a plan. Never negative, never falls as the call gets longer.
 * @param connectedMs - milliseconds from the answer, an integer ≥ 0
 * @throws RangeError when the duration is none
 */
export function rate(plan: RatePlan, connectedMs: number): Micros {
  if (!Number.isSafeInteger(connectedMs) || connectedMs < 0) {
    throw new RangeError(`not a duration in milliseconds: ${connectedMs}`);
  }
  if (connectedMs < plan.afterMs) return ZERO_MICROS;
  if (plan.kind === 'per_call') return plan.amount;
  return multiplyRatio(
    plan.ratePerMinute,
    billedMilliseconds(plan.firstIncrementMs, plan.nextIncrementMs, connectedMs),
    MINUTE_MS,
  );
}

/** Rounds a duration up to its increments: the first one whole, then every further one begun. */
export function billedMilliseconds(firstMs: number, nextMs: number, connectedMs: number): number {
  if (connectedMs === 0) return 0;
  if (connectedMs <= firstMs) return firstMs;
  return firstMs + Math.ceil((connectedMs - firstMs) / nextMs) * nextMs;
}

/** What a settled call moves. */
export interface RatedCall {
  /** What the buyer pays. */
  readonly revenue: Micros;
  /** What the seller earns; never without revenue, never more than the exchange's own plan says. */
  readonly payout: Micros;
  readonly margin: Micros;
}

/** Rates both sides of a sold call. */
export function rateCall(buyerPlan: RatePlan, payoutPlan: RatePlan, connectedMs: number): RatedCall {
  const revenue = rate(buyerPlan, connectedMs);
  const payout = revenue > 0 ? rate(payoutPlan, connectedMs) : ZERO_MICROS;
  return { revenue, payout, margin: subtractMicros(revenue, payout) };
}
