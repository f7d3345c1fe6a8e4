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
  'recording.saved',
  'recording.failed',
  'voicemail.left',
  'callback.requested',
] as const;
export type PostbackEvent = (typeof POSTBACK_EVENTS)[number];

/** As whom an account hears of an event. */
export type Listener = 'operator' | 'buyer' | 'seller';

const NOT_FOR_BUYERS: ReadonlySet<PostbackEvent> = new Set([
  'wallet.overrun',
  'payout.paid',
  'recording.failed',
  'voicemail.left',
  'callback.requested',
]);
const FOR_SELLERS: ReadonlySet<PostbackEvent> = new Set([
  'call.settled',
  'call.rerated',
  'dispute.opened',
  'dispute.resolved',
  'invoice.issued',
  'payout.paid',
  'recording.saved',
  'voicemail.left',
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

/** True of what a call cost and earned: who called whom is told with it, and filters by conversion are for those. */
export function isOfCall(event: PostbackEvent): boolean {
  return event === 'call.settled' || event === 'call.rerated';
}

/** True of what a call left behind: it says all that is told of it, whether or not the call is stored yet. */
export function isLeftByCall(event: PostbackEvent): boolean {
  return /^(?:recording|voicemail|callback)\./.test(event);
}
