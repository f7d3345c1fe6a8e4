import type { Micros } from '../../domain';
import { formatMicros } from '../../domain';
import type { Listener } from './events';

/** `amount` is micro-units and told as an exact decimal; `instant` is UTC epoch milliseconds. */
export type FieldKind = 'text' | 'integer' | 'amount' | 'boolean' | 'instant';

interface FieldRule {
  readonly kind: FieldKind;
  /** Everybody, where nothing is said. */
  readonly for?: readonly Listener[];
}

const field = (kind: FieldKind, ...listeners: readonly Listener[]): FieldRule =>
  listeners.length === 0 ? { kind } : { kind, for: listeners };

/**
 * Everything that can be told of an event, and to whom: a buyer never hears what a call paid to its
 * seller, nor whose number was dialled, a seller never what its buyer paid, nor who that was. Fees and taxes
 * are those of whoever is told. One table for macros, for the event as JSON, and for what is stored of it.
 */
const FIELDS = {
  callId: field('text'),
  campaignId: field('text'),
  buyerId: field('text', 'operator', 'buyer'),
  buyerAccountId: field('text', 'operator', 'buyer'),
  targetId: field('text', 'operator', 'buyer'),
  bidId: field('text', 'operator', 'buyer'),
  offerReference: field('text', 'operator', 'buyer'),
  sellerId: field('text', 'operator', 'seller'),
  did: field('text', 'operator', 'seller'),
  durationS: field('integer'),
  durationMs: field('integer'),
  connectedMs: field('integer'),
  converted: field('boolean'),
  revenue: field('amount', 'operator', 'buyer'),
  payout: field('amount', 'operator', 'seller'),
  fees: field('amount'),
  taxes: field('amount'),
  carrierCost: field('amount', 'operator'),
  previousRevenue: field('amount', 'operator', 'buyer'),
  previousPayout: field('amount', 'operator', 'seller'),
  currency: field('text'),
  origin: field('text'),
  endReason: field('text'),
  receivedAt: field('instant'),
  answeredAt: field('instant'),
  endedAt: field('instant'),
  accountId: field('text'),
  amount: field('amount'),
  balance: field('amount'),
  available: field('amount'),
  lowBalanceAt: field('amount'),
  stopBelow: field('amount'),
  charged: field('amount'),
  held: field('amount'),
  paymentId: field('text'),
  chargeId: field('text'),
  disputeId: field('text'),
  recordingId: field('text'),
  callbackId: field('text'),
  lost: field('text'),
  ownNumber: field('boolean'),
  requestedAt: field('instant'),
  notAfter: field('instant'),
  claimed: field('amount'),
  given: field('amount'),
  itemId: field('text'),
  batchId: field('text'),
  reference: field('text'),
  number: field('text'),
  kind: field('text'),
  cause: field('text'),
  state: field('text'),
  outcome: field('text'),
  reason: field('text'),
  failureCode: field('text'),
  failureMessage: field('text'),
} as const satisfies Record<string, FieldRule>;
export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

/** Personal data of a call, read at the moment it is sent: by then it may have been erased. */
export interface CallPersons {
  readonly caller: string | undefined;
  readonly dialled: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** What an account may know of an event, as it is stored: amounts in micro-units, instants as numbers. */
export type EventFields = Readonly<Partial<Record<FieldName, string | number | boolean>>>;

export function ruleOf(name: FieldName): FieldRule {
  return FIELDS[name];
}

export function mayKnow(listener: Listener, name: FieldName): boolean {
  return ruleOf(name).for?.includes(listener) ?? true;
}

/** Of all that is known, what one may know; values that are of no such kind are left out. */
export function fieldsFor(listener: Listener, known: Readonly<Record<string, unknown>>): EventFields {
  const fields: Partial<Record<FieldName, string | number | boolean>> = {};
  for (const name of FIELD_NAMES) {
    if (!mayKnow(listener, name)) continue;
    // Amounts of payloads are called what they are.
    const value = known[name] ?? known[`${name}Micros`];
    if (isOfKind(value, ruleOf(name).kind)) fields[name] = value;
  }
  return fields;
}

/** The last one there is (ECMA-262 §21.4.1.1). */
const MAX_INSTANT = 8.64e15;

function isOfKind(value: unknown, kind: FieldKind): value is string | number | boolean {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'boolean') return typeof value === 'boolean';
  return Number.isSafeInteger(value) && (kind !== 'instant' || Math.abs(value as number) <= MAX_INSTANT);
}

/** One value of an event, as text; `literal` may stand bare in JSON. */
export interface MacroValue {
  readonly text: string;
  readonly literal: boolean;
}

/** How values of a kind can be written besides the usual way; an instant is milliseconds of the UTC epoch. */
export const FORMS: Readonly<Record<FieldKind, readonly string[]>> = {
  text: [],
  integer: [],
  amount: [],
  boolean: ['int'],
  instant: ['iso', 's', 'ms'],
};

/** A value as templates write it. @param form - one of {@link FORMS} */
export function writeValue(
  value: string | number | boolean | undefined,
  kind: FieldKind,
  form?: string,
): MacroValue | undefined {
  if (value === undefined) return undefined;
  if (kind === 'text') return { text: String(value), literal: false };
  if (kind === 'amount') return { text: formatMicros(value as Micros), literal: true };
  if (kind === 'boolean')
    return { text: form === 'int' ? (value === true ? '1' : '0') : String(value), literal: true };
  if (kind === 'integer') return { text: String(value), literal: true };
  const at = value as number;
  if (form === 'iso') return { text: isoOf(at), literal: false };
  return { text: String(form === 's' ? Math.floor(at / 1000) : at), literal: true };
}

/** @param at - UTC epoch milliseconds */
export function isoOf(at: number): string {
  return new Date(at).toISOString();
}

/** Fields as the event's JSON shows them: amounts are exact decimals in text, instants ISO 8601. */
export function shownFields(fields: EventFields): Record<string, string | number | boolean> {
  const shown: Record<string, string | number | boolean> = {};
  for (const name of FIELD_NAMES) {
    const value = fields[name];
    if (value === undefined) continue;
    const { kind } = ruleOf(name);
    shown[name] =
      kind === 'amount' ? formatMicros(value as Micros) : kind === 'instant' ? isoOf(value as number) : value;
  }
  return shown;
}
