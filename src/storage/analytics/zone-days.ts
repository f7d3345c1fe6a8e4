import type { Queryable } from '../database';
import { CUBES, DAY_MS, OF_ZONE_DAY, SUM_LIST, SUM_PLACE, zoneDaysOf } from './cubes';

/**
 * Makes the sums of days that do not begin at midnight of UTC, of one day more into the past. To be run in a transaction
 * that has claimed the work: what came in for these days meanwhile is in what they are made of.
 * @param daysAt - since when there are such sums: midnight of UTC, or later than anything
 * @returns since when there are now; null once there is nothing before
 */
export async function fillZoneDays(tx: Queryable, daysAt: number): Promise<number | null> {
  // A day that begins before `daysAt` may last until a day after it.
  const { rows } = await tx.query<{ newest: number | null }>(
    `select max(start_at) as newest from analytics_sums where cube = 'total' and grain = 60 and start_at < $1`,
    [daysAt + DAY_MS],
  );
  const newest = rows[0]?.newest ?? null;
  if (newest === null) return null;
  const from = Math.min(newest - (newest % DAY_MS), daysAt - DAY_MS);
  await tx.query(
    `delete from analytics_sums where cube = any($1) and ${OF_ZONE_DAY} and start_at >= $2 and start_at < $3`,
    [CUBES, from, from + DAY_MS],
  );
  await tx.query(`insert into analytics_sums (${SUM_PLACE}, ${SUM_LIST}) ${zoneDaysOf(from)}`);
  return from;
}
