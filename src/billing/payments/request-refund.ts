import { randomUUID } from 'node:crypto';
import type { Currency, Micros } from '../../domain';
import { OPERATOR_ACCOUNT, AppError, micros } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { LedgerAccountName } from '../ledger/ledger';
import { lockLedgerAccounts, postTransaction } from '../ledger/ledger';
import { minorUnitsOf } from './minor-units';
import type { Payment } from './payment';
import { paymentPosting } from './payment-postings';
import { insertPayment, lockPayment, PAYMENT_COLUMNS } from './payment-rows';
import { idempotencyKeyOf, paymentNotFound, refusal } from './request-payment';

/** Money that somebody wants to be given back to the card it came from. */
export interface RefundWish {
  readonly chargeId: string;
  /** Micro-units; all that is left of the charge by default. */
  readonly amount?: Micros | undefined;
  readonly reason?: string | undefined;
  /** Account of whoever asks. */
  readonly requestedBy: string;
}

/**
 * Takes the money out of the wallet and writes the refund down, together; the keeper of payments asks the
 * provider for it as soon as that is committed. A refund that the provider refuses puts it back. Money that
 * is held for calls, or was spent, is not given back, and credit is not paid out.
 *
 * @param now - UTC epoch milliseconds
 * @throws AppError `not_found`, or `unprocessable` with the field
 */
export async function requestRefund(db: Queryable, wish: RefundWish, now: number): Promise<Payment> {
  return inTransaction(db, async (tx) => {
    const charge = await lockPayment(tx, wish.chargeId);
    if (!charge) throw paymentNotFound(wish.chargeId);
    if (charge.kind !== 'charge' || charge.state !== 'succeeded') {
      throw new AppError(
        'conflict',
        'payment_not_refundable',
        'only a charge that was made can be given back',
      );
    }
    const left = await refundable(tx, charge);
    const amount = wish.amount ?? left;
    await check(tx, charge, amount, left);
    return reserve(tx, charge, amount, wish, now);
  });
}

/** Micro-units of a charge that nobody took back yet. */
async function refundable(tx: Queryable, charge: Payment): Promise<Micros> {
  const { rows } = await tx.query<{ taken: number }>(
    `select coalesce(sum(amount), 0)::bigint as taken from payments where charge_id = $1 and state <> 'failed'`,
    [charge.id],
  );
  return micros(Math.max(0, charge.amount - (rows[0]?.taken ?? 0)));
}

/** @param left - of the charge, in micro-units */
async function check(tx: Queryable, charge: Payment, amount: Micros, left: Micros): Promise<void> {
  const { accountId, currency } = charge;
  if (left === 0) throw new AppError('conflict', 'payment_refunded', 'nothing is left of that charge');
  const units = minorUnitsOf(amount, currency);
  if (!units.ok) throw refusal('amount_unpayable', '/amountMicros', units.reason);
  if (amount > left) {
    throw refusal(
      'refund_exceeds_payment',
      '/amountMicros',
      `must be ${left} at most: more is not left of the charge`,
    );
  }
  const free = await lockFreeMoney(tx, accountId, currency);
  if (amount > free) {
    throw refusal(
      'wallet_too_low',
      '/amountMicros',
      `must be ${Math.max(0, free)} at most: more is not in the wallet`,
    );
  }
}

/** What a buyer has with the exchange, of its own; nobody spends it until the transaction is over. */
async function lockFreeMoney(tx: Queryable, accountId: string, currency: Currency): Promise<number> {
  // Both accounts that are posted to.
  const wallet: LedgerAccountName = { accountId, purpose: 'wallet', currency };
  const cash: LedgerAccountName = { accountId: OPERATOR_ACCOUNT, purpose: 'cash', currency };
  const balanceOf = await lockLedgerAccounts(tx, [wallet, cash]);
  return micros(Number(-balanceOf(wallet)));
}

async function reserve(
  tx: Queryable,
  charge: Payment,
  amount: Micros,
  { reason, requestedBy }: RefundWish,
  now: number,
): Promise<Payment> {
  const id = randomUUID();
  const refund = await insertPayment(tx, {
    id,
    kind: 'refund',
    cause: 'request',
    accountId: charge.accountId,
    currency: charge.currency,
    amount,
    idempotencyKey: idempotencyKeyOf(id),
    chargeId: charge.id,
    methodId: charge.methodId ?? undefined,
    reason,
    requestedBy,
    dueAt: now,
  });
  if (!refund) throw new Error(`payment ${id} is there already`);
  return postOutgoing(tx, refund);
}

/**
 * Takes the money of a refund or a chargeback out of the wallet, once.
 * @returns the payment as it is now
 */
export async function postOutgoing(tx: Queryable, payment: Payment): Promise<Payment> {
  const transactionId = await postTransaction(tx, paymentPosting(payment));
  if (transactionId === undefined)
    throw new Error(`payment ${payment.id} was posted before, and nobody knows`);
  const { rows } = await tx.query<Payment>(
    `update payments set transaction_id = $2 where id = $1 returning ${PAYMENT_COLUMNS}`,
    [payment.id, transactionId],
  );
  const [written] = rows;
  if (!written) throw new Error(`payment ${payment.id} is lost`);
  return written;
}
