import type { Queryable } from './database';
import { Database } from './database';
import { TenantDatabase } from './tenancy/tenant-database';

/**
 * Runs work in one transaction: the one that there is, or one of its own.
 * @param mode - of its own, as {@link Database.transaction} has it
 */
export function inTransaction<T>(
  db: Queryable,
  work: (tx: Queryable) => Promise<T>,
  mode: 'write' | 'snapshot' = 'write',
): Promise<T> {
  return db instanceof Database || db instanceof TenantDatabase ? db.transaction(work, mode) : work(db);
}

/** Tries after rivalry, at once. */
const MAX_RIVALRIES = 5;

/**
 * Runs work in a transaction of its own, and the same again after one that rivals were in the way of: five
 * times more at most.
 * @param isRivalry - whether an error is of rivals, so that the same works at once
 * @throws the error of the last one
 */
export async function transactionDespiteRivals<T>(
  database: Database,
  work: (tx: Queryable) => Promise<T>,
  isRivalry: (error: unknown) => boolean,
): Promise<T> {
  for (let rivalries = 0; ; rivalries++) {
    try {
      return await database.transaction(work);
    } catch (error) {
      if (rivalries >= MAX_RIVALRIES || !isRivalry(error)) throw error;
    }
  }
}
