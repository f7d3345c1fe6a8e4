import type { Buyer, Campaign, DeliverySettings, Target } from '../domain';

/** How a call is delivered to one target; every setting decided. */
export type Delivery = Readonly<Required<DeliverySettings>>;

/** What a target says goes before what its buyer says, and that before the campaign: setting by setting. */
export function deliverySettings(campaign: Campaign, buyer: Buyer, target: Target): Delivery {
  const own = target.settings;
  const shared = buyer.settings;
  return {
    ringTimeoutMs: own?.ringTimeoutMs ?? shared?.ringTimeoutMs ?? campaign.ringTimeoutMs,
    maxDurationMs: own?.maxDurationMs ?? shared?.maxDurationMs ?? campaign.maxDurationMs,
    ringback: own?.ringback ?? shared?.ringback ?? campaign.ringback,
  };
}
