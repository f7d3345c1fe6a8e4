import type { ConnectionOptions, Job } from 'bullmq';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { asError } from '../../domain';
import type { Database } from '../../storage';
import { isUnavailable } from '../../storage';
import type { DeadLetter } from './dead-letters';
import { DeadLetters } from './dead-letters';
import type { SettlementOutcome } from './settle-calls';
import { settleCall } from './settle-calls';
import type { SettlementJob } from './settlement-job';
import { retryDelay, SETTLEMENT_JOB_OPTIONS, SETTLEMENT_QUEUE } from './settlement-job';

export interface SettlementWorkerOptions {
  /** Calls settled at once. */
  readonly concurrency: number;
  /** Milliseconds without a sign of life after which a worker has died, and its jobs are given to others. */
  readonly lockMs?: number;
  readonly onSettled?: (callId: string, outcome: SettlementOutcome) => void;
  readonly onDead?: (letter: DeadLetter) => void;
  readonly onError?: (error: Error) => void;
}

const LOCK_MS = 15_000;
/** How long Redis may take, once nothing is in hand any more, to let the worker go. */
const FAREWELL_MS = 2_000;

/** Settles calls from the queue; any number of workers may do so at once. */
export class SettlementWorker {
  readonly #worker: Worker<SettlementJob>;
  readonly #redis: Redis;
  readonly #dead: DeadLetters;
  readonly #options: SettlementWorkerOptions;
  /** Calls being settled, and letters being written. */
  readonly #inHand = new Set<Promise<unknown>>();

  constructor(database: Database, redis: Redis, options: SettlementWorkerOptions) {
    const { lockMs = LOCK_MS } = options;
    this.#options = options;
    this.#redis = redis;
    this.#dead = new DeadLetters(database);
    this.#worker = new Worker<SettlementJob>(
      SETTLEMENT_QUEUE,
      async (job) => {
        const outcome = await this.#holding(settleCall(database, job.data.callId));
        options.onSettled?.(job.data.callId, outcome);
      },
      {
        connection: redis as unknown as ConnectionOptions,
        concurrency: options.concurrency,
        lockDuration: lockMs,
        stalledInterval: lockMs,
        settings: { backoffStrategy: retryDelay },
      },
    );
    this.#worker.on('error', (error) => options.onError?.(error));
    this.#worker.on('failed', (job, error) => {
      if (!job || job.attemptsMade < SETTLEMENT_JOB_OPTIONS.attempts) return;
      void this.#holding(this.#bury(job, error));
    });
  }

  /**
   * Finishes what is in hand, and stops. A Redis that is away is not waited for: it will take the jobs
   * for unfinished and give them to others, for whom nothing is left to be done.
   */
  async close(): Promise<void> {
    const away = this.#redis.status !== 'ready';
    // Forced, it lets go of its own connection and timers without asking Redis.
    if (away) await this.#settled();
    const closed = this.#worker.close(away);
    let timer: NodeJS.Timeout | undefined;
    const farewell = async (): Promise<void> => {
      await this.#settled();
      await new Promise((resolve) => (timer = setTimeout(resolve, FAREWELL_MS)));
    };
    await Promise.race([closed, farewell()]);
    clearTimeout(timer);
    await this.#settled();
  }

  async #settled(): Promise<void> {
    while (this.#inHand.size > 0) await Promise.allSettled(this.#inHand);
  }

  async #holding<T>(work: Promise<T>): Promise<T> {
    this.#inHand.add(work);
    try {
      return await work;
    } finally {
      this.#inHand.delete(work);
    }
  }

  /**
   * Never rejects. While the database is away nobody can do anything about a call: it stays open, to be
   * sent and tried again.
   */
  async #bury(job: Job<SettlementJob>, error: Error): Promise<void> {
    if (isUnavailable(error)) {
      this.#options.onError?.(error);
      return;
    }
    try {
      const letter = await this.#dead.add(job.data.callId, error.message);
      if (letter) this.#options.onDead?.(letter);
    } catch (failure) {
      this.#options.onError?.(asError(failure));
    }
  }
}
