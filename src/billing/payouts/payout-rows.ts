import { AppError } from '../../domain';
import type { Currency } from '../../domain';
import type { Queryable } from '../../storage';
import type { BatchState, ItemState, PayoutBatch, PayoutItem } from './payout';

const BATCH = `select b.id, b.seq, b.currency, b.up_to as "upTo", b.state, b.prepared_key as "preparedKey",
    b.prepared_by as "preparedBy", b.prepared_at as "preparedAt", b.approved_key as "approvedKey",
    b.approved_by as "approvedBy", b.approved_at as "approvedAt", b.closed_by as "closedBy", b.closed_at as "closedAt",
    b.version, i.total, i.paid, i.items, i.open_items as "openItems"
  from payout_batches b cross join lateral (
    select coalesce(sum(amount), 0) as total, coalesce(sum(amount) filter (where state = 'paid'), 0) as paid,
      count(*)::integer as items, (count(*) filter (where state = 'open'))::integer as open_items
    from payout_items where batch_id = b.id) i`;

const ITEM = `select i.id, i.seq, i.batch_id as "batchId", i.account_id as "accountId", a.name as "accountName",
    i.currency, i.amount, i.method, i.state, i.reference, i.failure, i.transaction_id as "transactionId",
    i.closed_by as "closedBy", i.closed_at as "closedAt"
  from payout_items i join accounts a on a.id = i.account_id`;

/** Batches, newest first. */
export async function listPayoutBatches(
  db: Queryable,
  filter: {
    readonly state?: BatchState | undefined;
    readonly currency?: Currency | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  },
): Promise<PayoutBatch[]> {
  const { rows } = await db.query<PayoutBatch>(
    `${BATCH} where ($1::text is null or b.state = $1) and ($2::text is null or b.currency = $2)
       and ($3::bigint is null or b.seq < $3)
     order by b.seq desc limit $4`,
    [filter.state ?? null, filter.currency ?? null, filter.before ?? null, filter.limit],
  );
  return rows;
}

/** @throws AppError `not_found` */
export async function getPayoutBatch(db: Queryable, id: string): Promise<PayoutBatch> {
  const { rows } = await db.query<PayoutBatch>(`${BATCH} where b.id = $1`, [id]);
  if (rows[0]) return rows[0];
  throw new AppError('not_found', 'payout_not_found', `there is no batch of payouts ${id}`);
}

/** A batch that nobody else changes until the transaction is over, nor any of its items. @throws AppError `not_found` */
export async function lockPayoutBatch(tx: Queryable, id: string): Promise<PayoutBatch> {
  await tx.query('select 1 from payout_batches where id = $1 for update', [id]);
  return getPayoutBatch(tx, id);
}

/** The items of a batch, by account. */
export async function itemsOfBatch(db: Queryable, batchId: string): Promise<PayoutItem[]> {
  const { rows } = await db.query<PayoutItem>(`${ITEM} where i.batch_id = $1 order by i.account_id`, [
    batchId,
  ]);
  return rows;
}

/** What accounts were and are to be paid, newest first. */
export async function listPayoutItems(
  db: Queryable,
  filter: {
    readonly accountId?: string | undefined;
    readonly state?: ItemState | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  },
): Promise<PayoutItem[]> {
  const { rows } = await db.query<PayoutItem>(
    `${ITEM} where ($1::text is null or i.account_id = $1) and ($2::text is null or i.state = $2)
       and ($3::bigint is null or i.seq < $3)
     order by i.seq desc limit $4`,
    [filter.accountId ?? null, filter.state ?? null, filter.before ?? null, filter.limit],
  );
  return rows;
}
