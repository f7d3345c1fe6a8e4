import type { Queryable } from '../../storage';
import { postTransactions } from '../ledger/ledger';
import type { LedgerTransaction } from '../ledger/transaction';

/** A transaction was posted since the holds were read: by a rival, if trying again finds its hold. */
export class PostedBefore extends Error {
  override readonly name = 'PostedBefore';
}

/** Posts what was never posted before. @throws PostedBefore when something was, and no hold said so */
export async function postAll(tx: Queryable, transactions: readonly LedgerTransaction[]): Promise<void> {
  const ids = await postTransactions(tx, transactions);
  const known = ids.indexOf(undefined);
  if (known < 0) return;
  throw new PostedBefore(`${transactions[known]?.idempotencyKey} was posted before, and no hold says so`);
}
