import { randomUUID } from 'node:crypto';
import type { Micros } from '../../domain';
import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import type { LedgerTransaction } from '../ledger/ledger';
import { postTransaction } from '../ledger/ledger';
import type { Adjustment, NewAdjustment } from './adjustment';
import { COLUMNS, findByReference, getAdjustment } from './adjustment-rows';
import { assertEarned } from './earnings';
import type { PlannedAdjustment } from './plan-adjustment';
import { endsOf, planAdjustment, transactionOf } from './plan-adjustment';

export interface AdjustmentRules {
  /** Micro-units that one person may move alone; more waits for another one. */
  readonly mostAlone: Micros;
}

/** Adjustments that may wait for a second person. */
const MAX_PREPARED = 1_000;

const PREPARE = {
  name: 'adjustment-prepare',
  text: `insert into adjustments (id, kind, reference, from_account, from_purpose, to_account, to_purpose, reverses_id,
      currency, amount, reason, state, prepared_key, prepared_by)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'prepared', $12, $13
    where (select count(*) from adjustments where state = 'prepared') < $14
    on conflict do nothing returning ${COLUMNS}`,
};
const POST = {
  name: 'adjustment-post',
  text: `update adjustments set state = 'posted', transaction_id = $2, resolved_key = $3, resolved_by = $4,
      resolved_at = case when $3::text is null then null else now() end, note = $5
    where id = $1 returning ${COLUMNS}`,
};

/**
 * Moves money by hand, or prepares it for a second person where it is more than one may move alone. The same
 * reference again is the same adjustment, and nothing is posted.
 *
 * @throws AppError `conflict` when the reference came with something else, or a transaction was taken back
 * before; `unprocessable` with the place for anything that cannot be
 */
export function adjust(
  db: Queryable,
  wish: NewAdjustment,
  { mostAlone }: AdjustmentRules,
): Promise<{ readonly adjustment: Adjustment; readonly isNew: boolean }> {
  return inTransaction(db, async (tx) => {
    const before = await findByReference(tx, wish.reference);
    if (before) return { adjustment: sameAs(before, wish), isNew: false };
    const plan = await planAdjustment(tx, wish);
    const prepared = await prepare(tx, wish, plan);
    if (!prepared.isNew) return prepared;
    // Looked at when it is prepared as well: a second person is not asked for what cannot be.
    const { adjustment } = prepared;
    const transaction = await earnedTransaction(tx, adjustment);
    if (adjustment.amount > mostAlone) return prepared;
    return { adjustment: await post(tx, adjustment, transaction), isNew: true };
  });
}

/**
 * A second person agrees: the money moves.
 * @throws AppError `not_found`; `conflict` when it does not wait any more; `forbidden` for the key that
 * prepared it; `unprocessable` when it cannot be any more
 */
export function approveAdjustment(db: Queryable, id: string, by: Actor, note?: string): Promise<Adjustment> {
  return inTransaction(db, async (tx) => {
    const adjustment = await lockPrepared(tx, id);
    if (adjustment.preparedKey === by.keyId) {
      throw new AppError(
        'forbidden',
        'second_person_needed',
        'whoever prepared an adjustment does not approve it: another API key must',
      );
    }
    return post(tx, adjustment, await earnedTransaction(tx, adjustment), by, note);
  });
}

/** The money stays where it is. @throws AppError `not_found`; `conflict` when it does not wait any more */
export function rejectAdjustment(db: Queryable, id: string, by: Actor, note?: string): Promise<Adjustment> {
  return inTransaction(db, async (tx) => {
    await lockPrepared(tx, id);
    const { rows } = await tx.query<Adjustment>(
      `update adjustments set state = 'rejected', resolved_key = $2, resolved_by = $3, resolved_at = now(), note = $4
       where id = $1 returning ${COLUMNS}`,
      [id, by.keyId, by.accountId, note ?? null],
    );
    return rows[0] as Adjustment;
  });
}

async function prepare(
  tx: Queryable,
  wish: NewAdjustment,
  { ends, reversesId, currency, amount }: PlannedAdjustment,
): Promise<{ readonly adjustment: Adjustment; readonly isNew: boolean }> {
  const { rows } = await tx.query<Adjustment>({
    ...PREPARE,
    values: [
      randomUUID(),
      wish.kind,
      wish.reference,
      ends?.from.accountId ?? null,
      ends?.from.purpose ?? null,
      ends?.to.accountId ?? null,
      ends?.to.purpose ?? null,
      reversesId ?? null,
      currency,
      amount,
      wish.reason,
      wish.by.keyId,
      wish.by.accountId,
      MAX_PREPARED,
    ],
  });
  const [adjustment] = rows;
  if (adjustment) return { adjustment, isNew: true };
  // Somebody else was faster, or there is no room.
  const known = await findByReference(tx, wish.reference);
  if (known) return { adjustment: sameAs(known, wish), isNew: false };
  if (reversesId !== undefined && (await isBeingReversed(tx, reversesId))) {
    throw new AppError(
      'conflict',
      'already_reversed',
      `somebody else takes transaction ${reversesId} back already`,
    );
  }
  throw new AppError(
    'unprocessable',
    'too_many_prepared',
    `${MAX_PREPARED} adjustments wait for a second person: see to those first`,
  );
}

async function isBeingReversed(tx: Queryable, reversesId: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `select 1 from adjustments where reverses_id = $1 and state <> 'rejected'`,
    [reversesId],
  );
  return rowCount !== 0;
}

/** What the ledger is to take. @throws AppError `unprocessable` when it would take back more than was earned */
async function earnedTransaction(tx: Queryable, adjustment: Adjustment): Promise<LedgerTransaction> {
  const transaction = await transactionOf(tx, adjustment);
  await assertEarned(tx, transaction.postings);
  return transaction;
}

async function post(
  tx: Queryable,
  adjustment: Adjustment,
  transaction: LedgerTransaction,
  by?: Actor,
  note?: string,
): Promise<Adjustment> {
  const transactionId = await postTransaction(tx, transaction);
  if (transactionId === undefined) {
    throw new Error(`${transaction.idempotencyKey} was posted before, and no adjustment says so`);
  }
  const { rows } = await tx.query<Adjustment>({
    ...POST,
    values: [adjustment.id, transactionId, by?.keyId ?? null, by?.accountId ?? null, note ?? null],
  });
  return rows[0] as Adjustment;
}

async function lockPrepared(
  tx: Queryable,
  id: string,
): Promise<Adjustment & { readonly preparedKey: string }> {
  const { rows } = await tx.query<Adjustment & { preparedKey: string }>(
    `select ${COLUMNS}, prepared_key as "preparedKey" from adjustments where id = $1 for no key update`,
    [id],
  );
  const adjustment = rows[0] ?? (await getAdjustment(tx, id));
  if (adjustment.state === 'prepared') return adjustment as Adjustment & { preparedKey: string };
  throw new AppError(
    'conflict',
    'adjustment_resolved',
    `adjustment ${id} is ${adjustment.state}: it waits for nobody`,
  );
}

function sameAs(known: Adjustment, wish: NewAdjustment): Adjustment {
  const same =
    known.kind === wish.kind &&
    (wish.kind === 'reversal'
      ? known.reversesId === wish.transactionId
      : known.amount === wish.amount && known.currency === wish.currency && hasEnds(known, wish));
  if (same) return known;
  throw new AppError('conflict', 'reference_taken', `${wish.reference} was another adjustment`, {
    errors: [{ pointer: '/reference', message: 'came with another adjustment before' }],
  });
}

function hasEnds(known: Adjustment, wish: Exclude<NewAdjustment, { kind: 'reversal' }>): boolean {
  const { from, to } = endsOf(wish);
  return (
    known.fromAccount === from.accountId &&
    known.fromPurpose === from.purpose &&
    known.toAccount === to.accountId &&
    known.toPurpose === to.purpose
  );
}
