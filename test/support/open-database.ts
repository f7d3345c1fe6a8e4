import type { DatabaseOptions } from '../../src/storage';
import { Database } from '../../src/storage';

/** A pool as the switch has it, smaller. */
export function openDatabase(url: string, more: Partial<DatabaseOptions> = {}): Database {
  return new Database({ url, poolSize: 6, statementTimeoutMs: 5_000, connectTimeoutMs: 2_000, ...more });
}
