import type { Redis } from 'ioredis';
import type { DeadLetter, OutboxRelayOptions } from '../../../../src/billing';
import { OutboxRelay, SettlementWorker } from '../../../../src/billing';
import type { CallEndedRecord } from '../../../../src/domain';
import type { Database } from '../../../../src/storage';
import { openRedis } from '../../../../src/storage';
import { insertParties, storeEnded } from '../../../support/call-records';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';
import { testRedis } from '../../../support/test-redis';

export interface StartedWorker {
  /** `<call> <outcome>`, as they were told. */
  readonly settled: string[];
  readonly dead: DeadLetter[];
  readonly worker: SettlementWorker;
}

export interface WorkerParts {
  readonly database?: Database;
  readonly redis?: Redis;
  readonly lockMs?: number;
  readonly retryDelaysMs?: readonly number[];
}

/** Everything from the end of a call to its money, on a database and a Redis of its own. */
export class SettlementRoom {
  /** What relays and workers complained of. */
  readonly errors: Error[] = [];
  readonly #closing: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
    readonly redisUrl: string,
    readonly redis: Redis,
  ) {}

  static async open(): Promise<SettlementRoom> {
    const [own, redisOfTest] = await Promise.all([testDatabase(), testRedis()]);
    const db = openDatabase(own.url, { poolSize: 12 });
    const redis = openRedis(redisOfTest.url, true);
    await insertParties(db);
    const room = new SettlementRoom(own, db, redisOfTest.url, redis);
    room.atEnd(() => own.drop());
    room.atEnd(() => db.close());
    room.atEnd(() => redisOfTest.drop());
    room.atEnd(() => redis.quit());
    return room;
  }

  /** What was opened last is closed first. */
  atEnd(close: () => Promise<unknown>): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
  }

  relay(options: OutboxRelayOptions = {}, redis = this.redis): OutboxRelay {
    const relay = new OutboxRelay(this.db, redis, (error) => this.errors.push(error), options);
    this.atEnd(() => relay.close());
    relay.start();
    return relay;
  }

  worker({
    database = this.db,
    redis = this.redis,
    lockMs = 15_000,
    retryDelaysMs,
  }: WorkerParts = {}): StartedWorker {
    const settled: string[] = [];
    const dead: DeadLetter[] = [];
    const worker = new SettlementWorker(database, redis, {
      concurrency: 4,
      lockMs,
      ...(retryDelaysMs === undefined ? {} : { retryDelaysMs }),
      onSettled: (callId, outcome) => settled.push(`${callId} ${outcome}`),
      onDead: (letter) => dead.push(letter),
      onError: (error) => this.errors.push(error),
    });
    this.atEnd(() => worker.close());
    return { settled, dead, worker };
  }

  async end(...records: CallEndedRecord[]): Promise<void> {
    await storeEnded(this.db, records);
  }

  async outboxRow(callId: string): Promise<{ sent: boolean; done: boolean; dead: boolean } | undefined> {
    const rows = await this.own.query<{ sent: boolean; done: boolean; dead: boolean }>(
      `select dispatched_at is not null as sent, done_at is not null as done, dead_at is not null as dead
       from outbox where type = 'call.ended' and subject = $1`,
      [callId],
    );
    return rows[0];
  }

  async isDone(callId: string): Promise<boolean> {
    return (await this.outboxRow(callId))?.done === true;
  }

  async settlementsOf(callId: string): Promise<number> {
    return (await this.own.query('select 1 from settlements where call_id = $1', [callId])).length;
  }

  async transactionsOf(callId: string): Promise<number> {
    return (await this.own.query('select 1 from ledger_transactions where call_id = $1', [callId])).length;
  }

  /** The database, with transactions that do as told instead. */
  databaseWith(transaction: () => Promise<never>): Database {
    return Object.create(this.db, {
      transaction: { value: transaction },
      query: { value: this.db.query.bind(this.db) },
    }) as Database;
  }
}
