import type { Currency, Micros } from '../../domain';
import type { Queryable } from '../../storage';
import type { Payment, PaymentCause, PaymentKind, PaymentStep } from './payment';

/** Columns of a payment as {@link Payment} has them. */
export const PAYMENT_COLUMNS = `id, seq, kind, cause, account_id as "accountId", currency, amount, state,
  charge_id as "chargeId", method_id as "methodId", provider, provider_ref as "providerRef",
  idempotency_key as "idempotencyKey", top_up_key as "topUpKey", reason,
  case when failure_code is not null then
    json_build_object('code', failure_code, 'message', failure_message, 'retryable', retryable) end as failure,
  attempts, unanswered, first_asked_at as "firstAskedAt", stuck_at as "stuckAt",
  transaction_id as "transactionId", requested_by as "requestedBy", created_at as "createdAt",
  updated_at as "updatedAt", finished_at as "finishedAt"`;

/** A payment as it is written down first. */
export interface NewPayment {
  readonly id: string;
  readonly kind: PaymentKind;
  readonly cause: PaymentCause;
  readonly accountId: string;
  readonly currency: Currency;
  readonly amount: Micros;
  readonly idempotencyKey: string;
  readonly chargeId?: string | undefined;
  readonly methodId?: string | undefined;
  readonly providerRef?: string | undefined;
  readonly topUpKey?: string | undefined;
  readonly reason?: string | undefined;
  readonly requestedBy?: string | undefined;
  /** UTC epoch milliseconds from which on the keeper asks for it; undefined when the provider began it. */
  readonly dueAt: number | undefined;
}

/**
 * Writes a payment down, before anybody is asked for the money.
 * @returns undefined when there is one of that idempotency key or provider's name, or a top-up under way
 */
export async function insertPayment(tx: Queryable, payment: NewPayment): Promise<Payment | undefined> {
  const { rows } = await tx.query<Payment>({
    name: 'payment-insert',
    text: `insert into payments (id, kind, cause, account_id, currency, amount, idempotency_key, charge_id, method_id,
        provider, provider_ref, top_up_key, reason, requested_by, next_try_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'stripe', $10, $11, $12, $13, to_timestamp($14::bigint / 1000.0))
      on conflict do nothing returning ${PAYMENT_COLUMNS}`,
    values: [
      payment.id,
      payment.kind,
      payment.cause,
      payment.accountId,
      payment.currency,
      payment.amount,
      payment.idempotencyKey,
      payment.chargeId ?? null,
      payment.methodId ?? null,
      payment.providerRef ?? null,
      payment.topUpKey ?? null,
      payment.reason ?? null,
      payment.requestedBy ?? null,
      payment.dueAt ?? null,
    ],
  });
  return rows[0];
}

/** A payment that nobody else changes until the transaction is over. */
export async function lockPayment(tx: Queryable, id: string): Promise<Payment | undefined> {
  const { rows } = await tx.query<Payment>({
    name: 'payment-lock',
    text: `select ${PAYMENT_COLUMNS} from payments where id = $1 for no key update`,
    values: [id],
  });
  return rows[0];
}

/** The payment that the provider calls so. */
export async function paymentOfRef(db: Queryable, ref: string): Promise<Payment | undefined> {
  const { rows } = await db.query<Payment>({
    name: 'payment-of-ref',
    text: `select ${PAYMENT_COLUMNS} from payments where provider = 'stripe' and provider_ref = $1`,
    values: [ref],
  });
  return rows[0];
}

export async function getPayment(db: Queryable, id: string): Promise<Payment | undefined> {
  const { rows } = await db.query<Payment>({
    name: 'payment-get',
    text: `select ${PAYMENT_COLUMNS} from payments where id = $1`,
    values: [id],
  });
  return rows[0];
}

export interface PaymentFilter {
  readonly accountId?: string | undefined;
  readonly kind?: PaymentKind | undefined;
  readonly state?: PaymentStep | undefined;
  /** Refunds and chargebacks of that charge. */
  readonly chargeId?: string | undefined;
  /** Those that nobody but a person can find the end of. */
  readonly needsPerson?: boolean | undefined;
  /** `seq` of the last one of the page before. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Payments, newest first. */
export async function listPayments(db: Queryable, filter: PaymentFilter): Promise<Payment[]> {
  const { rows } = await db.query<Payment>({
    name: 'payments-list',
    text: `select ${PAYMENT_COLUMNS} from payments
      where ($1::text is null or account_id = $1) and ($2::text is null or kind = $2) and ($3::text is null or state = $3)
        and ($4::text is null or charge_id = $4) and ($5::boolean is null or (stuck_at is not null) = $5)
        and ($6::bigint is null or seq < $6)
      order by seq desc limit $7`,
    values: [
      filter.accountId ?? null,
      filter.kind ?? null,
      filter.state ?? null,
      filter.chargeId ?? null,
      filter.needsPerson ?? null,
      filter.before ?? null,
      filter.limit,
    ],
  });
  return rows;
}
