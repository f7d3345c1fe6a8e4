import { asError } from '../../domain';
import type { Database } from '../../storage';
import { RecurringWork } from '../../storage';
import { performCalls, runCallsReconciliation } from './run-calls';
import { performCarrier } from './reconcile-carrier';
import type { FinishedRun } from './runs';
import { claimRun } from './runs';

export interface ReconciliationJobOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds from one look to the next. */
  readonly everyMs?: number;
  readonly onDone?: (run: FinishedRun) => void;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 15_000;
const DAY_MS = 86_400_000;
/** After midnight (UTC), for the calls of the day to be settled. */
const AFTER_MS = 2 * 3_600_000;

/**
 * Reconciles the calls of each day (UTC) when it is over, and what people ask for. Any number of workers may run
 * it: each reconciliation is carried out by one of them.
 */
export class ReconciliationJob extends RecurringWork {
  readonly #database: Database;
  readonly #options: ReconciliationJobOptions;

  constructor(database: Database, options: ReconciliationJobOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /** Carries out what waits, and the last day that is over unless somebody has. */
  async run(stopped: () => boolean = () => false): Promise<void> {
    await this.#runWaiting(stopped);
    if (!stopped()) await this.#runDaily(stopped);
  }

  async #runWaiting(stopped: () => boolean): Promise<void> {
    const { now, onDone, onError } = this.#options;
    while (!stopped()) {
      const begun = await claimRun(this.#database);
      if (!begun) return;
      try {
        const options = { now: now(), stopped };
        const performed =
          begun.kind === 'calls'
            ? performCalls(this.#database, begun, options)
            : performCarrier(this.#database, begun);
        onDone?.(await performed);
      } catch (error) {
        // It is noted with the run: the next one has its turn.
        onError?.(asError(error));
      }
    }
  }

  async #runDaily(stopped: () => boolean): Promise<void> {
    const now = this.#options.now();
    const to = Math.floor((now - AFTER_MS) / DAY_MS) * DAY_MS;
    const period = { from: to - DAY_MS, to };
    const { rowCount } = await this.#database.query(
      `select 1 from reconciliations where kind = 'calls' and requested_by is null and state = 'done'
         and from_at = to_timestamp($1::bigint / 1000.0) and to_at = to_timestamp($2::bigint / 1000.0)`,
      [period.from, period.to],
    );
    if (rowCount !== 0) return;
    const run = await runCallsReconciliation(this.#database, {
      period,
      requestedBy: undefined,
      now,
      stopped,
    });
    if (run) this.#options.onDone?.(run);
  }
}
