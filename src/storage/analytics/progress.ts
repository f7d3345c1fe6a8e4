import type { Queryable } from '../database';

/** How far facts have been made. */
export interface AnalyticsProgress {
  /** Of the outbox: every event up to it has been heeded. */
  readonly position: number;
  /** Calls before this one have no facts yet, as UTC epoch milliseconds and id; null once all have. */
  readonly backfillAt: number | null;
  readonly backfillId: string | null;
  /** Sums of days that do not begin at midnight of UTC are whole from it on, as UTC epoch milliseconds; null: all are. */
  readonly daysAt: number | null;
}

const COLUMNS = 'position, backfill_at as "backfillAt", backfill_id as "backfillId", days_at as "daysAt"';

export async function readProgress(db: Queryable): Promise<AnalyticsProgress> {
  const { rows } = await db.query<AnalyticsProgress>({
    name: 'analytics-progress',
    text: `select ${COLUMNS} from analytics_progress`,
  });
  const [progress] = rows;
  if (!progress) throw new Error('analytics_progress has no row');
  return progress;
}

/**
 * Nobody else makes facts until the transaction ends.
 * @param wait - for whoever is at it
 * @returns undefined when somebody else is, and is not to be waited for
 */
export async function claimProgress(tx: Queryable, wait = false): Promise<AnalyticsProgress | undefined> {
  const { rows } = await tx.query<AnalyticsProgress>({
    name: wait ? 'analytics-claim-wait' : 'analytics-claim',
    text: `select ${COLUMNS} from analytics_progress for update${wait ? '' : ' skip locked'}`,
  });
  return rows[0];
}

export async function noteProgress(tx: Queryable, progress: AnalyticsProgress): Promise<void> {
  await tx.query({
    name: 'analytics-note',
    text: 'update analytics_progress set position = $1, backfill_at = $2, backfill_id = $3, days_at = $4',
    values: [progress.position, progress.backfillAt, progress.backfillId, progress.daysAt],
  });
}

/** Has the facts of every call made anew, the newest first; those there are stay until then. */
export async function beginBackfill(db: Queryable): Promise<void> {
  await db.query(`update analytics_progress set backfill_at = default, backfill_id = default`);
}

/** The next calls of the walk back through time. */
export async function callsBefore(
  db: Queryable,
  at: number,
  id: string,
  limit: number,
): Promise<{ readonly callId: string; readonly receivedAt: number; readonly ended: boolean }[]> {
  const { rows } = await db.query<{ callId: string; receivedAt: number; ended: boolean }>({
    name: 'analytics-backfill',
    text: `select id as "callId", received_at as "receivedAt", ended_at is not null as ended
      from calls where (received_at, id) < ($1, $2) order by received_at desc, id desc limit $3`,
    values: [at, id, limit],
  });
  return rows;
}
