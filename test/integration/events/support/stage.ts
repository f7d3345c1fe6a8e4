import type { Redis } from 'ioredis';
import type { DomainEvent, StreamedEvent } from '../../../../src/events';
import { domainEvent, EventHub } from '../../../../src/events';
import { EventStream, openRedis } from '../../../../src/storage';

/** One node's part in a stream: its hub, and what its listener was told. */
export interface TestNode {
  readonly hub: EventHub;
  readonly redis: Redis;
  readonly told: StreamedEvent[];
  readonly gaps: { readonly from: string | undefined; readonly to: string | undefined }[];
  readonly status: boolean[];
  close(): Promise<void>;
}

let nodes = 0;

export function openNode(
  url: string,
  stream: string,
  options: Partial<ConstructorParameters<typeof EventHub>[1]> = {},
): TestNode {
  const redis = openRedis(url);
  const hub = new EventHub(new EventStream(redis, { stream }), {
    origin: `node-${++nodes}`,
    retryMs: 20,
    ...options,
  });
  const node: TestNode = {
    hub,
    redis,
    told: [],
    gaps: [],
    status: [],
    close: async () => {
      await hub.close();
      redis.disconnect();
    },
  };
  hub.listen({
    onEvent: (event) => node.told.push(event),
    onGap: (gap) => node.gaps.push(gap),
    onStatus: (degraded) => node.status.push(degraded),
  });
  hub.start();
  return node;
}

/** Something that happens to a call of a buyer; `n` tells one from another. */
export function ringing(callId: string, n: number, buyerAccountId = 'buyer-account'): DomainEvent {
  return domainEvent('call.ringing', {
    at: n,
    subject: callId,
    accounts: [buyerAccountId],
    data: {
      buyerId: 'buyer',
      buyerAccountId,
      targetId: 'target',
      bidId: 'bid',
      campaignId: 'campaign',
      sellerId: 'seller',
      attempt: n,
      priceMicros: 25_000_000,
    },
  });
}

export function endOf(callId: string, buyerAccountId = 'buyer-account'): DomainEvent {
  return domainEvent('call.ended', {
    at: 0,
    subject: callId,
    accounts: [buyerAccountId],
    data: {
      state: 'completed',
      reason: 'caller_hangup',
      sipStatus: 200,
      trunkId: 'trunk',
      campaignId: 'campaign',
      sellerId: 'seller',
      buyerId: 'buyer',
      targetId: 'target',
      bidId: 'bid',
      agentId: null,
      receivedAt: 0,
      firstRingAt: 0,
      answeredAt: 0,
      endedAt: 0,
      connectedMs: 1,
      sold: true,
    },
  });
}

export const numberOf = ({ event }: Pick<StreamedEvent, 'event'>): number => event.at;
