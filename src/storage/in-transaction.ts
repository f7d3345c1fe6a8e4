import type { Queryable } from './database';
import { Database } from './database';

/** Runs work in one transaction: the one that there is, or one of its own. */
export function inTransaction<T>(db: Queryable, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return db instanceof Database ? db.transaction(work) : work(db);
}
