import { randomUUID } from 'node:crypto';
import type { Currency, Micros } from '../../domain';
import { AppError, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import { minorUnitsOf } from './minor-units';
import type { Payment } from './payment';
import { getPaymentMethod } from './payment-methods';
import { getPayment, insertPayment } from './payment-rows';

/** A card that somebody wants to be charged. */
export interface ChargeWish {
  readonly accountId: string;
  readonly methodId: string;
  readonly amount: Micros;
  readonly currency: Currency;
  readonly reason?: string | undefined;
  /** Account of whoever asks. */
  readonly requestedBy: string;
}

/**
 * Writes a charge down; the keeper of payments asks the provider for it as soon as it is committed.
 *
 * @param now - UTC epoch milliseconds
 * @throws AppError `unprocessable` with the field, when it cannot be charged; nobody is asked then
 */
export async function requestCharge(db: Queryable, wish: ChargeWish, now: number): Promise<Payment> {
  const { accountId, methodId, amount, currency, reason, requestedBy } = wish;
  return inTransaction(db, async (tx) => {
    const problem = await whyNotChargeable(tx, wish);
    if (problem) throw refusal('not_chargeable', problem.pointer, problem.message);
    const id = randomUUID();
    const payment = await insertPayment(tx, {
      id,
      kind: 'charge',
      cause: 'request',
      accountId,
      currency,
      amount,
      idempotencyKey: idempotencyKeyOf(id),
      methodId,
      reason,
      requestedBy,
      dueAt: now,
    });
    if (!payment) throw new Error(`payment ${id} is there already`);
    return payment;
  });
}

interface FieldProblem {
  readonly pointer: string;
  readonly message: string;
}

/** What stands against charging it, if anything does. */
export async function whyNotChargeable(
  db: Queryable,
  { accountId, methodId, amount, currency }: Omit<ChargeWish, 'requestedBy' | 'reason'>,
): Promise<FieldProblem | undefined> {
  const { rows } = await db.query<{ type: string; status: string; pays: boolean }>(
    `select type, status, a.currency = $2 or exists (
       select 1 from wallets w where w.account_id = a.id and w.currency = $2) as pays
     from accounts a where id = $1`,
    [accountId, currency],
  );
  const [account] = rows;
  if (account?.type !== 'buyer') return { pointer: '/accountId', message: 'is no account of a buyer' };
  if (account.status === 'closed') return { pointer: '/accountId', message: 'is closed' };
  if (!account.pays) return { pointer: '/currency', message: 'is of no wallet of that account' };
  const method = await getPaymentMethod(db, methodId);
  if (method?.status !== 'active' || method.accountId !== accountId) {
    return { pointer: '/methodId', message: 'is no payment method of that account' };
  }
  const units = minorUnitsOf(amount, currency);
  return units.ok ? undefined : { pointer: '/amountMicros', message: units.reason };
}

/** The provider moves money once for it. The same wherever the exchange runs: no two payments share an id. */
export function idempotencyKeyOf(paymentId: string): string {
  return `dce-${paymentId}`;
}

/**
 * Has a payment that needs a person looked for once more, now.
 * @throws AppError `not_found`, `conflict` when nothing of it is open
 */
export async function retryPayment(db: Queryable, id: string, now: number): Promise<Payment> {
  return inTransaction(db, async (tx) => {
    const { rowCount } = await tx.query(
      `update payments set stuck_at = null, unanswered = 0, next_try_at = to_timestamp($2::bigint / 1000.0), updated_at = now()
       where id = $1 and state in ('created', 'pending')`,
      [id, now],
    );
    const payment = await getPayment(tx, id);
    if (!payment) throw paymentNotFound(id);
    if (rowCount === 0) {
      throw new AppError('conflict', 'payment_ended', `the payment has ${payment.state} already`);
    }
    return payment;
  });
}

export function paymentNotFound(id: string): AppError {
  return notFound('payment', id);
}

export function refusal(code: string, pointer: string, message: string): AppError {
  return new AppError('unprocessable', code, `${pointer.slice(1)} ${message}`, {
    errors: [{ pointer, message }],
  });
}
