import type { Listener } from '../../../../src/billing/postbacks/events';
import type { CallPersons } from '../../../../src/billing/postbacks/fields';
import { fieldsFor } from '../../../../src/billing/postbacks/fields';
import type { ToldEvent } from '../../../../src/billing/postbacks/told-event';

/** 2026-11-21T12:01:05Z. */
export const ENDED_AT = Date.UTC(2026, 10, 21, 12, 1, 5);

/** Everything that is known of a call. */
export const KNOWN = {
  callId: 'call-1',
  campaignId: 'campaign-1',
  buyerId: 'buyer-1',
  buyerAccountId: 'buyer-account',
  targetId: 'target-1',
  bidId: 'bid-1',
  sellerId: 'seller-account',
  did: 'did-1',
  durationS: 60,
  connectedMs: 59_700,
  converted: true,
  revenueMicros: 25_000_000,
  payoutMicros: 8_123_456,
  currency: 'USD',
  receivedAt: ENDED_AT - 65_000,
  answeredAt: ENDED_AT - 60_000,
  endedAt: ENDED_AT,
};

export const PERSONS: CallPersons = {
  caller: '+12125550123',
  dialled: '+18005550100',
  tags: { zip: '10001' },
};

export function toldEvent(more: Partial<ToldEvent> = {}, listener: Listener = 'operator'): ToldEvent {
  return {
    eventId: '17',
    event: 'call.settled',
    happenedAt: ENDED_AT + 250,
    fields: fieldsFor(listener, KNOWN),
    persons: PERSONS,
    webhookId: 'hook-1',
    ...more,
  };
}
