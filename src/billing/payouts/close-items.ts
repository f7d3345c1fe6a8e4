import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import { postTransactions } from '../ledger/ledger';
import { notIn } from './approve-payouts';
import { closeWhenDone } from './close-batch';
import type { PayoutBatch, PayoutItem } from './payout';
import { payoutPosting, returnedPosting } from './payout-postings';
import { itemsOfBatch, lockPayoutBatch } from './payout-rows';

/** The bank made transfers. */
export interface PaidItems {
  readonly batchId: string;
  /** All that are open by default. */
  readonly itemIds?: readonly string[] | undefined;
  /** The bank's name of the transfer, or of all of them together. */
  readonly reference: string;
  readonly by: Actor;
}

/**
 * Books what was paid, all of it or nothing: from what is owed to the exchange's cash, and the event
 * `payout.paid` for each. The bank has done it, so that it is booked even when money was taken back since the
 * approval and less is owed by now: then the account owes the exchange, and earns that first.
 *
 * @throws AppError `not_found`; `conflict` when the batch is not approved, or an item is not open
 */
export async function payItems(db: Queryable, paid: PaidItems): Promise<PayoutBatch> {
  const { batchId, itemIds, reference, by } = paid;
  return inTransaction(db, async (tx) => {
    const batch = await lockPayoutBatch(tx, batchId);
    if (batch.state !== 'approved') throw notIn(batch, 'approved');
    const items = await chosenItems(tx, batchId, itemIds, ['open']);
    await tellPaid(tx, items, reference);
    const ids = await postTransactions(
      tx,
      items.map((item) => payoutPosting(item, reference)),
    );
    await tx.query(
      `update payout_items i set state = 'paid', reference = $3, transaction_id = p.transaction_id, closed_by = $4,
         closed_at = now()
       from unnest($1::text[], $2::bigint[]) as p(id, transaction_id) where i.id = p.id`,
      [items.map(({ id }) => id), ids.map(posted), reference, by.accountId],
    );
    return closeWhenDone(tx, batchId, by);
  });
}

/** Transfers that the bank did not make, or that came back. */
export interface FailedItems {
  readonly batchId: string;
  /** All that are open by default. */
  readonly itemIds?: readonly string[] | undefined;
  readonly reason: string;
  readonly by: Actor;
}

/**
 * Gives back what was set aside for items: it is due again. What was booked as paid is taken back.
 * @throws AppError `not_found`, `conflict` when an item failed or was canceled before
 */
export async function failItems(db: Queryable, failed: FailedItems): Promise<PayoutBatch> {
  const { batchId, itemIds, reason, by } = failed;
  return inTransaction(db, async (tx) => {
    await lockPayoutBatch(tx, batchId);
    const items = await chosenItems(tx, batchId, itemIds, ['open', 'paid']);
    await tx.query(
      `update payout_items set state = 'failed', failure = $2, closed_by = $3, closed_at = now() where id = any($1)`,
      [items.map(({ id }) => id), reason, by.accountId],
    );
    const batch = await closeWhenDone(tx, batchId, by);
    await postTransactions(
      tx,
      items.filter(({ state }) => state === 'paid').map((item) => returnedPosting(item, reason)),
    );
    return batch;
  });
}

async function chosenItems(
  tx: Queryable,
  batchId: string,
  itemIds: readonly string[] | undefined,
  states: readonly PayoutItem['state'][],
): Promise<PayoutItem[]> {
  const items = await itemsOfBatch(tx, batchId);
  if (itemIds === undefined) return items.filter(({ state }) => state === 'open');
  const wanted = new Set(itemIds);
  const chosen = items.filter(({ id }) => wanted.has(id));
  const known = new Set(chosen.map(({ id }) => id));
  const errors = [...wanted].flatMap((id, n) =>
    known.has(id) ? [] : [{ pointer: `/items/${n}`, message: 'is no item of this batch' }],
  );
  if (errors.length > 0) {
    throw new AppError('unprocessable', 'payout_item_unknown', 'an item is none of this batch', { errors });
  }
  const closed = chosen.find(({ state }) => !states.includes(state));
  if (closed) {
    throw new AppError('conflict', 'payout_item_state', `item ${closed.id} is ${closed.state} already`, {
      errors: [
        { pointer: `/items/${[...wanted].indexOf(closed.id)}`, message: `is ${closed.state} already` },
      ],
    });
  }
  return chosen;
}

async function tellPaid(tx: Queryable, items: readonly PayoutItem[], reference: string): Promise<void> {
  await tx.query(
    `insert into outbox (type, subject, payload)
     select 'payout.paid', p.id, p.payload from unnest($1::text[], $2::jsonb[]) as p(id, payload)
     on conflict (type, subject) do nothing`,
    [
      items.map(({ id }) => id),
      items.map(({ id, batchId, accountId, currency, amount }) =>
        JSON.stringify({ itemId: id, batchId, accountId, currency, amountMicros: amount, reference }),
      ),
    ],
  );
}

function posted(id: number | undefined): number {
  if (id === undefined) throw new Error('a payout was posted before, and nobody knows');
  return id;
}
