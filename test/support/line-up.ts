import { Client } from 'pg';
import type { TestDatabase } from './test-database';
import { until } from './until';

/**
 * Starts work that writes to a table, and lets it go on only when all of it waits for locks: what any of it
 * read before it wrote, all of it had read.
 */
export async function lineUp<T>(
  database: TestDatabase,
  table: string,
  work: readonly (() => Promise<T>)[],
): Promise<PromiseSettledResult<T>[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query('begin');
    // Others may read, and lock rows.
    await client.query(`lock table ${table} in share mode`);
    const done = Promise.allSettled(work.map((one) => one()));
    await until(`${work.length} wait for locks`, async () => {
      const waiting = await database.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length >= work.length;
    });
    await client.query('commit');
    return await done;
  } finally {
    await client.end();
  }
}
