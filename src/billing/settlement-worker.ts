import type { ConnectionOptions, Job } from 'bullmq';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Database } from '../storage';
import type { SettlementJob } from './settlement-queue';
import { DEAD_LETTER_QUEUE, RETRY_DELAYS_MS, SETTLEMENT_QUEUE } from './settlement-queue';
import type { SettlementOutcome } from './settle-calls';
import { settleCall } from './settle-calls';

/** A job that no retry helped, with why. */
export interface DeadLetter {
  readonly callId: string;
  readonly reason: string;
  /** UTC epoch milliseconds. */
  readonly diedAt: number;
}

export interface SettlementWorkerOptions {
  readonly concurrency: number;
  readonly onSettled?: (callId: string, outcome: SettlementOutcome) => void;
  readonly onDead?: (letter: DeadLetter) => void;
  readonly onError?: (error: Error) => void;
}

/** Settles calls from the queue; any number of workers may do so at once. */
export class SettlementWorker {
  readonly #worker: Worker<SettlementJob>;
  readonly #dead: DeadLetters;
  readonly #options: SettlementWorkerOptions;

  constructor(database: Database, redis: Redis, options: SettlementWorkerOptions) {
    this.#options = options;
    this.#dead = new DeadLetters(redis);
    this.#worker = new Worker<SettlementJob>(
      SETTLEMENT_QUEUE,
      async (job) => {
        const outcome = await settleCall(database, job.data.callId);
        options.onSettled?.(job.data.callId, outcome);
        return outcome;
      },
      {
        connection: redis as unknown as ConnectionOptions,
        concurrency: options.concurrency,
        settings: { backoffStrategy: (attempt) => RETRY_DELAYS_MS[attempt - 1] ?? RETRY_DELAYS_MS[3] },
      },
    );
    this.#worker.on('error', (error) => options.onError?.(error));
    this.#worker.on('failed', (job, error) => {
      if (job && job.attemptsMade >= (job.opts.attempts ?? 1)) void this.#bury(job, error);
    });
  }

  /** Finishes what is in hand, and stops. */
  async close(): Promise<void> {
    await this.#worker.close();
    await this.#dead.close();
  }

  async #bury(job: Job<SettlementJob>, error: Error): Promise<void> {
    const letter: DeadLetter = { callId: job.data.callId, reason: error.message, diedAt: Date.now() };
    try {
      await this.#dead.add(letter);
      this.#options.onDead?.(letter);
    } catch (failure) {
      this.#options.onError?.(failure instanceof Error ? failure : new Error(String(failure)));
    }
  }
}

const MAX_LISTED = 200;

/** Settlement jobs that are for people: to be looked at, and driven again. */
export class DeadLetters {
  readonly #dead: Queue<DeadLetter>;
  readonly #live: Queue<SettlementJob>;

  constructor(redis: Redis) {
    const connection = redis as unknown as ConnectionOptions;
    this.#dead = new Queue<DeadLetter>(DEAD_LETTER_QUEUE, { connection });
    this.#live = new Queue<SettlementJob>(SETTLEMENT_QUEUE, { connection });
    this.#dead.on('error', () => undefined);
    this.#live.on('error', () => undefined);
  }

  async add(letter: DeadLetter): Promise<void> {
    await this.#dead.add('dead', letter, { jobId: letter.callId });
  }

  /** The oldest first, 200 at most. */
  async list(): Promise<DeadLetter[]> {
    const jobs = await this.#dead.getJobs(['waiting'], 0, MAX_LISTED - 1, true);
    return jobs.map((job) => job.data);
  }

  /** Settles it again. @returns false when there is no such letter */
  async redrive(callId: string): Promise<boolean> {
    const job = await this.#dead.getJob(callId);
    if (!job) return false;
    await this.#live.add(
      'settle',
      { callId },
      {
        jobId: callId,
        attempts: RETRY_DELAYS_MS.length + 1,
        backoff: { type: 'custom' },
        removeOnFail: true,
      },
    );
    await job.remove();
    return true;
  }

  async close(): Promise<void> {
    await this.#dead.close();
    await this.#live.close();
  }
}
