import type { Queryable } from '../database';
import type { PeriodicOptions } from '../periodic-job';
import { RecurringWork } from '../recurring-work';
import type { AuditAnchor } from './verify-audit';
import { headOfAudit } from './verify-audit';

const MOST_AT_ONCE = 1_000;
const EVERY_MS = 5_000;
const HEAD_EVERY_MS = 3_600_000;

export interface AuditSealerOptions extends Partial<PeriodicOptions> {
  /** Milliseconds. */
  readonly now: () => number;
  /** Told the newest block, at most once an hour: to be kept where nobody who can change the log can change it. */
  readonly onHead: (head: AuditAnchor) => void;
}

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
  readonly #options: AuditSealerOptions;
  #toldAt = -Infinity;

  constructor(db: Queryable, options: AuditSealerOptions) {
    super({ everyMs: EVERY_MS, ...options });
    this.#db = db;
    this.#options = options;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    let sealed: number;
    let any = false;
    do {
      sealed = await sealAudit(this.#db);
      any ||= sealed > 0;
    } while (!stopped() && sealed === MOST_AT_ONCE);
    if (any) await this.#tellHead();
  }

  async #tellHead(): Promise<void> {
    const now = this.#options.now();
    if (now - this.#toldAt < HEAD_EVERY_MS) return;
    const head = await headOfAudit(this.#db);
    if (!head) return;
    this.#toldAt = now;
    this.#options.onHead(head);
  }
}
