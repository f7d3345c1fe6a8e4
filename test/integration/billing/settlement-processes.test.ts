import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { PrivateService } from '../../../src/provision';
import { startPrivatePostgres } from '../../../src/provision';
import { Database, migrateUp, readMigrations } from '../../../src/storage';
import { BUYER_ACCOUNT, endedRecord, insertParties, storeEnded } from '../../support/call-records';
import { BILLING_ROOMS, CompiledSources } from '../../support/compiled-sources';
import { postgresFolder, postmasterOf } from '../../support/server-pids';
import type { OwnTestRedis } from '../../support/test-redis';
import { ownTestRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import { theBooks } from './support/books';

/**
 * Settling as processes of the operating system, against a PostgreSQL and a Redis of their own, all of which
 * are killed while they are at it.
 */
const KILLS = 6;
const CALLS_A_KILL = 200;
const CALLS = KILLS * CALLS_A_KILL;
const PROGRAM = 'test/support/settlement-process.ts';

let folder: string;
let postgres: PrivateService;
let redis: OwnTestRedis;
let compiled: CompiledSources;
let db: Database;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dce-settling-'));
  compiled = new CompiledSources([...BILLING_ROOMS, PROGRAM]);
  [postgres, redis] = await Promise.all([startPrivatePostgres(folder), ownTestRedis()]);
  db = new Database({ url: postgres.url, poolSize: 4, statementTimeoutMs: 20_000, connectTimeoutMs: 2_000 });
  await migrateUp(db, readMigrations(join(__dirname, '../../../migrations')));
  await insertParties(db);
  await db.query(`insert into wallets (account_id, currency) values ($1, 'USD')`, [BUYER_ACCOUNT]);
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await db.close();
  await Promise.all([postgres.stop(), redis.drop()]);
  compiled.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function startWorker(): Promise<ChildProcess> {
  const worker = fork(compiled.path(PROGRAM), {
    env: {
      ...compiled.env,
      SETTLE_DATABASE: postgres.url,
      SETTLE_REDIS: redis.url,
      SETTLE_RESEND_MS: '700',
      SETTLE_LOCK_MS: '700',
    },
    execArgv: [],
  });
  workers.push(worker);
  await once(worker, 'message');
  return worker;
}

/** Kills a worker when settlements are written that are not committed yet. */
async function killInTheMiddle(): Promise<void> {
  const living = workers.filter((worker) => worker.exitCode === null && worker.signalCode === null);
  const victim = living[randomInt(living.length)] as ChildProcess;
  await until('a batch under way', async () => {
    const { rowCount } = await db.query(
      `select 1 from pg_stat_activity
       where application_name = 'dce settlement' and state <> 'idle' and backend_xid is not null`,
    );
    return (rowCount ?? 0) > 0;
  });
  victim.kill('SIGKILL');
  await once(victim, 'exit');
}

/** Calls that end, with 30 of the buyer's money held for each. */
async function endCalls(first: number): Promise<void> {
  const ids = Array.from({ length: CALLS_A_KILL }, (_, n) => `call-${first + n}`);
  await db.query(
    `insert into holds (id, call_id, account_id, currency, amount, node_id, boot_id)
     select id || '/1', id, $2, 'USD', 30000000, 'n', 'b' from unnest($1::text[]) id`,
    [ids, BUYER_ACCOUNT],
  );
  await storeEnded(
    db,
    ids.map((id) => endedRecord(id)),
  );
}

/** kill -9 of the whole server, and up again through recovery. */
async function crashPostgres(): Promise<void> {
  process.kill(postmasterOf(await postgresFolder(db)), 'SIGKILL');
  await until('it is gone', () => !postgres.isUp(), 20_000);
  postgres = await startPrivatePostgres(folder);
  await until('it answers', async () => {
    const client = new Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      return false;
    }
  });
}

async function flushRedis(): Promise<void> {
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
}

const open = async (): Promise<number> =>
  (
    await db.query<{ n: number }>(
      `select count(*)::integer as n from outbox where type = 'call.ended' and done_at is null`,
    )
  ).rows[0]?.n ?? -1;

test('workers killed in the middle of batches, a Redis that forgets, a PostgreSQL that crashes: every call is settled once', async () => {
  // Batches take a while, so that there is a middle.
  await db.query(`create function drag() returns trigger language plpgsql as $$
    begin perform pg_sleep(0.05); return null; end $$`);
  await db.query(
    `create trigger drags after insert on settlements for each statement execute function drag()`,
  );
  await Promise.all([startWorker(), startWorker()]);
  for (let kill = 0; kill < KILLS; kill++) {
    await endCalls(kill * CALLS_A_KILL);
    await killInTheMiddle();
    expect(await open()).toBeGreaterThan(0);
    if (kill === 1 || kill === 4) await flushRedis();
    if (kill === 2) await crashPostgres();
    if (kill === 3) {
      await redis.stop();
      await wait(100);
      await redis.start();
    }
    await startWorker();
  }
  await until('everything is settled', async () => (await open()) === 0, 60_000);

  const [row] = (
    await db.query<{ calls: number; distinct: number; paid: number; captured: number; told: number }>(
      `select (select count(*)::integer from settlements) as calls,
         (select count(distinct call_id)::integer from ledger_transactions where kind = 'call_settlement') as distinct,
         (select count(*)::integer from ledger_transactions where kind = 'call_settlement') as paid,
         (select count(*)::integer from holds where state = 'captured') as captured,
         (select count(*)::integer from outbox where type = 'call.settled') as told`,
    )
  ).rows;
  expect(row).toEqual({ calls: CALLS, distinct: CALLS, paid: CALLS, captured: CALLS, told: CALLS });
  const { imbalance, wrongBalances } = await theBooks(db);
  expect({ imbalance, wrongBalances }).toEqual({ imbalance: 0, wrongBalances: 0 });
  const sums = await db.query<{ purpose: string; balance: number }>(
    `select purpose, balance::float8 as balance from ledger_accounts where account_id <> 'operator' order by purpose`,
  );
  expect(sums.rows).toEqual([
    { purpose: 'held', balance: CALLS * 30_000_000 },
    { purpose: 'payable', balance: CALLS * -8_000_000 },
    { purpose: 'wallet', balance: CALLS * (25_000_000 - 30_000_000) },
  ]);
  expect((await db.query(`select 1 from outbox where dead_at is not null`)).rowCount).toBe(0);
});
