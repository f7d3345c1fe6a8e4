import type { Database } from '../../src/storage';
import type { TestDatabase } from './test-database';

/**
 * Rows of these tables that were read so far, by scans and by indexes.
 *
 * @param db - the pool whose reading counts, of one connection: it tells what it has read before
 */
export async function rowsReadOf(
  own: TestDatabase,
  db: Database,
  tables: readonly string[],
): Promise<number> {
  await db.query('select pg_stat_force_next_flush()');
  const [row] = await own.query<{ rows: string }>(
    `select sum(s.seq_tup_read + coalesce(i.read, 0)) as rows from pg_stat_user_tables s
     left join (select relid, sum(idx_tup_read) as read from pg_stat_user_indexes group by relid) i using (relid)
     where s.relname = any($1)`,
    [tables],
  );
  return Number(row?.rows);
}
