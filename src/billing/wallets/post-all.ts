import type { Queryable } from '../../storage';
import { postTransactions } from '../ledger/ledger';
import type { LedgerTransaction } from '../ledger/transaction';

/** Posts what was never posted before. @throws Error when something was: the books contradict the holds */
export async function postAll(tx: Queryable, transactions: readonly LedgerTransaction[]): Promise<void> {
  const ids = await postTransactions(tx, transactions);
  const known = ids.indexOf(undefined);
  if (known < 0) return;
  throw new Error(`${transactions[known]?.idempotencyKey} was posted before, and no hold says so`);
}
