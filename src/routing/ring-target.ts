import type { Bid, Campaign, ConversionRule, Micros, RatePlan, RingTarget } from '../domain';
import { zoneOf } from '../domain';
import type { Market } from '../market';
import { mostCharged } from '../rating';
import { capLimits } from './caps';
import { deliverySettings } from './delivery-settings';

/**
 * How much of a call its buyer's wallet must cover before it rings, in milliseconds of conversation, or all
 * of it where it is shorter. Longer calls are covered further while they last.
 */
export const HOLD_HORIZON_MS = 600_000;

/** What a ranked bid is charged if it takes the call, and what its buyer said of this call. */
export interface Charge {
  readonly price: Micros;
  readonly plan: RatePlan;
  readonly conversions?: readonly ConversionRule[] | undefined;
  /** It pays nothing: the caller is a duplicate to it. */
  readonly free?: 'duplicate' | undefined;
  /** The buyer's name for its live offer. */
  readonly reference?: string | undefined;
  /** Where to ring instead of the standing target. */
  readonly uri?: string | undefined;
}

/**
 * The entry of a ring plan for a bid that stands in the market.
 *
 * @param now - UTC epoch milliseconds
 * @throws RangeError when what it names is not there, which eligibility rules out
 */
export function ringTarget(
  bid: Bid,
  charge: Charge,
  campaign: Campaign,
  market: Market,
  now: number,
): RingTarget {
  const buyer = market.buyer(bid.buyerId);
  const target = market.target(bid.targetId);
  const account = buyer && market.account(buyer.accountId);
  if (!buyer || !target || !account) throw new RangeError(`bid ${bid.id} does not stand in the market`);
  const delivery = deliverySettings(campaign, buyer, target);
  const { plan, conversions, free } = charge;
  const terms = { plan, conversions, free, maxDurationMs: delivery.maxDurationMs };
  const covered = account.funding === 'wallet' && free === undefined;
  return {
    bidId: bid.id,
    buyerId: buyer.id,
    buyerAccountId: account.id,
    targetId: target.id,
    kind: target.kind,
    uri: charge.uri ?? target.uri,
    ...delivery,
    plan,
    ...(conversions === undefined ? {} : { conversions }),
    ...(free === undefined ? {} : { free }),
    ...(covered ? { hold: mostCharged(terms, Math.min(terms.maxDurationMs, HOLD_HORIZON_MS)) } : {}),
    ...(target.trunkId === undefined ? {} : { trunkId: target.trunkId }),
    price: charge.price,
    reference: charge.reference,
    reservations: capLimits(bid, buyer, target, terms, zoneOf(account.timezone), now),
  };
}
