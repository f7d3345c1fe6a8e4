import type {
  ConversionRule,
  MarginPolicy,
  Micros,
  PayoutPlan,
  PerCallPlan,
  RingTarget,
  SaleTerms,
} from '../../domain';
import { micros, multiplyRatio } from '../../domain';

const WHOLE_BP = 10_000;

/** What a seller is offered. */
export interface SellerOffer {
  /**
   * For a call that converts: the least that one earns by bands, what a share comes to at the price the buyer
   * stands for; of a plan by the minute, for each minute.
   */
  readonly price: Micros;
  readonly payout: PayoutPlan;
  /** What goes before that: the first that fires. */
  readonly conversions?: readonly ConversionRule<PayoutPlan>[] | undefined;
}

/**
 * What the seller earns of a call that this target takes: what it is promised in the campaign; of a campaign
 * that pays nothing fixed, what the buyer pays less the exchange's margin, on the buyer's own terms.
 * Undefined when nothing is left, and of a call for which the buyer does not pay.
 */
export function sellerOffer(
  target: Pick<RingTarget, 'price' | 'plan' | 'free'>,
  { payout, conversions }: Pick<SaleTerms, 'payout' | 'conversions'>,
  margin: MarginPolicy,
): SellerOffer | undefined {
  if (target.free !== undefined) return undefined;
  const before = conversions === undefined ? {} : { conversions };
  const price = priceOf(payout, target);
  if (price > 0) return { price, payout: onTermsOf(payout, target), ...before };
  if (target.plan.kind !== 'per_call') return undefined;
  const { percentBp = 0, amount = 0, minimum = 0 } = margin;
  const kept = Math.max(multiplyRatio(target.price, percentBp, WHOLE_BP) + amount, minimum);
  const left = target.price - kept;
  if (left <= 0) return undefined;
  const { afterMs, clock } = target.plan;
  const own: PerCallPlan = { kind: 'per_call', amount: micros(left), afterMs };
  return { price: own.amount, payout: clock === undefined ? own : { ...own, clock }, ...before };
}

function priceOf(payout: PayoutPlan, target: Pick<RingTarget, 'price'>): Micros {
  switch (payout.kind) {
    case 'per_call':
      return payout.amount;
    case 'per_minute':
      return payout.ratePerMinute;
    case 'banded':
      return payout.bands.find(({ amount }) => amount > 0)?.amount ?? micros(0);
    case 'graduated':
      return payout.bands.find(({ ratePerMinute }) => ratePerMinute > 0)?.ratePerMinute ?? micros(0);
    case 'share': {
      const share = multiplyRatio(target.price, payout.shareBp, WHOLE_BP);
      const { minimum, maximum } = payout;
      if (maximum !== undefined && share > maximum) return maximum;
      return minimum !== undefined && share < minimum ? minimum : share;
    }
  }
}

/** A share pays when the buyer does: the seller is told from when on. */
function onTermsOf(payout: PayoutPlan, { plan }: Pick<RingTarget, 'plan'>): PayoutPlan {
  if (payout.kind !== 'share' || payout.clock !== plan.clock) return payout;
  return { ...payout, afterMs: Math.max(payout.afterMs, plan.afterMs) };
}
