import { AppError } from '../../domain';
import type { ListedRow, ListedTable, ListQuery, Queryable } from '../../storage';
import { listRows } from '../../storage';
import type { PayoutBatch, PayoutItem } from './payout';

const BATCH_COLUMNS = `b.id, b.seq, b.currency, b.up_to as "upTo", b.state, b.prepared_key as "preparedKey",
    b.prepared_by as "preparedBy", b.prepared_at as "preparedAt", b.approved_key as "approvedKey",
    b.approved_by as "approvedBy", b.approved_at as "approvedAt", b.closed_by as "closedBy", b.closed_at as "closedAt",
    b.version, i.total, i.paid, i.items, i.open_items as "openItems"`;
const BATCHES = `payout_batches b cross join lateral (
    select coalesce(sum(amount), 0) as total, coalesce(sum(amount) filter (where state = 'paid'), 0) as paid,
      count(*)::integer as items, (count(*) filter (where state = 'open'))::integer as open_items
    from payout_items where batch_id = b.id) i`;
const BATCH = `select ${BATCH_COLUMNS} from ${BATCHES}`;

const ITEM_COLUMNS = `i.id, i.seq, i.batch_id as "batchId", i.account_id as "accountId", a.name as "accountName",
    i.currency, i.amount, i.method, i.state, i.reference, i.failure, i.transaction_id as "transactionId",
    i.closed_by as "closedBy", i.closed_at as "closedAt"`;
const ITEMS = 'payout_items i join accounts a on a.id = i.account_id';
const ITEM = `select ${ITEM_COLUMNS} from ${ITEMS}`;

const LISTED_BATCHES: ListedTable = {
  select: BATCH_COLUMNS,
  from: BATCHES,
  columns: {
    state: { column: 'b.state', kind: 'text' },
    currency: { column: 'b.currency', kind: 'text' },
    upTo: { column: 'b.up_to', kind: 'instant' },
    preparedAt: { column: 'b.prepared_at', kind: 'instant' },
  },
  tie: { column: 'b.seq', kind: 'number', descending: true },
};

/** Batches, newest first where no order is asked for. */
export function listPayoutBatches(db: Queryable, query: ListQuery): Promise<ListedRow<PayoutBatch>[]> {
  return listRows(db, LISTED_BATCHES, query);
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

const LISTED_ITEMS: ListedTable = {
  select: ITEM_COLUMNS,
  from: ITEMS,
  columns: {
    accountId: { column: 'i.account_id', kind: 'text' },
    batchId: { column: 'i.batch_id', kind: 'text' },
    currency: { column: 'i.currency', kind: 'text' },
    state: { column: 'i.state', kind: 'text' },
    amountMicros: { column: 'i.amount', kind: 'number' },
    closedAt: { column: 'i.closed_at', kind: 'instant' },
  },
  tie: { column: 'i.seq', kind: 'number', descending: true },
};

/** What accounts were and are to be paid, newest first where no order is asked for. */
export function listPayoutItems(db: Queryable, query: ListQuery): Promise<ListedRow<PayoutItem>[]> {
  return listRows(db, LISTED_ITEMS, query);
}
