import type { Queryable } from '../database';
import { isUnavailable } from '../unavailable';
import type { AuditEntry } from './audit-entry';
import { RefusalLimits } from './refusal-limits';

/** Entries that wait for a database that is away. */
const MAX_WAITING = 1_000;
const RETRY_MS = 1_000;
/** What was not written one by one is summed up so long after the first of it. */
const SUM_UP_MS = 60_000;

const RECORD = {
  name: 'record-audit-entry',
  text: `insert into audit_entries (actor_kind, actor_id, account_id, role, session_id, action, subject_kind,
      subject_id, status, request_id, address, changes, reason)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
};

/**
 * Writes an entry, with whatever else the transaction does.
 * @param db - a transaction, where the entry is to stand or fall with what it tells of
 */
export async function recordAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query({ ...RECORD, values: valuesOf(entry) });
}

export interface AuditTrailOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Told of entries that could not be written: they are lost, and belong into the log. */
  readonly onLost: (entry: AuditEntry, error: Error) => void;
  /** Milliseconds after which refusals are summed up that were not written one by one; a minute by default. */
  readonly sumUpMs?: number;
}

/**
 * The audit log, for what has no transaction of its own: what was refused, and what was done to calls that are up.
 * Nobody waits for the database here. While it is away a bounded number of entries wait for it.
 */
export class AuditTrail {
  readonly #db: Queryable;
  readonly #options: AuditTrailOptions;
  readonly #refusals: RefusalLimits;
  readonly #waiting: AuditEntry[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sumUp: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(db: Queryable, options: AuditTrailOptions) {
    this.#db = db;
    this.#options = options;
    this.#refusals = new RefusalLimits(options.now);
  }

  /** Entries that wait to be written. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Writes it soon. */
  record(entry: AuditEntry): void {
    if (this.#closed || this.#waiting.length >= MAX_WAITING) {
      this.#options.onLost(entry, new Error('too many entries wait'));
      return;
    }
    this.#waiting.push(entry);
    this.#begin();
  }

  /**
   * The same for what anybody can cause, a refusal above all: of one caller and address ten a minute are written,
   * and of more their number, a minute later.
   */
  refused(entry: AuditEntry): void {
    if (this.#refusals.take(entry)) this.record(entry);
    else if (!this.#closed) {
      this.#sumUp ??= setTimeout(() => this.#sum(), this.#options.sumUpMs ?? SUM_UP_MS).unref();
    }
  }

  /** Writes what waits, if the database is there. */
  async close(): Promise<void> {
    this.#sum();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    if (this.#waiting.length > 0) await this.#write();
    for (const entry of this.#waiting.splice(0))
      this.#options.onLost(entry, new Error('the database is away'));
  }

  #sum(): void {
    clearTimeout(this.#sumUp);
    this.#sumUp = undefined;
    for (const entry of this.#refusals.takeSums()) this.record(entry);
  }

  #begin(): void {
    if (this.#writing || this.#timer) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length === 0 || this.#closed) return;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#begin();
      }, RETRY_MS).unref();
    });
  }

  async #write(): Promise<void> {
    for (let entry = this.#waiting[0]; entry; entry = this.#waiting[0]) {
      try {
        await recordAudit(this.#db, entry);
      } catch (error) {
        // One that cannot be written must not keep the others waiting.
        if (!isUnavailable(error)) {
          this.#waiting.shift();
          this.#options.onLost(entry, error as Error);
          continue;
        }
        return;
      }
      this.#waiting.shift();
    }
  }
}

function valuesOf(entry: AuditEntry): unknown[] {
  const { actor, action, subject, status = 200, requestId, address, changes, reason } = entry;
  return [
    actor.kind,
    clean(actor.id, 200),
    clean(actor.accountId, 200),
    actor.role ?? null,
    clean(actor.sessionId, 200),
    action,
    clean(subject?.kind, 100),
    clean(subject?.id, 300),
    status,
    requestId ?? null,
    clean(address, 64),
    changes === undefined || Object.keys(changes).length === 0 ? null : JSON.stringify(changes),
    clean(reason, 500),
  ];
}

/** PostgreSQL takes neither U+0000 nor halves of surrogate pairs. */
function clean(text: string | undefined, most: number): string | null {
  return text === undefined ? null : text.slice(0, most).replace(/[\0\p{Surrogate}]/gu, '\ufffd');
}
