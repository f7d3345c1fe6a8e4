import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import { closeWhenDone } from './close-batch';
import type { PayoutBatch } from './payout';
import { getPayoutBatch, lockPayoutBatch } from './payout-rows';
import type { ContestedMoney } from './prepare-payouts';
import { assertCovered } from './uncovered-items';

/**
 * Lets a batch be sent: a second person, who is told from the first by the API key, has looked at it.
 *
 * @throws AppError `not_found`; `forbidden` for whoever prepared it; `conflict` when it is no draft, or less
 * is owed by now than was set aside
 */
export async function approvePayouts(
  db: Queryable,
  id: string,
  by: Actor,
  contested?: ContestedMoney,
): Promise<PayoutBatch> {
  return inTransaction(db, async (tx) => {
    const batch = await lockPayoutBatch(tx, id);
    if (batch.state !== 'draft') throw notIn(batch, 'draft');
    if (batch.preparedKey === by.keyId) {
      throw new AppError(
        'forbidden',
        'four_eyes',
        'who prepared a batch does not approve it: that takes another API key, of another person',
      );
    }
    await assertCovered(tx, batch, contested);
    await tx.query(
      `update payout_batches set state = 'approved', approved_key = $2, approved_by = $3, approved_at = now(),
         version = version + 1
       where id = $1`,
      [id, by.keyId, by.accountId],
    );
    return getPayoutBatch(tx, id);
  });
}

/**
 * Gives up what is not paid yet of a batch: that money is due again.
 * @throws AppError `not_found`, `conflict` when nothing is open
 */
export async function cancelPayouts(db: Queryable, id: string, by: Actor): Promise<PayoutBatch> {
  return inTransaction(db, async (tx) => {
    const batch = await lockPayoutBatch(tx, id);
    if (batch.state !== 'draft' && batch.state !== 'approved') throw notIn(batch, 'draft or approved');
    await tx.query(
      `update payout_items set state = 'canceled', closed_by = $2, closed_at = now()
       where batch_id = $1 and state = 'open'`,
      [id, by.accountId],
    );
    return closeWhenDone(tx, id, by);
  });
}

export function notIn({ state }: PayoutBatch, wanted: string): AppError {
  return new AppError('conflict', 'payout_state', `the batch is ${state}, and would have to be ${wanted}`);
}
