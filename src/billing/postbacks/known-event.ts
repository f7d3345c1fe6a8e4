import type { Account } from '../../domain';
import type { Queryable } from '../../storage';
import type { Listener, PostbackEvent } from './events';
import { isLeftByCall, isOfCall, listenerOf, mayHear } from './events';
import type { EventMoney } from './event-money';
import { moneyAt, ownMoney, readCallLines } from './event-money';
import type { EventFields, FieldName } from './fields';
import { fieldsFor } from './fields';

/** A row of the outbox that is told of. */
export interface OutboxEvent {
  readonly id: number;
  readonly type: PostbackEvent;
  readonly subject: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** UTC epoch milliseconds. */
  readonly createdAt: number;
}

/** Its columns, for statements. */
export const OUTBOX_EVENT = `o.id, o.type, o.subject, o.payload,
  (extract(epoch from o.created_at) * 1000)::bigint as "createdAt"`;

/** An event with everything that is known of it, but for persons. */
export interface KnownEvent {
  readonly eventId: string;
  readonly event: PostbackEvent;
  /** Of what it is one event after another: they are told in order. */
  readonly subject: string;
  readonly callId: string | undefined;
  /** UTC epoch milliseconds. */
  readonly happenedAt: number;
  readonly known: Readonly<Record<string, unknown>>;
  readonly buyerAccountId: string | undefined;
  readonly sellerId: string | undefined;
  /** Whose event it is, of what is no call. */
  readonly accountId: string | undefined;
  /** What the call costs and earns whom, up to this event; undefined where that is not known line by line. */
  readonly money: EventMoney | undefined;
}

/** Who wants to hear. */
export interface Subscriber {
  readonly id: string;
  readonly accountId: string;
  readonly accountType: Account['type'];
  readonly events: readonly PostbackEvent[];
  readonly campaignIds: readonly string[];
  readonly convertedOnly: boolean;
}

/** Its columns, for statements: of a postback `p` and its account `a`. */
export const SUBSCRIBER_COLUMNS = `p.id, p.account_id as "accountId", a.type as "accountType", p.events,
  p.campaign_ids as "campaignIds", p.converted_only as "convertedOnly"`;

/** What one subscriber is told of an event. */
export interface Telling {
  readonly listener: Listener;
  readonly fields: EventFields;
}

/** A call as it was sold, without who called. */
interface CallRow {
  readonly callId: string;
  readonly buyerAccountId: string | null;
  readonly sellerId: string | null;
  readonly connectedMs: number;
}

const READ_CALLS = {
  name: 'postback-calls',
  text: `select c.id as "callId", c.campaign_id as "campaignId", c.buyer_id as "buyerId", c.target_id as "targetId",
      c.sale -> 'target' ->> 'buyerAccountId' as "buyerAccountId", c.sale -> 'target' ->> 'bidId' as "bidId",
      c.sale -> 'terms' ->> 'sellerId' as "sellerId",
      c.sale -> 'target' ->> 'reference' as "offerReference", c.sale -> 'terms' ->> 'currency' as currency,
      c.received_at as "receivedAt", c.answered_at as "answeredAt", c.ended_at as "endedAt",
      c.connected_ms as "connectedMs", c.end_reason as "endReason", c.origin, n.id as did
    from calls c left join did_numbers n on n.number = c.dialled
    where c.id = any($1)`,
};

/** Everything that is known of events, in their order. */
export async function knowEvents(db: Queryable, events: readonly OutboxEvent[]): Promise<KnownEvent[]> {
  const ofCalls = events.filter(({ type }) => !isLeftByCall(type));
  const callIds = [...new Set(ofCalls.flatMap((event) => callOf(event) ?? []))];
  if (callIds.length === 0) return events.map((event) => knownEvent(event, undefined, undefined));
  const { rows } = await db.query<CallRow>({ ...READ_CALLS, values: [callIds] });
  const calls = new Map(rows.map((row) => [row.callId, row]));
  const lines = await readCallLines(db, callIds);
  return events.map((event) => {
    if (isLeftByCall(event.type)) return knownEvent(event, undefined, undefined);
    const callId = callOf(event) ?? '';
    return knownEvent(event, calls.get(callId), moneyAt(event, lines.get(callId)));
  });
}

/**
 * What a subscriber is told; undefined when the event is not its business, or it did not ask for it. A
 * buyer hears of the calls it bought, a seller of those it sold, whoever it is of what is its own account's.
 */
export function tell(event: KnownEvent, subscriber: Subscriber): Telling | undefined {
  if (!subscriber.events.includes(event.event)) return undefined;
  const listener = listenerTo(event, subscriber);
  if (listener === undefined || !mayHear(listener, event.event)) return undefined;
  const own = listener === 'operator' ? {} : ownMoney(event.money, subscriber.accountId, listener);
  const fields = fieldsFor(listener, { ...event.known, ...own });
  const { campaignIds, convertedOnly } = subscriber;
  const ofCampaign = isOfCall(event.event) || isLeftByCall(event.event);
  if (ofCampaign && campaignIds.length > 0 && !campaignIds.includes(String(fields.campaignId))) {
    return undefined;
  }
  if (!isOfCall(event.event)) return { listener, fields };
  const isWorth = (name: FieldName): boolean => Number(fields[name] ?? 0) > 0;
  const converted = isWorth('revenue') || isWorth('payout');
  // That a call is worth nothing any more is told to those who heard that it was.
  const wasWorth =
    event.event === 'call.rerated' && (isWorth('previousRevenue') || isWorth('previousPayout'));
  if (convertedOnly && !converted && !wasWorth) return undefined;
  return { listener, fields: { ...fields, converted } };
}

function listenerTo(event: KnownEvent, { accountId, accountType }: Subscriber): Listener | undefined {
  if (accountType === 'operator') return 'operator';
  if (event.buyerAccountId === accountId) return 'buyer';
  if (event.sellerId === accountId || event.money?.sharers.has(accountId) === true) return 'seller';
  return event.accountId === accountId ? listenerOf(accountType) : undefined;
}

function callOf({ type, subject, payload }: OutboxEvent): string | undefined {
  const named = payload['callId'];
  if (typeof named === 'string') return named;
  return isOfCall(type) ? subject.split(':', 1)[0] : undefined;
}

function knownEvent(
  event: OutboxEvent,
  call: CallRow | undefined,
  money: EventMoney | undefined,
): KnownEvent {
  const { id, type, payload, createdAt } = event;
  const callId = call?.callId ?? callOf(event);
  const accountId = textOf(payload['accountId']);
  const told = withPlainNames(payload);
  const lastedMs = told['durationMs'] ?? told['connectedMs'] ?? call?.connectedMs;
  return {
    eventId: String(id),
    event: type,
    subject: callId === undefined ? subjectOf(event, accountId) : `call:${callId}`,
    callId,
    happenedAt: createdAt,
    known: {
      ...call,
      ...told,
      ...(isLeftByCall(type) ? leftBy(event) : {}),
      ...(callId === undefined ? {} : { callId }),
      ...(typeof lastedMs === 'number' ? { durationS: Math.floor(lastedMs / 1000) } : {}),
    },
    // A call is its buyer's and its seller's; anything else about it is whose the event says: a seller is not
    // to hear that its buyer disputes what it paid.
    buyerAccountId: textOf((isOfCall(type) ? call : payload)?.['buyerAccountId']),
    sellerId: textOf((isOfCall(type) ? call : payload)?.['sellerId']),
    accountId,
    money,
  };
}

/** Of a recording the accounts are those that may listen to it, and no part of what is told. */
function leftBy({ type, subject }: OutboxEvent): Record<string, unknown> {
  return type === 'callback.requested'
    ? { callbackId: subject }
    : { recordingId: subject, sellerId: undefined, buyerAccountId: undefined };
}

/** Wallets are told of in order; of the rest each thing by itself. */
function subjectOf({ type, subject, payload }: OutboxEvent, accountId: string | undefined): string {
  const family = type.split('.', 1)[0] as string;
  if (family === 'wallet') return `wallet:${accountId ?? subject}:${textOf(payload['currency']) ?? ''}`;
  return `${family}:${textOf(payload[`${family}Id`]) ?? subject}`;
}

/** Amounts of payloads are called `revenueMicros`; what lies one deeper, `failure.code`, is `failureCode`. */
function withPlainNames(payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(payload)) {
    if (typeof value !== 'object' || value === null) plain[name.replace(/Micros$/, '')] = value;
    else if (!Array.isArray(value)) {
      for (const [inner, part] of Object.entries(value)) {
        plain[name + inner.slice(0, 1).toUpperCase() + inner.slice(1)] = part;
      }
    }
  }
  return plain;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
