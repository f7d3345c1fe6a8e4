import type { Campaign, ConversionRule, PayoutPlan, ReservationFact } from '../domain';
import type { Market } from '../market';

/** What a seller earns of a call: a plan, and what goes before it. */
export interface SellerPrice {
  readonly plan: PayoutPlan;
  readonly conversions?: readonly ConversionRule<PayoutPlan>[] | undefined;
}

/** What its reservation promises; else the seller's own price in the campaign; else the campaign's. */
export function sellerPrice(
  campaign: Campaign,
  sellerId: string,
  market: Market,
  reservation: ReservationFact | undefined,
): SellerPrice {
  if (reservation?.ok) return { plan: reservation.payout, conversions: reservation.conversions };
  const own = market.seller(sellerId)?.payouts;
  if (own && Object.hasOwn(own, campaign.id)) {
    const price = own[campaign.id];
    if (price) return { plan: price.payout, conversions: price.conversions };
  }
  return { plan: campaign.payout, conversions: campaign.conversions };
}
