import { trialBalance } from '../../../../src/billing';
import type { Queryable } from '../../../../src/storage';
import type { TestDatabase } from '../../../support/test-database';

/** One side of a ledger transaction, as it is stored. */
export interface StoredLine {
  readonly transactionId: string;
  readonly kind: string;
  readonly accountId: string;
  readonly purpose: string;
  readonly amount: number;
}

/** What the ledger has of a call, read past the code that is tested. */
export async function linesOfCall(own: TestDatabase, callId: string): Promise<StoredLine[]> {
  const rows = await own.query<Omit<StoredLine, 'amount'> & { amount: string }>(
    `select t.id as "transactionId", t.kind, a.account_id as "accountId", a.purpose, e.amount
     from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
     join ledger_accounts a on a.id = e.ledger_account_id where t.call_id = $1 order by e.id`,
    [callId],
  );
  return rows.map(({ amount, ...line }) => ({ ...line, amount: Number(amount) }));
}

/** Debits, and what must be nothing. */
export async function theBooks(
  db: Queryable,
): Promise<{ readonly debits: number; readonly imbalance: number; readonly wrongBalances: number }> {
  const { debitsMicros, imbalanceMicros, wrongBalances } = await trialBalance(db);
  return { debits: Number(debitsMicros), imbalance: Number(imbalanceMicros), wrongBalances };
}
