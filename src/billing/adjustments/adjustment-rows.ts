import { notFound } from '../../domain';
import type { Queryable } from '../../storage';
import type { Adjustment, AdjustmentKind, AdjustmentState } from './adjustment';

export const COLUMNS = `seq, id, kind, reference, from_account as "fromAccount", from_purpose as "fromPurpose",
  to_account as "toAccount", to_purpose as "toPurpose", reverses_id as "reversesId", currency, amount, reason, state,
  prepared_by as "preparedBy", prepared_at as "preparedAt", resolved_by as "resolvedBy", resolved_at as "resolvedAt",
  note, transaction_id as "transactionId"`;

export interface AdjustmentFilter {
  readonly state?: AdjustmentState | undefined;
  readonly kind?: AdjustmentKind | undefined;
  /** At either end. */
  readonly accountId?: string | undefined;
  /** Number of the last one of the page before. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Adjustments, newest first. */
export async function listAdjustments(db: Queryable, filter: AdjustmentFilter): Promise<Adjustment[]> {
  const { state, kind, accountId, before, limit } = filter;
  const { rows } = await db.query<Adjustment>(
    `select ${COLUMNS} from adjustments
     where ($1::text is null or state = $1) and ($2::text is null or kind = $2)
       and ($3::text is null or $3 in (from_account, to_account)) and ($4::bigint is null or seq < $4)
     order by seq desc limit $5`,
    [state ?? null, kind ?? null, accountId ?? null, before ?? null, limit],
  );
  return rows;
}

/** @throws AppError `not_found` */
export async function getAdjustment(db: Queryable, id: string): Promise<Adjustment> {
  const { rows } = await db.query<Adjustment>(`select ${COLUMNS} from adjustments where id = $1`, [id]);
  const [found] = rows;
  if (found) return found;
  throw notFound('adjustment', id);
}

/** By the name that whoever asked for it gave it. */
export async function findByReference(db: Queryable, reference: string): Promise<Adjustment | undefined> {
  const { rows } = await db.query<Adjustment>(`select ${COLUMNS} from adjustments where reference = $1`, [
    reference,
  ]);
  return rows[0];
}
