import type { Micros } from '../../domain';
import { OPERATOR_ACCOUNT, negateMicros } from '../../domain';
import type { LedgerKind, LedgerTransaction, Posting } from '../ledger/ledger';
import { movement } from '../ledger/transaction';
import type { Payment, PaymentKind } from './payment';

const POSTED_AS: Readonly<Record<PaymentKind, LedgerKind>> = {
  charge: 'top_up',
  refund: 'refund',
  chargeback: 'chargeback',
};

type Movement = Pick<Payment, 'id' | 'kind' | 'accountId' | 'currency' | 'amount' | 'transactionId'>;

/** Money that came in is the buyer's; money that goes back, or was taken back, is not any more. */
export function paymentPosting(payment: Movement): LedgerTransaction {
  const { id, kind } = payment;
  return {
    idempotencyKey: `payment:${id}`,
    kind: POSTED_AS[kind],
    postings: moved(payment, kind === 'charge' ? payment.amount : negateMicros(payment.amount)),
  };
}

/** Takes back what was posted for a payment. */
export function paymentReversal(payment: Movement, reason: string): LedgerTransaction {
  const { id, kind, transactionId } = payment;
  return {
    idempotencyKey: `payment:${id}:reversal`,
    kind: 'reversal',
    reason,
    reversesId: transactionId ?? undefined,
    postings: moved(payment, kind === 'charge' ? negateMicros(payment.amount) : payment.amount),
  };
}

/** @param amount - micro-units from the exchange's cash to the wallet; negative for the other way */
function moved({ accountId, currency }: Movement, amount: Micros): Posting[] {
  const cash = { accountId: OPERATOR_ACCOUNT, purpose: 'cash' } as const;
  return movement(cash, { accountId, purpose: 'wallet' }, currency, amount);
}
