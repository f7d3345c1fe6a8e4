import type { Queryable } from '../database';
import type { PeriodicOptions } from '../periodic-job';
import { RecurringWork } from '../recurring-work';

const MOST_AT_ONCE = 1_000;
const EVERY_MS = 5_000;

/** Makes a block of entries that wait. @returns how many there were */
export async function sealAudit(db: Queryable, most = MOST_AT_ONCE): Promise<number> {
  const { rows } = await db.query<{ sealed: number }>({
    name: 'seal-audit',
    text: 'select seal_audit($1) as sealed',
    values: [most],
  });
  return rows[0]?.sealed ?? 0;
}

/** Seals the audit log again and again; any number of processes may. */
export class AuditSealer extends RecurringWork {
  readonly #db: Queryable;

  constructor(db: Queryable, options: Partial<PeriodicOptions> = {}) {
    super({ everyMs: EVERY_MS, ...options });
    this.#db = db;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    while (!stopped() && (await sealAudit(this.#db)) === MOST_AT_ONCE);
  }
}
