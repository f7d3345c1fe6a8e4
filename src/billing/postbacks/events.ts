import type { Account } from '../../domain';

/** What somebody can ask to be told of. */
export const POSTBACK_EVENTS = [
  'call.settled',
  'call.rerated',
  'wallet.low',
  'wallet.stopped',
  'wallet.resumed',
  'wallet.overrun',
  'payment.succeeded',
  'payment.failed',
  'dispute.opened',
  'dispute.resolved',
  'invoice.issued',
  'payout.paid',
] as const;
export type PostbackEvent = (typeof POSTBACK_EVENTS)[number];

/** As whom an account hears of an event. */
export type Listener = 'operator' | 'buyer' | 'seller';

const NOT_FOR_BUYERS: ReadonlySet<PostbackEvent> = new Set(['wallet.overrun', 'payout.paid']);
const FOR_SELLERS: ReadonlySet<PostbackEvent> = new Set([
  'call.settled',
  'call.rerated',
  'dispute.opened',
  'dispute.resolved',
  'invoice.issued',
  'payout.paid',
]);

/** As whom an account of that type hears of things that are its own; undefined for one that hears of nothing. */
export function listenerOf(type: Account['type']): Listener | undefined {
  return type === 'carrier' ? undefined : type;
}

/** Whether there can be such an event for who listens so. */
export function mayHear(listener: Listener, event: PostbackEvent): boolean {
  if (listener === 'operator') return true;
  return listener === 'buyer' ? !NOT_FOR_BUYERS.has(event) : FOR_SELLERS.has(event);
}

/** True of events that are about a call: filters by campaign and conversion are for those. */
export function isOfCall(event: PostbackEvent): boolean {
  return event === 'call.settled' || event === 'call.rerated';
}
