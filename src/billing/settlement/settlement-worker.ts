import type { ConnectionOptions, Job } from 'bullmq';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { asError } from '../../domain';
import type { Database } from '../../storage';
import type { DeadLetter } from './dead-letters';
import { DeadLetters } from './dead-letters';
import type { SettlementOutcome } from './settle-batch';
import { settleCalls } from './settle-calls';
import type { BatcherLimits } from './settlement-batcher';
import { SettlementBatcher } from './settlement-batcher';
import type { SettlementJob } from './settlement-job';
import { MAX_ROUNDS, retryDelay, SETTLEMENT_JOB_OPTIONS, SETTLEMENT_QUEUE } from './settlement-job';
import type { SettlementSources } from './settlement-sources';
import { storedSources } from './settlement-sources';
import { isAway, isTooSlow } from './trouble';

export interface SettlementWorkerOptions {
  /** Calls in hand at once: three times the calls of a batch keep it busy. */
  readonly concurrency: number;
  readonly sources?: SettlementSources;
  readonly batches?: BatcherLimits;
  /** Milliseconds without a sign of life after which a worker has died, and its jobs are given to others. */
  readonly lockMs?: number;
  /** Milliseconds between tries; {@link RETRY_DELAYS_MS} by default. */
  readonly retryDelaysMs?: readonly number[];
  /** @param tookMs - milliseconds from the call's turn to its money in the ledger */
  readonly onSettled?: (callId: string, outcome: SettlementOutcome, tookMs: number) => void;
  readonly onDead?: (letter: DeadLetter) => void;
  readonly onError?: (error: Error) => void;
}

const LOCK_MS = 15_000;
/** Workers that may die of a job, or beside it, before it counts as a round that came to nothing. */
const MAX_STALLS = 5;
/** How long Redis may take, once nothing is in hand any more, to let the worker go. */
const FAREWELL_MS = 2_000;

/**
 * Settles calls from the queue, several to a database transaction; any number of workers may do so at once.
 * A call that fails does so alone, is tried again after a while, and then is for people.
 */
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
    const { sources = storedSources(() => performance.now()), batches } = options;
    const batcher = new SettlementBatcher((callIds) => settleCalls(database, callIds, { sources }), batches);
    this.#worker = new Worker<SettlementJob>(
      SETTLEMENT_QUEUE,
      async (job) => {
        const startedAt = performance.now();
        const outcome = await this.#holding(batcher.settle(job.data.callId));
        options.onSettled?.(job.data.callId, outcome, performance.now() - startedAt);
      },
      {
        connection: redis as unknown as ConnectionOptions,
        concurrency: options.concurrency,
        lockDuration: lockMs,
        stalledInterval: lockMs,
        maxStalledCount: MAX_STALLS,
        settings: { backoffStrategy: (attemptsMade) => retryDelay(attemptsMade, options.retryDelaysMs) },
      },
    );
    this.#worker.on('error', (error) => options.onError?.(error));
    this.#worker.on('failed', (job, error) => {
      if (!job || !isOver(job, error)) return;
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
   * sent and tried again. So it does when it was too slow, or workers died of it, but not for ever.
   */
  async #bury(job: Job<SettlementJob>, error: Error): Promise<void> {
    const { callId } = job.data;
    try {
      if (isAway(error)) {
        this.#options.onError?.(error);
        return;
      }
      if (!isTooSlow(error) && !isStalled(error)) {
        this.#tell(await this.#dead.add(callId, reasonOf(error)));
        return;
      }
      const { letter } = await this.#dead.failRound(callId, reasonOf(error), MAX_ROUNDS);
      if (letter) this.#tell(letter);
      else this.#options.onError?.(error);
    } catch (failure) {
      this.#options.onError?.(asError(failure));
    }
  }

  #tell(letter: DeadLetter | undefined): void {
    if (letter) this.#options.onDead?.(letter);
  }
}

/** BullMQ lets nobody take a job again that workers have died of too often. */
function isStalled(error: Error): boolean {
  return error.name === 'UnrecoverableError';
}

function isOver(job: Job<SettlementJob>, error: Error): boolean {
  return job.attemptsMade >= SETTLEMENT_JOB_OPTIONS.attempts || isStalled(error);
}

/** With the place of what is wrong, where it is told. */
function reasonOf(error: Error): string {
  const { details } = error as { details?: { errors?: readonly { pointer: string; message: string }[] } };
  const [first] = details?.errors ?? [];
  return first ? `${error.message}: ${first.pointer} ${first.message}` : error.message;
}
