import type { Demand, Principal, TenantRole } from '../../domain';
import { refusalOf } from '../../domain';
import type { Topic } from '../../events';
import { TOPICS } from '../../events';

const ALL: readonly TenantRole[] = ['buyer', 'seller', 'carrier'];

/** What each topic asks of who watches it. What tenants then see of an event, the event's type says. */
export const TOPIC_RULES: Readonly<Record<Topic, Demand>> = {
  calls: { scope: 'calls:read', tenants: ALL },
  bids: { scope: 'bids:read', tenants: ['buyer'] },
  auctions: { scope: 'calls:read', tenants: ['buyer', 'seller'] },
  presence: { scope: 'presence:read', tenants: ['buyer'] },
  alerts: { scope: 'alerts:read', tenants: ['buyer', 'seller'] },
  money: { scope: 'ledger:read', tenants: ['buyer', 'seller'] },
  board: { scope: 'analytics:read', tenants: ALL },
};

/** Topics that somebody may watch. */
export function topicsOf(principal: Principal): Topic[] {
  return TOPICS.filter((topic) => refusalOf(principal, TOPIC_RULES[topic]) === undefined);
}
