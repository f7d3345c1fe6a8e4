import type { ConnectionOptions } from 'bullmq';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Database } from '../storage';

export const SETTLEMENT_QUEUE = 'settlement';
export const DEAD_LETTER_QUEUE = 'settlement-dead';

/** Waits between tries, in milliseconds; after the last the job is for people. */
export const RETRY_DELAYS_MS = [100, 500, 2_000, 5_000] as const;

export interface SettlementJob {
  readonly callId: string;
}

const BATCH = 500;
const IDLE_MS = 1_000;
/** An event that was sent on but whose call is not settled after this long is sent again. */
const RESEND_AFTER_MS = 60_000;
const KEEP_COMPLETED_SECONDS = 3_600;

/**
 * Turns `call.ended` rows of the outbox into settlement jobs named after their call, so that a row
 * sent twice is one job. Rows are marked once Redis has them; while it is away they wait.
 */
export class OutboxRelay {
  readonly #database: Database;
  readonly #queue: Queue<SettlementJob>;
  readonly #onError: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #resendAt = 0;

  constructor(database: Database, redis: Redis, onError: (error: Error) => void) {
    this.#database = database;
    this.#onError = onError;
    this.#queue = new Queue<SettlementJob>(SETTLEMENT_QUEUE, {
      connection: redis as unknown as ConnectionOptions,
      defaultJobOptions: {
        attempts: RETRY_DELAYS_MS.length + 1,
        backoff: { type: 'custom' },
        removeOnComplete: { age: KEEP_COMPLETED_SECONDS, count: 10_000 },
        removeOnFail: true,
      },
    });
    this.#queue.on('error', onError);
  }

  start(): void {
    this.wake();
  }

  /** There may be something to send on. */
  wake(): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#closed) return;
      if (this.#again) {
        this.#again = false;
        this.#timer = setTimeout(() => this.wake(), 10);
      } else this.#timer = setTimeout(() => this.wake(), IDLE_MS);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#queue.close();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closed && (await this.#sendBatch()) === BATCH);
      await this.#resend();
    } catch (error) {
      this.#onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #sendBatch(): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const { rows } = await tx.query<{ id: number; subject: string; sold: boolean }>({
        name: 'outbox-take',
        text: `select id, subject, (payload->>'sold')::boolean as sold from outbox
          where dispatched_at is null and type = 'call.ended' order by id limit $1 for update skip locked`,
        values: [BATCH],
      });
      if (rows.length === 0) return 0;
      const sold = rows.filter((row) => row.sold);
      if (sold.length > 0) {
        await this.#queue.addBulk(
          sold.map(({ subject }) => ({
            name: 'settle',
            data: { callId: subject },
            opts: { jobId: subject },
          })),
        );
      }
      await tx.query({
        name: 'outbox-mark',
        text: 'update outbox set dispatched_at = now() where id = any($1)',
        values: [rows.map((row) => row.id)],
      });
      return rows.length;
    });
  }

  /** A Redis that lost its memory lost our jobs too; the database still knows what is not settled. */
  async #resend(): Promise<void> {
    const now = Date.now();
    if (now < this.#resendAt) return;
    this.#resendAt = now + RESEND_AFTER_MS / 2;
    await this.#database.query(
      `update outbox o set dispatched_at = null
       where o.type = 'call.ended' and o.dispatched_at < now() - $1 * interval '1 millisecond'
         and o.created_at > now() - interval '7 days' and (o.payload->>'sold')::boolean
         and not exists (select 1 from settlements s where s.call_id = o.subject)`,
      [RESEND_AFTER_MS],
    );
  }
}
