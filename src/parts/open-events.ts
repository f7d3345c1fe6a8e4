import type { Redis } from 'ioredis';
import type { Clock } from '../domain';
import type { EventData } from '../events';
import { domainEvent, EventHub, EventRelay } from '../events';
import type { Market } from '../market';
import type { PingReport } from '../rtb';
import type { CallEvent } from '../signaling';
import type { Database } from '../storage';
import { EventStream } from '../storage';
import { CallEvents } from './call-events';
import type { MediaAlert } from './media-watch';
import type { PlanAlert } from './plan-shelf';

export interface EventParts {
  readonly nodeId: string;
  /** Of this start of this node. */
  readonly bootId: string;
  readonly database: Database;
  readonly redis: Redis;
  readonly market: Market;
  readonly clock: Clock;
  readonly onDegraded: (degraded: boolean, error?: Error) => void;
  readonly warn: (message: string) => (error: Error) => void;
}

/** What happens, for everybody who watches. */
export interface Events {
  readonly hub: EventHub;
  /** The database may have something to tell. */
  wake(): void;
  onCall(event: CallEvent): void;
  onPing(report: PingReport): void;
  /** A part works in its fallback, or does so no more. */
  onDegraded(part: string, yes: boolean): void;
  /** A dialplan cannot be used as it is on this node. */
  onPlanAlert(alert: PlanAlert): void;
  /** What an alert about a dialplan told of is over. */
  onPlanCleared(alert: PlanAlert): void;
  /** Media servers do not take calls of this node, or do so again. */
  onMediaAlert(alert: MediaAlert, yes: boolean): void;
  start(): void;
  close(): Promise<void>;
}

/** A bidder that is not asked for a while is told of once in so many milliseconds. */
const BIDDER_AGAIN_MS = 60_000;
const MAX_BIDDERS = 10_000;

/** Opens the stream of events: what calls and parts of this node do goes into it, and what the database knows. */
export function openEvents(parts: EventParts): Events {
  const { nodeId, clock, warn } = parts;
  const stream = new EventStream(parts.redis);
  const hub = new EventHub(stream, { origin: parts.bootId, onDegraded: parts.onDegraded });
  const relay = new EventRelay(parts.database, stream, { onError: warn('events of the database wait') });
  const calls = new CallEvents(
    parts.market,
    (event) => hub.publish(event),
    () => clock.now(),
  );
  const paused = new Map<string, number>();
  const alert = (
    type: 'alert.raised' | 'alert.cleared',
    about: string,
    data: EventData<'alert.raised'>,
    accounts: readonly string[] = [],
  ): void => {
    hub.publish(domainEvent(type, { at: clock.now(), subject: `${data.code}:${about}`, accounts, data }));
  };
  const planAlert = (
    type: 'alert.raised' | 'alert.cleared',
    { subject, kind, detail, accountId }: PlanAlert,
  ): void =>
    alert(
      type,
      `${nodeId}:${subject}`,
      {
        code: 'dialplan.refused',
        severity: kind === 'flagged' ? 'warning' : 'critical',
        detail,
        nodeId,
        ...(accountId !== undefined && { accountId }),
      },
      accountId === undefined ? [] : [accountId],
    );
  return {
    hub,
    wake: () => relay.wake(),
    onCall: (event) => calls.onCall(event),
    onPing: ({ bidId, outcome }) => {
      if (outcome !== 'rtb_circuit_open') return;
      const now = clock.monotonic();
      if (now - (paused.get(bidId) ?? -Infinity) < BIDDER_AGAIN_MS) return;
      if (paused.size >= MAX_BIDDERS) paused.clear();
      paused.set(bidId, now);
      alert('alert.raised', bidId, {
        code: 'bidder.paused',
        severity: 'warning',
        detail: 'a bidding server fails, and is not asked for a while',
        bidId,
      });
    },
    onDegraded: (part, yes) =>
      alert(yes ? 'alert.raised' : 'alert.cleared', `${nodeId}:${part}`, {
        code: 'part.degraded',
        severity: 'critical',
        detail: yes ? `${part} of node ${nodeId} works in its fallback` : `${part} of node ${nodeId} is back`,
        nodeId,
        part,
      }),
    onPlanAlert: (told) => planAlert('alert.raised', told),
    onPlanCleared: (told) => planAlert('alert.cleared', told),
    onMediaAlert: ({ code, detail, server }, yes) =>
      alert(yes ? 'alert.raised' : 'alert.cleared', `${nodeId}:${server ?? ''}`, {
        ...{ code, detail, nodeId },
        severity: code === 'media.servers_away' ? 'critical' : 'warning',
        ...(server !== undefined && { server }),
      }),
    start: () => {
      hub.start();
      relay.start();
    },
    close: async () => {
      await relay.close();
      await hub.close();
    },
  };
}
