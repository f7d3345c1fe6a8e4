import { randomUUID } from 'node:crypto';
import type { Currency, Micros } from '../../domain';
import { AppError, asError } from '../../domain';
import type { Database, Queryable } from '../../storage';
import { isAway, isRivalry, isTooSlow } from '../settlement/trouble';
import type { Payment } from './payment';
import { getPayment, insertPayment, lockPayment, paymentOfRef } from './payment-rows';
import { idempotencyKeyOf } from './request-payment';
import { postOutgoing } from './request-refund';
import type { PaymentEnd } from './settle-payment';
import { settlePayment } from './settle-payment';

/** What a provider tells by itself of a payment. */
export interface ProviderNews {
  readonly kind: 'charge' | 'refund' | 'chargeback';
  /** The provider's name of it. */
  readonly ref: string;
  /** The provider's name of the charge it is about; of a charge, its own. */
  readonly chargeRef: string;
  /** Ours, when it was asked for here. */
  readonly paymentId: string | null;
  readonly amount: Micros;
  readonly currency: Currency;
  /** `pending`: the money moves, and may yet come back. */
  readonly end: PaymentEnd | { readonly state: 'pending' };
}

/** One message of a provider. */
export interface ProviderEvent {
  /** The provider's: each is handled once. */
  readonly id: string;
  readonly type: string;
  readonly news: ProviderNews;
}

/** `kept`: it is of a payment that is not known here, or not as the provider says; for people. */
export type EventOutcome = 'applied' | 'changed_nothing' | 'kept' | 'repeated';

type Applied =
  { readonly outcome: 'applied' | 'changed_nothing' } | { readonly outcome: 'kept'; readonly why: string };

const CLAIM = {
  name: 'payment-event-claim',
  text: `insert into payment_events (id, type, outcome, charge_ref, news) values ($1, $2, 'changed_nothing', $3, $4)
    on conflict (id) do nothing`,
};
const NOTE = {
  name: 'payment-event-note',
  text: 'update payment_events set outcome = $2, why = $3 where id = $1',
};
const GIVE_UP = {
  name: 'payment-event-give-up',
  text: `update payment_events set why = 'failed' where id = $1 and outcome = 'kept'`,
};

/**
 * Books what a provider tells, once for each event, in one transaction. In which order events arrive does
 * not matter.
 */
export async function takeProviderEvent(db: Database, event: ProviderEvent): Promise<EventOutcome> {
  const { id, type, news } = event;
  return db.transaction(async (tx) => {
    const { rowCount } = await tx.query({
      ...CLAIM,
      values: [id, type, news.chargeRef, JSON.stringify(news)],
    });
    if (rowCount === 0) return 'repeated';
    return note(tx, id, await apply(tx, news));
  });
}

const KEPT_AT_ONCE = 50;
/** The keeper of payments looks what became of it, in case nobody tells. */
const LOOK_LATER = `update payments set state = 'pending', next_try_at = now() + interval '1 hour' where id = $1`;

/**
 * Books what was told of charges before they were known here, whose answer had been lost. What cannot be booked
 * keeps nothing else from it: it is left to people, as `failed`.
 *
 * @throws Error when the database is away: what is left is booked the next time
 */
export async function applyKeptEvents(db: Database, onError?: (error: Error) => void): Promise<void> {
  const { rows } = await db.query<{ id: string }>({
    name: 'payment-events-known-now',
    text: `select e.id from payment_events e join payments p on p.provider_ref = e.charge_ref
      where e.outcome = 'kept' and e.why = 'unknown_payment' order by e.received_at limit ${KEPT_AT_ONCE}`,
  });
  for (const { id } of rows) {
    try {
      await applyKept(db, id);
    } catch (error) {
      if (isAway(error)) throw error;
      onError?.(asError(error));
      if (isRivalry(error) || isTooSlow(error)) continue;
      await db.query({ ...GIVE_UP, values: [id] });
    }
  }
}

async function applyKept(db: Database, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { rows: kept } = await tx.query<{ news: ProviderNews }>(
      `select news from payment_events where id = $1 and outcome = 'kept' for update`,
      [id],
    );
    if (kept[0]) await note(tx, id, await apply(tx, kept[0].news));
  });
}

async function note(tx: Queryable, id: string, applied: Applied): Promise<Applied['outcome']> {
  const why = applied.outcome === 'kept' ? applied.why : null;
  await tx.query({ ...NOTE, values: [id, applied.outcome, why] });
  return applied.outcome;
}

async function apply(tx: Queryable, news: ProviderNews): Promise<Applied> {
  const known = await find(tx, news);
  if (known) return applyToKnown(tx, known, news);
  if (news.kind === 'charge') return { outcome: 'kept', why: 'unknown_payment' };
  const charge = await paymentOfRef(tx, news.chargeRef);
  return charge ? enter(tx, charge, news) : { outcome: 'kept', why: 'unknown_payment' };
}

async function find(tx: Queryable, news: ProviderNews): Promise<Payment | undefined> {
  const known = await paymentOfRef(tx, news.ref);
  if (known || news.paymentId === null) return known;
  const asked = await getPayment(tx, news.paymentId);
  return asked?.kind === news.kind ? asked : undefined;
}

async function applyToKnown(tx: Queryable, payment: Payment, news: ProviderNews): Promise<Applied> {
  if (news.kind !== payment.kind) return { outcome: 'kept', why: 'other_kind' };
  if (news.amount !== payment.amount || news.currency !== payment.currency) {
    return { outcome: 'kept', why: 'other_amount' };
  }
  if (news.end.state === 'pending') return { outcome: 'changed_nothing' };
  const settled = await settlePayment(tx, payment.id, news.end);
  if (settled === 'contradicted') return { outcome: 'kept', why: 'other_reference' };
  return { outcome: settled === 'settled' ? 'applied' : 'changed_nothing' };
}

/** Writes down a refund or a chargeback that was begun at the provider. */
async function enter(tx: Queryable, charge: Payment, news: ProviderNews): Promise<Applied> {
  // Whoever asks for a refund of it at the same time is to know of this one.
  await lockPayment(tx, charge.id);
  if (charge.kind !== 'charge') return { outcome: 'kept', why: 'other_kind' };
  if (charge.currency !== news.currency) return { outcome: 'kept', why: 'other_amount' };
  // Money cannot come back that had not come; the event of the charge itself may just be late.
  if (charge.state !== 'succeeded') {
    await settlePayment(tx, charge.id, { state: 'succeeded', ref: news.chargeRef });
  }
  const id = randomUUID();
  const entered = await insertPayment(tx, {
    id,
    kind: news.kind,
    cause: 'provider',
    accountId: charge.accountId,
    currency: charge.currency,
    amount: news.amount,
    idempotencyKey: idempotencyKeyOf(id),
    chargeId: charge.id,
    methodId: charge.methodId ?? undefined,
    providerRef: news.ref,
    dueAt: undefined,
  });
  // Another event told of it at the same time, and was first.
  if (!entered) return applyToFirst(tx, news);
  if (news.end.state !== 'failed') await postOutgoing(tx, entered);
  if (news.end.state === 'pending') {
    await tx.query(LOOK_LATER, [id]);
    return { outcome: 'applied' };
  }
  await settlePayment(tx, id, news.end);
  return { outcome: 'applied' };
}

async function applyToFirst(tx: Queryable, news: ProviderNews): Promise<Applied> {
  const first = await paymentOfRef(tx, news.ref);
  if (!first) throw new Error(`${news.ref} is known and is not`);
  return applyToKnown(tx, first, news);
}

/** An event that a person has to look at. */
export interface KeptEvent {
  readonly id: string;
  readonly type: string;
  readonly outcome: 'kept' | 'resolved';
  readonly why: string;
  readonly news: ProviderNews;
  readonly receivedAt: Date;
  readonly resolvedBy: string | null;
  readonly resolvedAt: Date | null;
  readonly note: string | null;
}

const KEPT_COLUMNS = `id, type, outcome, why, news, received_at as "receivedAt", resolved_by as "resolvedBy",
  resolved_at as "resolvedAt", note`;

/** Events for people, oldest first. */
export async function listKeptEvents(
  db: Queryable,
  filter: { readonly after?: readonly [receivedAt: number, id: string] | undefined; readonly limit: number },
): Promise<KeptEvent[]> {
  const [receivedAt, id] = filter.after ?? [];
  const { rows } = await db.query<KeptEvent>(
    `select ${KEPT_COLUMNS} from payment_events
     where outcome = 'kept' and ($1::bigint is null or (received_at, id) > (to_timestamp($1::bigint / 1000.0), $2))
     order by received_at, id limit $3`,
    [receivedAt ?? null, id ?? null, filter.limit],
  );
  return rows;
}

/** Notes what a person did about an event. @throws AppError `not_found` */
export async function resolveKeptEvent(
  db: Queryable,
  resolution: { readonly id: string; readonly by: string; readonly note: string | undefined },
): Promise<KeptEvent> {
  const { rows } = await db.query<KeptEvent>(
    `update payment_events set outcome = 'resolved', resolved_by = $2, resolved_at = now(), note = $3
     where id = $1 and outcome = 'kept' returning ${KEPT_COLUMNS}`,
    [resolution.id, resolution.by, resolution.note ?? null],
  );
  if (rows[0]) return rows[0];
  throw new AppError('not_found', 'payment_event_not_found', `no event ${resolution.id} waits for a person`);
}

/** Providers tell again for some days; afterwards nobody asks whether an event was handled. */
const KEPT_MS = 90 * 86_400_000;
const PRUNED_AT_ONCE = 500;

/** Forgets events that were handled long ago. @param now - UTC epoch milliseconds */
export async function pruneEvents(db: Queryable, now: number): Promise<void> {
  await db.query({
    name: 'payment-events-prune',
    text: `delete from payment_events where id in (
        select id from payment_events
        where outcome in ('applied', 'changed_nothing') and received_at < to_timestamp($1::bigint / 1000.0)
        order by received_at limit ${PRUNED_AT_ONCE})`,
    values: [now - KEPT_MS],
  });
}
