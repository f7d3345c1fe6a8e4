import type { Database } from '../../storage';
import { PeriodicJob } from '../../storage';
import type { FinishedRun } from './run-calls';
import { runCallsReconciliation } from './run-calls';

export interface ReconciliationJobOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds from one look to the next. */
  readonly everyMs?: number;
  readonly onDone?: (run: FinishedRun) => void;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 600_000;
const DAY_MS = 86_400_000;
/** After midnight (UTC), for the calls of the day to be settled. */
const AFTER_MS = 2 * 3_600_000;

/** Reconciles the calls of each day (UTC) when it is over. Any number of workers may run it: one of them does. */
export class ReconciliationJob {
  readonly #database: Database;
  readonly #options: ReconciliationJobOptions;
  readonly #job: PeriodicJob;

  constructor(database: Database, options: ReconciliationJobOptions) {
    this.#database = database;
    this.#options = options;
    const { everyMs = EVERY_MS, onError } = options;
    this.#job = new PeriodicJob((stopped) => this.run(stopped), { everyMs, ...(onError && { onError }) });
  }

  start(): void {
    this.#job.start();
  }

  close(): Promise<void> {
    return this.#job.close();
  }

  /** Looks at the last day that is over, unless somebody has. */
  async run(stopped: () => boolean = () => false): Promise<void> {
    const now = this.#options.now();
    const to = Math.floor((now - AFTER_MS) / DAY_MS) * DAY_MS;
    const run = await runCallsReconciliation(this.#database, {
      period: { from: to - DAY_MS, to },
      requestedBy: undefined,
      now,
      stopped,
    });
    if (run) this.#options.onDone?.(run);
  }
}
