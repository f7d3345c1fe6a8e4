import type { Database } from './database';
import { PeriodicJob } from './periodic-job';
import { pruneBidLog } from './rtb-log';
import { sweepReservations } from './rtb-reservations';

export interface RtbKeeperOptions {
  /** Days that bid requests and reservations are kept. */
  readonly logDays: number;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  readonly onPruned?: (rows: number) => void;
  readonly onError?: (error: Error) => void;
}

const DAY_MS = 86_400_000;
const SWEEP_MS = 10_000;
const PRUNE_MS = 3_600_000;

/** Ends reservations of nodes that died, and lets go of old bid requests. Any number of them may run. */
export class RtbKeeper {
  readonly #jobs: readonly PeriodicJob[];

  constructor(database: Database, options: RtbKeeperOptions) {
    const { logDays, now, onPruned, onError } = options;
    this.#jobs = [
      new PeriodicJob(async () => void (await sweepReservations(database, now())), {
        everyMs: SWEEP_MS,
        onError,
      }),
      new PeriodicJob(
        async (stopped) => {
          const rows = await pruneBidLog(database, now() - logDays * DAY_MS, stopped);
          if (rows > 0) onPruned?.(rows);
        },
        { everyMs: PRUNE_MS, onError },
      ),
    ];
  }

  start(): void {
    for (const job of this.#jobs) job.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#jobs.map((job) => job.close()));
  }
}
