import type { Micros, RatePlan } from '../domain';
import { multiplyRatio } from '../domain';

/**
 * The plan a buyer is charged by when what stands for `price` is sold at `clearing`: its own plan, with
 * the amount or the rate in proportion. What has no price keeps its plan.
 */
export function clearingPlan(plan: RatePlan, price: Micros, clearing: Micros): RatePlan {
  if (clearing === price || price <= 0) return plan;
  if (plan.kind === 'per_call') return { ...plan, amount: multiplyRatio(plan.amount, clearing, price) };
  return { ...plan, ratePerMinute: multiplyRatio(plan.ratePerMinute, clearing, price) };
}
