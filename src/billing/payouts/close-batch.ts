import type { Queryable } from '../../storage';
import type { Actor } from '../actor';
import type { PayoutBatch } from './payout';
import { getPayoutBatch } from './payout-rows';

/** Closes a batch of which nothing is open any more: `paid` if anything was, else `canceled`. */
export async function closeWhenDone(tx: Queryable, id: string, by: Actor): Promise<PayoutBatch> {
  await tx.query(
    `update payout_batches set version = version + 1, closed_by = $2, closed_at = now(),
       state = case when exists (select 1 from payout_items where batch_id = $1 and transaction_id is not null)
         then 'paid' else 'canceled' end
     where id = $1 and closed_at is null
       and not exists (select 1 from payout_items where batch_id = $1 and state = 'open')`,
    [id, by.accountId],
  );
  return getPayoutBatch(tx, id);
}
