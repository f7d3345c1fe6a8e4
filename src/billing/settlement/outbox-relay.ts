import type { Redis } from 'ioredis';
import { asError } from '../../domain';
import type { Database, Statement } from '../../storage';
import type { SettlementQueue } from './settlement-queue';
import { openSettlementQueue } from './settlement-queue';

export interface OutboxRelayOptions {
  /** Milliseconds after which a row that was sent on, but is not done, is sent again. */
  readonly resendAfterMs?: number;
  /** Milliseconds for which rows are kept that are done. */
  readonly retentionMs?: number;
  /** Milliseconds that Redis may take for a batch before it counts as away. */
  readonly sendTimeoutMs?: number;
}

const BATCH = 500;
const IDLE_MS = 1_000;
const WOKEN_MS = 10;
const RESEND_AFTER_MS = 60_000;
const SEND_TIMEOUT_MS = 5_000;
const RETENTION_MS = 7 * 86_400_000;
const SWEEP_EVERY_MS = 60_000;
const SWEEP_BATCH = 5_000;
const MAX_SWEEPS = 10;

interface Claimed {
  readonly id: number;
  readonly callId: string;
  readonly sold: boolean;
}

/**
 * Rows are claimed before they are sent, in a statement of their own: no lock waits for Redis, and of
 * several relays each row has one. What a relay claimed and did not send, because it died, is overdue
 * after a while and claimed again. Of a call that was not sold nothing is left to be done, unless carriers may be paid
 * for it: of such calls the row does not say whether they were.
 */
const claim = (name: string, condition: string, order: string): Statement => ({
  name,
  text: `with taken as (
      select id from outbox where type = 'call.ended' and ${condition}
      order by ${order} limit $1 for update skip locked)
    update outbox o set dispatched_at = now(),
      done_at = case when coalesce((o.payload ->> 'sold')::boolean, true) then o.done_at else coalesce(o.done_at, now()) end
    from taken where o.id = taken.id
    returning o.id, o.subject as "callId", o.done_at is null as sold`,
});
const CLAIM_WAITING = claim('outbox-claim', 'dispatched_at is null and dead_at is null', 'id');
const CLAIM_OVERDUE = claim(
  'outbox-claim-overdue',
  `done_at is null and dead_at is null and dispatched_at < now() - $2 * interval '1 millisecond'`,
  'dispatched_at',
);

/**
 * Turns `call.ended` rows of the outbox into settlement jobs named after their call, so that a row
 * sent twice is one job. A row is open until its call is settled, whatever Redis remembers; while Redis
 * is away rows wait. Any number of relays may run.
 */
export class OutboxRelay {
  readonly #database: Database;
  readonly #redis: Redis;
  readonly #queue: SettlementQueue;
  readonly #onError: (error: Error) => void;
  readonly #resendAfterMs: number;
  readonly #retentionMs: number;
  readonly #sendTimeoutMs: number;
  readonly #redisReady = (): void => this.wake();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** A batch that Redis neither took nor refused: nothing more is sent before it does. */
  #stuck = false;
  #again = false;
  #closed = false;
  #sweepAt = 0;

  constructor(
    database: Database,
    redis: Redis,
    onError: (error: Error) => void,
    options: OutboxRelayOptions = {},
  ) {
    this.#database = database;
    this.#redis = redis;
    this.#onError = onError;
    this.#resendAfterMs = options.resendAfterMs ?? RESEND_AFTER_MS;
    this.#retentionMs = options.retentionMs ?? RETENTION_MS;
    this.#sendTimeoutMs = options.sendTimeoutMs ?? SEND_TIMEOUT_MS;
    this.#queue = openSettlementQueue(redis, onError);
    redis.on('ready', this.#redisReady);
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
      this.#timer = setTimeout(() => this.wake(), this.#again ? WOKEN_MS : IDLE_MS);
      this.#again = false;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#redis.off('ready', this.#redisReady);
    await this.#running;
    await this.#queue.close();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      await this.#sendAll({ ...CLAIM_WAITING, values: [BATCH] });
      await this.#sendAll({ ...CLAIM_OVERDUE, values: [BATCH, this.#resendAfterMs] });
      await this.#sweep();
    } catch (error) {
      this.#onError(asError(error));
    }
  }

  async #sendAll(statement: Statement): Promise<void> {
    while (!this.#closed && !this.#stuck && this.#redis.status === 'ready') {
      const { rows } = await this.#database.query<Claimed>(statement);
      await this.#send(rows.filter((row) => row.sold));
      if (rows.length < BATCH) return;
    }
  }

  /** @throws Error when Redis did not take them: they wait again */
  async #send(rows: readonly Claimed[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      await this.#enqueue(rows);
    } catch (error) {
      await this.#database.query({
        name: 'outbox-unclaim',
        text: 'update outbox set dispatched_at = null where id = any($1) and done_at is null and dead_at is null',
        values: [rows.map((row) => row.id)],
      });
      throw error;
    }
  }

  async #enqueue(rows: readonly Claimed[]): Promise<void> {
    const jobs = rows.map(({ callId }) => ({ name: 'settle', data: { callId }, opts: { jobId: callId } }));
    let timer: NodeJS.Timeout | undefined;
    const tooSlow = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`Redis took longer than ${this.#sendTimeoutMs} ms`)),
        this.#sendTimeoutMs,
      );
    });
    this.#stuck = true;
    const sent = this.#queue.addBulk(jobs).finally(() => {
      this.#stuck = false;
    });
    try {
      await Promise.race([sent, tooSlow]);
    } finally {
      clearTimeout(timer);
      // What it says after we stopped waiting is nobody's.
      sent.catch(() => undefined);
    }
  }

  /** Forgets rows that were done long ago, some at a time. */
  async #sweep(): Promise<void> {
    const now = performance.now();
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_EVERY_MS;
    for (let sweeps = 0; sweeps < MAX_SWEEPS && !this.#closed; sweeps++) {
      const { rowCount } = await this.#database.query({
        name: 'outbox-sweep',
        text: `delete from outbox where id in (
          select id from outbox where done_at < now() - $1 * interval '1 millisecond'
          order by done_at limit $2 for update skip locked)`,
        values: [this.#retentionMs, SWEEP_BATCH],
      });
      if ((rowCount ?? 0) < SWEEP_BATCH) return;
    }
  }
}
