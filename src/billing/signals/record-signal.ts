import type { CallSignal } from '../../domain';
import { AppError, SIGNAL_KINDS } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';

/** Signals that are kept of one call. */
export const MAX_SIGNALS = 20;
/** A clock may be so many milliseconds ahead of ours. */
const CLOCK_SKEW_MS = 300_000;
/** Text of a signal: the name of an event, digits, what an agent noted. */
export const SIGNAL_VALUE = /^[A-Za-z0-9_.:#*-]{1,64}$/;

/** Something that became known of a call. */
export interface SignalReport extends CallSignal {
  readonly callId: string;
  /** Who tells: `key:<id>`, `token:<id>`, `switch`. */
  readonly source: string;
  /** The buyer whose calls it may tell of; undefined for those of anybody. Sellers are paid by it: they tell of none. */
  readonly accountId?: string | undefined;
}

export interface SignalRules {
  /** Milliseconds after the end of a call in which signals are taken. */
  readonly windowMs: number;
  /** UTC epoch milliseconds. */
  readonly now: number;
}

/** Why a signal was not taken. */
export type SignalRefusal = 'unknown_call' | 'not_sold' | 'too_late' | 'too_many';

export type RecordedSignal =
  { readonly ok: true; readonly isNew: boolean } | { readonly ok: false; readonly reason: SignalRefusal };

interface CallRow {
  readonly endedAt: number | null;
  readonly sold: boolean;
  readonly buyerAccountId: string | null;
}

/** Nobody else records a signal of the call meanwhile: they are counted. */
const LOCK_CALL = {
  name: 'signal-lock-call',
  text: `select ended_at as "endedAt", sale is not null as sold,
      sale #>> '{target,buyerAccountId}' as "buyerAccountId"
    from calls where id = $1 for no key update`,
};
const READ_KNOWN = {
  name: 'signal-read-known',
  text: `select count(*)::integer as known, coalesce(bool_or(kind = $2 and value = $3), false) as same
    from call_signals where call_id = $1`,
};
/** The event that it leads to is written with it: however it meets the settlement, one of the two sees it. */
const RECORD = {
  name: 'signal-record',
  text: `with recorded as (
      insert into call_signals (call_id, kind, value, at, source) values ($1, $2, $3, $4, $5)
      on conflict (call_id, kind, value) do nothing returning id)
    insert into outbox (type, subject, payload, due_at)
    select 'call.signal', $1 || ':' || id, json_build_object('callId', $1::text, 'signalId', id), now() from recorded`,
};

/**
 * Records a signal of a call that is up or over; the same one again changes nothing. What a settled call
 * has cost and earned is brought in line with it soon after.
 *
 * A call that is not stored yet may have signals of the switch itself, which tells of no others' calls.
 *
 * @throws AppError `validation` with the place when the signal is none
 */
export async function recordSignal(
  db: Queryable,
  report: SignalReport,
  rules: SignalRules,
): Promise<RecordedSignal> {
  assertSignal(report, rules.now);
  const { callId, kind, value, at, source } = report;
  return inTransaction(db, async (tx) => {
    const { rows: calls } = await tx.query<CallRow>({ ...LOCK_CALL, values: [callId] });
    const refusal = refusalOf(calls[0], report, rules);
    if (refusal) return { ok: false, reason: refusal };
    const { rows } = await tx.query<{ known: number; same: boolean }>({
      ...READ_KNOWN,
      values: [callId, kind, value],
    });
    const { known = 0, same = false } = rows[0] ?? {};
    if (same) return { ok: true, isNew: false };
    if (known >= MAX_SIGNALS) return { ok: false, reason: 'too_many' };
    const { rowCount } = await tx.query({ ...RECORD, values: [callId, kind, value, at, source] });
    return { ok: true, isNew: rowCount === 1 };
  });
}

function assertSignal({ kind, value, at }: CallSignal, now: number): void {
  const errors: { pointer: string; message: string }[] = [];
  if (!SIGNAL_KINDS.includes(kind)) errors.push({ pointer: '/kind', message: 'is not known' });
  if (!SIGNAL_VALUE.test(value)) {
    errors.push({ pointer: '/value', message: '1 to 64 letters, digits, _ . : # * -' });
  }
  if (!Number.isSafeInteger(at) || at <= 0) {
    errors.push({ pointer: '/at', message: 'must be UTC epoch milliseconds' });
  } else if (at > now + CLOCK_SKEW_MS) {
    errors.push({ pointer: '/at', message: 'is yet to come' });
  }
  if (errors.length === 0) return;
  throw new AppError('validation', 'invalid_signal', 'the signal is not acceptable', { errors });
}

/** Calls of others are not there, for who may not tell of them. */
function refusalOf(
  call: CallRow | undefined,
  { accountId, source }: SignalReport,
  { windowMs, now }: SignalRules,
): SignalRefusal | undefined {
  if (!call) return source === 'switch' ? undefined : 'unknown_call';
  const { endedAt, sold, buyerAccountId } = call;
  if (accountId !== undefined && accountId !== buyerAccountId) return 'unknown_call';
  if (endedAt === null) return undefined;
  if (!sold) return 'not_sold';
  return now - endedAt > windowMs ? 'too_late' : undefined;
}
