import type { Queryable } from './database';
import { Database } from './database';

/**
 * Runs work in one transaction: the one that there is, or one of its own.
 * @param mode - of its own, as {@link Database.transaction} has it
 */
export function inTransaction<T>(
  db: Queryable,
  work: (tx: Queryable) => Promise<T>,
  mode: 'write' | 'snapshot' = 'write',
): Promise<T> {
  return db instanceof Database ? db.transaction(work, mode) : work(db);
}
