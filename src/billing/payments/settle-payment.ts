import type { Queryable } from '../../storage';
import { postTransaction } from '../ledger/ledger';
import { endTopUp } from '../wallets/top-up-due';
import { noteFailedTopUp } from './failed-top-ups';
import type { FinalState, Payment, PaymentFailure } from './payment';
import { goesForward, isPosted } from './payment';
import { paymentPosting, paymentReversal } from './payment-postings';
import { lockPayment } from './payment-rows';

/** How a payment ended. */
export type PaymentEnd =
  | { readonly state: 'succeeded'; readonly ref: string | undefined }
  | { readonly state: 'failed'; readonly ref: string | undefined; readonly failure: PaymentFailure };

/**
 * `stood`: it had ended so, or further on. `contradicted`: the provider calls it otherwise than before, which
 * is another movement of money; nothing is done, and a person must look.
 */
export type Settled = 'settled' | 'stood' | 'contradicted';

const WRITE = {
  name: 'payment-settle',
  text: `update payments set state = $2, provider_ref = coalesce(provider_ref, $3), failure_code = $4,
      failure_message = $5, retryable = $6, transaction_id = coalesce(transaction_id, $7), switched_off = $8,
      unanswered = 0, next_try_at = null, stuck_at = null, finished_at = now(), updated_at = now()
    where id = $1`,
};

const TELL = {
  name: 'payment-tell',
  text: `insert into outbox (type, subject, payload) values ($1, $2, $3) on conflict (type, subject) do nothing`,
};

/**
 * Books how a payment ended: its state, the ledger and the event, in the caller's transaction. Locks the
 * payment, then its wallet, then ledger accounts. Hearing the same again, or what was true before, changes
 * nothing.
 *
 * @throws Error when there is no such payment
 */
export async function settlePayment(tx: Queryable, id: string, end: PaymentEnd): Promise<Settled> {
  const payment = await lockPayment(tx, id);
  if (!payment) throw new Error(`there is no payment ${id}`);
  if (end.ref !== undefined && payment.providerRef !== null && end.ref !== payment.providerRef) {
    return 'contradicted';
  }
  if (!goesForward(payment.kind, payment.state, end.state)) return 'stood';
  const failures = await endWallet(tx, payment, end.state);
  await tx.query({
    ...TELL,
    values: [eventOf(payment, end.state), id, JSON.stringify(told(payment, end, failures))],
  });
  const failure = end.state === 'failed' ? end.failure : undefined;
  await tx.query({
    ...WRITE,
    values: [
      id,
      end.state,
      end.ref ?? null,
      failure?.code ?? null,
      failure?.message ?? null,
      failure?.retryable ?? null,
      (await post(tx, payment, end)) ?? null,
      failures?.switchedOff ?? false,
    ],
  });
  return 'settled';
}

/** What a failed top-up did to the wallet that asked for it. */
interface TopUpFailures {
  /** In a row, this one among them. */
  readonly failures: number;
  readonly switchedOff: boolean;
}

async function endWallet(
  tx: Queryable,
  payment: Payment,
  state: FinalState,
): Promise<TopUpFailures | undefined> {
  if (payment.topUpKey === null) return undefined;
  await endTopUp(tx, payment.topUpKey);
  return state === 'failed' ? noteFailedTopUp(tx, payment) : undefined;
}

/** @returns the id of what was posted for it, when that is now */
async function post(tx: Queryable, payment: Payment, end: PaymentEnd): Promise<number | undefined> {
  const was = isPosted(payment.kind, payment.state) && payment.transactionId !== null;
  const is = isPosted(payment.kind, end.state);
  if (was === is) return undefined;
  if (is) return postTransaction(tx, paymentPosting(payment));
  const reason = end.state === 'failed' ? end.failure.code : end.state;
  await postTransaction(tx, paymentReversal(payment, reason));
  return undefined;
}

/** A chargeback that is won is good news, one that is booked is not. */
function eventOf({ kind }: Payment, state: FinalState): 'payment.succeeded' | 'payment.failed' {
  return (state === 'succeeded') === (kind !== 'chargeback') ? 'payment.succeeded' : 'payment.failed';
}

function told(
  payment: Payment,
  end: PaymentEnd,
  failures: TopUpFailures | undefined,
): Record<string, unknown> {
  const { id, kind, cause, accountId, currency, amount, chargeId } = payment;
  return {
    paymentId: id,
    kind,
    cause,
    accountId,
    currency,
    amountMicros: amount,
    state: end.state,
    ...(chargeId === null ? {} : { chargeId }),
    ...(end.state === 'failed' ? { failure: end.failure } : {}),
    ...(failures ? { autoTopUp: failures } : {}),
  };
}
