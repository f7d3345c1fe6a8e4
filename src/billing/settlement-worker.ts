import type { ConnectionOptions, Job } from 'bullmq';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Database } from '../storage';
import type { DeadLetter } from './dead-letters';
import { DeadLetters } from './dead-letters';
import type { SettlementOutcome } from './settle-calls';
import { settleCall } from './settle-calls';
import type { SettlementJob } from './settlement-job';
import { retryDelay, SETTLEMENT_JOB_OPTIONS, SETTLEMENT_QUEUE } from './settlement-job';

export interface SettlementWorkerOptions {
  readonly concurrency: number;
  readonly onSettled?: (callId: string, outcome: SettlementOutcome) => void;
  readonly onDead?: (letter: DeadLetter) => void;
  readonly onError?: (error: Error) => void;
}

/** A worker that says nothing for this long has died, and its jobs are given to others. */
const LOCK_MS = 15_000;
const STALLED_EVERY_MS = 10_000;

/** Settles calls from the queue; any number of workers may do so at once. */
export class SettlementWorker {
  readonly #worker: Worker<SettlementJob>;
  readonly #dead: DeadLetters;
  readonly #options: SettlementWorkerOptions;
  /** Letters being written. */
  readonly #burials = new Set<Promise<void>>();

  constructor(database: Database, redis: Redis, options: SettlementWorkerOptions) {
    this.#options = options;
    this.#dead = new DeadLetters(database);
    this.#worker = new Worker<SettlementJob>(
      SETTLEMENT_QUEUE,
      async (job) => {
        const outcome = await settleCall(database, job.data.callId);
        options.onSettled?.(job.data.callId, outcome);
      },
      {
        connection: redis as unknown as ConnectionOptions,
        concurrency: options.concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_EVERY_MS,
        settings: { backoffStrategy: retryDelay },
      },
    );
    this.#worker.on('error', (error) => options.onError?.(error));
    this.#worker.on('failed', (job, error) => {
      if (!job || job.attemptsMade < SETTLEMENT_JOB_OPTIONS.attempts) return;
      const burial = this.#bury(job, error).finally(() => this.#burials.delete(burial));
      this.#burials.add(burial);
    });
  }

  /** Finishes what is in hand, and stops. */
  async close(): Promise<void> {
    await this.#worker.close();
    await Promise.all(this.#burials);
  }

  /** Never rejects: a letter that cannot be written leaves its call open, to be sent and tried again. */
  async #bury(job: Job<SettlementJob>, error: Error): Promise<void> {
    try {
      const letter = await this.#dead.add(job.data.callId, error.message);
      if (letter) this.#options.onDead?.(letter);
    } catch (failure) {
      this.#options.onError?.(failure instanceof Error ? failure : new Error(String(failure)));
    }
  }
}
