import { asError } from '../../domain';
import type { Database } from '../database';
import { PeriodicJob } from '../periodic-job';
import type { ErasureRules } from './erase-subject';
import { runNextRequest } from './requests';
import type { RetentionPolicy, RetentionReport } from './retention';
import { applyRetention } from './retention';
import type { Vault } from './vault';

export interface PrivacyJobOptions extends RetentionPolicy {
  /** @param now - UTC epoch milliseconds */
  readonly erasure: (now: number) => ErasureRules;
  /** Milliseconds between looks for requests of persons. */
  readonly requestsEveryMs?: number;
  /** Milliseconds between runs of retention; 0 = it is run by hand. */
  readonly retentionEveryMs: number;
  /** UTC epoch milliseconds. */
  readonly now?: () => number;
  /** A request was carried out. */
  readonly onRequest?: (id: string) => void;
  readonly onRetention?: (report: RetentionReport) => void;
  readonly onError?: (error: Error) => void;
}

const REQUESTS_EVERY_MS = 10_000;

/** Carries out requests of persons and retention, from time to time; any number of nodes may do so. */
export class PrivacyJob {
  readonly #jobs: readonly PeriodicJob[];

  constructor(database: Database, vault: Vault, options: PrivacyJobOptions) {
    const { now = Date.now, requestsEveryMs = REQUESTS_EVERY_MS, retentionEveryMs, onError } = options;
    const requests = new PeriodicJob(
      async (stopped) => {
        while (!stopped()) {
          try {
            const id = await runNextRequest(database, vault, options.erasure(now()));
            if (id === undefined) return;
            options.onRequest?.(id);
          } catch (error) {
            // The next in line is not to wait for one that fails; it waits itself until the next look.
            onError?.(asError(error));
            return;
          }
        }
      },
      { everyMs: requestsEveryMs, onError },
    );
    const retention = new PeriodicJob(
      async (stopped) => {
        const report = await applyRetention(database, vault, options, now(), { stopped });
        options.onRetention?.(report);
      },
      { everyMs: retentionEveryMs, onError },
    );
    this.#jobs = retentionEveryMs > 0 ? [requests, retention] : [requests];
  }

  start(): void {
    for (const job of this.#jobs) job.start();
  }

  /** Resolves when nothing of it is under way any more. */
  async close(): Promise<void> {
    await Promise.all(this.#jobs.map((job) => job.close()));
  }
}
