import type { ActivityFacts, Campaign, RingTarget } from '../domain';
import type { Duplicates, Market } from '../market';
import { NO_DUPLICATES } from '../market';

/** Whom the call is not offered to because its caller is a duplicate to them. */
export function refusedDuplicates(campaign: Campaign, activity: ActivityFacts, market: Market): Duplicates {
  const { recentBuyers, recentTargets } = activity;
  if (recentBuyers.length === 0 && recentTargets.length === 0) return NO_DUPLICATES;
  if (campaign.duplicates.then === 'free') return NO_DUPLICATES;
  const { ordinals } = market;
  switch (campaign.duplicates.scope) {
    case 'campaign':
      return { ...NO_DUPLICATES, everybody: true };
    case 'buyer':
      return { ...NO_DUPLICATES, buyers: recentBuyers.map((id) => ordinals.buyer.of(id)) };
    case 'target':
      return { ...NO_DUPLICATES, targets: recentTargets.map((id) => ordinals.target.of(id)) };
  }
}

/** Whether the caller is a duplicate to whom a bid belongs, in a campaign where such calls are free. */
export function isFreeDuplicate(
  campaign: Campaign,
  { recentBuyers, recentTargets }: ActivityFacts,
  { buyerId, targetId }: Pick<RingTarget, 'buyerId' | 'targetId'>,
): boolean {
  if (campaign.duplicates.then !== 'free') return false;
  switch (campaign.duplicates.scope) {
    case 'campaign':
      return recentBuyers.length > 0;
    case 'buyer':
      return recentBuyers.includes(buyerId);
    case 'target':
      return recentTargets.includes(targetId);
  }
}
