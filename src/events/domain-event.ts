import type { Principal } from '../domain';
import { OPERATOR_ACCOUNT } from '../domain';
import type { EventData, EventName, SubjectKind, Topic } from './event-types';
import { eventType, isEventName } from './event-types';

/** Something that happened, as the stream carries it: with everything the exchange itself may see. */
export interface DomainEvent<Name extends EventName = EventName> {
  readonly type: Name;
  readonly version: number;
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  /** Tenants who may see their part of it, besides the exchange. */
  readonly accounts: readonly string[];
  readonly data: EventData<Name>;
}

/** An event in its place. */
export interface StreamedEvent {
  /**
   * Of the stream: grows from event to event, over all nodes. Undefined of what is told without a place:
   * presence, and what happened on this node while the stream was away.
   */
  readonly id: string | undefined;
  readonly event: DomainEvent;
}

/** What somebody is told of an event. */
export interface ToldEvent {
  /** Null where there is nothing to resume behind. */
  readonly id: string | null;
  readonly topic: Topic;
  readonly type: EventName;
  readonly version: number;
  readonly at: number;
  readonly subject: DomainEvent['subject'];
  readonly data: Readonly<Record<string, unknown>>;
}

/** Most accounts that one event can be for; an auction has the most, and its plan is shorter. */
const MAX_ACCOUNTS = 64;

/**
 * Makes an event.
 * @param accounts - who may see their part; nobody is named twice, and undefined is nobody
 */
export function domainEvent<Name extends EventName>(
  type: Name,
  of: {
    readonly at: number;
    readonly subject: string;
    readonly accounts?: readonly (string | null | undefined)[];
    readonly data: EventData<Name>;
  },
): DomainEvent<Name> {
  const { version, subject: kind } = eventType(type);
  const accounts = new Set<string>();
  for (const account of of.accounts ?? []) {
    if (account !== null && account !== undefined && account !== OPERATOR_ACCOUNT) accounts.add(account);
  }
  return {
    type,
    version,
    at: of.at,
    subject: { kind, id: of.subject },
    accounts: [...accounts].slice(0, MAX_ACCOUNTS),
    data: of.data,
  };
}

/** Reads what {@link writeEvent} wrote; undefined for what is none, or of a type that this version does not know. */
export function readEvent(text: string): DomainEvent | undefined {
  let event: Partial<DomainEvent> | undefined;
  try {
    event = JSON.parse(text) as Partial<DomainEvent>;
  } catch {
    return undefined;
  }
  const whole =
    typeof event === 'object' &&
    event !== null &&
    typeof event.type === 'string' &&
    isEventName(event.type) &&
    typeof event.at === 'number' &&
    typeof event.subject?.id === 'string' &&
    Array.isArray(event.accounts) &&
    typeof event.data === 'object';
  return whole ? (event as DomainEvent) : undefined;
}

export function writeEvent(event: DomainEvent): string {
  return JSON.stringify(event);
}

/** Who sees the same of every event: all of the exchange, or everybody of one account. */
export type Viewer = Pick<Principal, 'accountId' | 'role'>;

/**
 * What somebody sees of an event; undefined when it is not for them. Tenants see the fields that the type
 * names for their role, and of lists that say whose each entry is, their own entries.
 */
export function toldTo(viewer: Viewer, { id, event }: StreamedEvent): ToldEvent | undefined {
  const data = viewOf(viewer, event);
  if (!data) return undefined;
  const { type, version, at, subject } = event;
  return { id: id ?? null, topic: eventType(type).topic, type, version, at, subject, data };
}

function viewOf({ accountId, role }: Viewer, event: DomainEvent): ToldEvent['data'] | undefined {
  if (accountId === OPERATOR_ACCOUNT) return event.data;
  if (role === 'admin' || role === 'auditor' || !event.accounts.includes(accountId)) return undefined;
  const fields: readonly string[] | undefined = eventType(event.type).views[role];
  if (!fields) return undefined;
  const all = event.data as Readonly<Record<string, unknown>>;
  const seen: Record<string, unknown> = {};
  for (const field of fields) if (all[field] !== undefined) seen[field] = ownEntries(all[field], accountId);
  return seen;
}

function ownEntries(value: unknown, accountId: string): unknown {
  if (!Array.isArray(value)) return value;
  return value.filter((entry: unknown) => (entry as { accountId?: unknown } | null)?.accountId === accountId);
}
