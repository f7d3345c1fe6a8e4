import type { Queryable } from '../../storage';

/** How long an account may dispute its calls. */
export interface DisputeWindow {
  readonly accountId: string;
  /** From the settlement of a call; 0 = never. */
  readonly days: number;
  readonly updatedBy: string;
  readonly updatedAt: Date;
}

const COLUMNS = `account_id as "accountId", days, updated_by as "updatedBy", updated_at as "updatedAt"`;

/** Accounts with a window of their own, by id. */
export async function listDisputeWindows(
  db: Queryable,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<DisputeWindow[]> {
  const { rows } = await db.query<DisputeWindow>(
    `select ${COLUMNS} from dispute_windows where $1::text is null or account_id > $1 order by account_id limit $2`,
    [after ?? null, limit],
  );
  return rows;
}

/**
 * Gives an account a window of its own; calls that were settled before are measured by it as well.
 * @returns undefined when there is no such account
 */
export async function setDisputeWindow(
  db: Queryable,
  accountId: string,
  days: number,
  by: string,
): Promise<DisputeWindow | undefined> {
  const { rows } = await db.query<DisputeWindow>(
    `insert into dispute_windows (account_id, days, updated_by)
     select id, $2, $3 from accounts where id = $1
     on conflict (account_id) do update set days = excluded.days, updated_by = excluded.updated_by, updated_at = now()
     returning ${COLUMNS}`,
    [accountId, days, by],
  );
  return rows[0];
}

/** Days in which an account may dispute a call. */
export async function disputeDaysOf(db: Queryable, accountId: string, usual: number): Promise<number> {
  const { rows } = await db.query<{ days: number }>({
    name: 'dispute-window',
    text: 'select days from dispute_windows where account_id = $1',
    values: [accountId],
  });
  return rows[0]?.days ?? usual;
}
