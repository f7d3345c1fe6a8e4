import type { MarginPolicy, Micros, RatePlan, RingTarget } from '../../domain';
import { micros, multiplyRatio } from '../../domain';

const WHOLE_BP = 10_000;

/** What a seller is offered. */
export interface SellerOffer {
  /** For a call that converts; of a plan by the minute, for each minute. */
  readonly price: Micros;
  readonly payout: RatePlan;
}

/**
 * What the seller earns of a call that this target takes: the campaign's payout; of a campaign that
 * pays nothing fixed, what the buyer pays less the exchange's margin, on the buyer's own terms.
 * Undefined when nothing is left.
 */
export function sellerOffer(
  target: Pick<RingTarget, 'price' | 'plan'>,
  payout: RatePlan,
  margin: MarginPolicy,
): SellerOffer | undefined {
  if (payout.kind === 'per_minute') return { price: payout.ratePerMinute, payout };
  if (payout.amount > 0) return { price: payout.amount, payout };
  if (target.plan.kind !== 'per_call') return undefined;
  const { percentBp = 0, amount = 0, minimum = 0 } = margin;
  const kept = Math.max(multiplyRatio(target.price, percentBp, WHOLE_BP) + amount, minimum);
  const left = target.price - kept;
  if (left <= 0) return undefined;
  const price = micros(left);
  return { price, payout: { kind: 'per_call', amount: price, afterMs: target.plan.afterMs } };
}
