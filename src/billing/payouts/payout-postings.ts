import type { Micros } from '../../domain';
import { OPERATOR_ACCOUNT, negateMicros } from '../../domain';
import type { LedgerTransaction, Posting } from '../ledger/ledger';
import { movement } from '../ledger/transaction';
import type { PayoutItem } from './payout';

type Paid = Pick<PayoutItem, 'id' | 'accountId' | 'currency' | 'amount' | 'transactionId'>;

/** What was owed to a seller or carrier leaves the exchange's cash. */
export function payoutPosting(item: Paid, reference: string): LedgerTransaction {
  return {
    idempotencyKey: `payout:${item.id}`,
    kind: 'publisher_payout',
    reason: reference,
    postings: moved(item, item.amount),
  };
}

/** The bank sent it back: it is owed again. */
export function returnedPosting(item: Paid, reason: string): LedgerTransaction {
  return {
    idempotencyKey: `payout:${item.id}:returned`,
    kind: 'reversal',
    reason,
    reversesId: item.transactionId ?? undefined,
    postings: moved(item, negateMicros(item.amount)),
  };
}

function moved({ accountId, currency }: Paid, amount: Micros): Posting[] {
  const cash = { accountId: OPERATOR_ACCOUNT, purpose: 'cash' } as const;
  return movement({ accountId, purpose: 'payable' }, cash, currency, amount);
}
