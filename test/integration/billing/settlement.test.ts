import type { Redis } from 'ioredis';
import {
  DeadLetters,
  ledgerLinesOfCall,
  OutboxRelay,
  SettlementWorker,
  trialBalance,
} from '../../../src/billing';
import type { DeadLetter, OutboxRelayOptions } from '../../../src/billing';
import type { Database } from '../../../src/storage';
import { openRedis } from '../../../src/storage';
import { storeEntries } from '../../../src/storage/call-entries';
import { endedRecord, insertParties, unsoldRecord } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

const BOOT = { nodeId: 'n1', bootId: 'b1' };

let own: TestDatabase;
let redisOfTest: TestRedis;
let db: Database;
let redis: Redis;
let errors: Error[];
let closing: (() => Promise<void>)[];

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url, { poolSize: 12 });
  await insertParties(db);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
beforeEach(async () => {
  redisOfTest = await testRedis();
  redis = openRedis(redisOfTest.url, true);
  errors = [];
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  redis.disconnect();
  await redisOfTest.drop();
  await own.query('delete from outbox');
});

function startRelay(options: OutboxRelayOptions = {}, on = redis): OutboxRelay {
  const relay = new OutboxRelay(db, on, (error) => errors.push(error), options);
  closing.push(() => relay.close());
  relay.start();
  return relay;
}

function startWorker(on = db): { settled: string[]; dead: DeadLetter[]; worker: SettlementWorker } {
  const settled: string[] = [];
  const dead: DeadLetter[] = [];
  const worker = new SettlementWorker(on, redis, {
    concurrency: 4,
    onSettled: (callId, outcome) => settled.push(`${callId} ${outcome}`),
    onDead: (letter) => dead.push(letter),
    onError: (error) => errors.push(error),
  });
  closing.push(() => worker.close());
  return { settled, dead, worker };
}

async function endCalls(...records: ReturnType<typeof endedRecord>[]): Promise<void> {
  await storeEntries(
    db,
    records.map((record) => ({ kind: 'ended', boot: BOOT, record }) as const),
  );
}

const outboxRow = async (callId: string): Promise<Record<string, unknown> | undefined> =>
  (
    await own.query<Record<string, unknown>>(
      `select dispatched_at is not null as sent, done_at is not null as done, dead_at is not null as dead
       from outbox where type = 'call.ended' and subject = $1`,
      [callId],
    )
  )[0];
const isDone = async (callId: string): Promise<boolean> => (await outboxRow(callId))?.['done'] === true;
const settlementsOf = async (callId: string): Promise<number> =>
  (await own.query('select 1 from settlements where call_id = $1', [callId])).length;
const transactionsOf = async (callId: string): Promise<number> =>
  (await own.query('select 1 from ledger_transactions where call_id = $1', [callId])).length;

test('a call that ended is settled to the micro-unit, and its row is done', async () => {
  startRelay();
  startWorker();
  await endCalls(endedRecord('one'));
  await until('settled', () => isDone('one'));
  const lines = await ledgerLinesOfCall(db, 'one');
  expect(lines.map(({ accountId, purpose, amountMicros }) => [accountId, purpose, amountMicros])).toEqual(
    expect.arrayContaining([
      ['buyer-account', 'receivable', 25_000_000],
      ['operator', 'revenue', -25_000_000],
      ['operator', 'payout', 8_000_000],
      ['seller-account', 'payable', -8_000_000],
    ]),
  );
  expect(lines).toHaveLength(4);
  expect(await trialBalance(db)).toMatchObject({ imbalanceMicros: 0, wrongBalances: 0 });
  expect(errors).toEqual([]);
});

test('of a call that nobody bought nothing is left to be done', async () => {
  const { settled } = startWorker();
  await endCalls(unsoldRecord('unsold'));
  startRelay();
  await until('done', () => isDone('unsold'));
  expect(settled).toEqual([]);
  expect(await settlementsOf('unsold')).toBe(0);
});

test('a row that is sent twice settles once', async () => {
  const { settled } = startWorker();
  const relay = startRelay();
  await endCalls(endedRecord('twice'));
  await until('settled', () => isDone('twice'));
  await own.query(`update outbox set dispatched_at = null, done_at = null where subject = 'twice'`);
  relay.wake();
  await until('settled again', () => settled.length === 2);
  expect(settled).toEqual(['twice settled', 'twice already_settled']);
  expect(await settlementsOf('twice')).toBe(1);
  expect(await transactionsOf('twice')).toBe(1);
});

test('two relays and two workers settle every call once', async () => {
  const calls = Array.from({ length: 700 }, (_, n) => `many-${n}`);
  await endCalls(...calls.map((id) => endedRecord(id)));
  const before = await trialBalance(db);
  const workers = [startWorker(), startWorker()];
  startRelay();
  startRelay();
  await until(
    'all done',
    async () => (await own.query(`select 1 from outbox where done_at is null`)).length === 0,
    30_000,
  );
  const after = await trialBalance(db);
  expect(after.debitsMicros - before.debitsMicros).toBe(calls.length * 33_000_000);
  expect(after).toMatchObject({ imbalanceMicros: 0, wrongBalances: 0 });
  const settled = workers.flatMap((worker) => worker.settled);
  expect(new Set(settled)).toEqual(new Set(calls.map((id) => `${id} settled`)));
  expect(settled).toHaveLength(calls.length);
});

test('what a Redis forgot is sent again', async () => {
  startRelay({ resendAfterMs: 300 });
  await endCalls(endedRecord('forgotten'));
  await until('sent', async () => (await outboxRow('forgotten'))?.['sent'] === true);
  await redis.flushdb();
  startWorker();
  await until('settled', () => isDone('forgotten'));
  expect(await settlementsOf('forgotten')).toBe(1);
});

test('a settlement that fails is tried again after 100 ms, 500 ms, 2 s and 5 s, then for people', async () => {
  const tries: number[] = [];
  const failing: Database = Object.create(db, {
    transaction: {
      value: () => {
        tries.push(performance.now());
        return Promise.reject(new Error('the moon is in the wrong house'));
      },
    },
    query: { value: db.query.bind(db) },
  }) as Database;
  const { dead, worker } = startWorker(failing);
  const relay = startRelay({ resendAfterMs: 1 });
  await endCalls(endedRecord('doomed'));
  await until('dead', () => dead.length > 0, 20_000);
  const waits = tries.slice(1).map((at, n) => at - (tries[n] ?? 0));
  expect(waits).toHaveLength(4);
  // Never earlier; how much later depends on the machine.
  for (const [n, least] of [100, 500, 2_000, 5_000].entries()) expect(waits[n]).toBeGreaterThan(least - 5);
  expect(dead[0]).toMatchObject({ callId: 'doomed', reason: 'the moon is in the wrong house' });

  const letters = new DeadLetters(db);
  expect(await letters.list()).toEqual(dead);
  // However often the relay looks: it waits for a person.
  await relay.close();
  await worker.close();
  const { settled } = startWorker();
  const another = startRelay({ resendAfterMs: 1 });
  for (const round of ['round-1', 'round-2', 'round-3']) {
    await endCalls(endedRecord(round));
    another.wake();
    await until('settled', () => isDone(round));
  }
  expect(settled).not.toContain('doomed settled');
  expect(await outboxRow('doomed')).toEqual({ sent: true, done: false, dead: true });

  expect(await letters.redrive('doomed')).toBe(true);
  expect(await letters.redrive('doomed')).toBe(false);
  expect(await letters.list()).toEqual([]);
  await until('settled', () => isDone('doomed'));
  expect(await settlementsOf('doomed')).toBe(1);
  expect(errors).toEqual([]);
});

test('rows are forgotten when they have been done for long enough', async () => {
  await endCalls(endedRecord('old'), endedRecord('young'), endedRecord('open'));
  await own.query(
    `update outbox set dispatched_at = now(), done_at = now() - interval '8 days' where subject = 'old'`,
  );
  await own.query(
    `update outbox set dispatched_at = now(), done_at = now() - interval '6 days' where subject = 'young'`,
  );
  await own.query(
    `update outbox set dispatched_at = now(), created_at = now() - interval '9 days' where subject = 'open'`,
  );
  startRelay();
  await until('swept', async () => (await outboxRow('old')) === undefined);
  expect(await outboxRow('young')).toBeDefined();
  expect(await outboxRow('open')).toBeDefined();
});
