/**
 * How many calls a second are settled, from the outbox through relay, BullMQ and worker processes into the
 * ledger, with one worker and with two, and what that costs each kind of process; beside it, how fast
 * pgbench writes the same rows. PostgreSQL (which waits for its disk at every commit) and Redis are started
 * for it on this machine. Prints tables, and as its last line one JSON object. Nothing here is a pass or fail.
 *
 * `npm run bench:settlement -- [calls]`; `DCE_BENCH_PROFILE=<folder>` leaves profiles of the workers there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trialBalance } from '../../src/billing';
import { startPrivatePostgres, startPrivateRedis } from '../../src/provision';
import { Database, migrateUp, readMigrations } from '../../src/storage';
import { postgresFolder, postmasterOf, redisPid } from '../support/server-pids';
import { runPgbench } from './settlement/pgbench';
import { prepareCalls, prepareParties, rowsPerSettlement } from './settlement/prepare';
import type { RunFigures, Servers } from './settlement/run-workers';
import { runWorkers } from './settlement/run-workers';

const CALLS = Number(process.argv[2] ?? 12_000);
const WARM_UP = Math.min(2_000, Math.ceil(CALLS / 4));
const PGBENCH_SECONDS = 8;
const BATCH = 64;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-bench-settlement-'));
  const postgres = await startPrivatePostgres(join(folder, 'postgres'));
  const redis = await startPrivateRedis(join(folder, 'redis'));
  const db = new Database({
    url: postgres.url,
    poolSize: 4,
    statementTimeoutMs: 120_000,
    connectTimeoutMs: 5_000,
  });
  try {
    await migrateUp(db, readMigrations(join(__dirname, '../../../../migrations')));
    await prepareParties(db);
    const servers: Servers = {
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      postgresPid: postmasterOf(await postgresFolder(db)),
      redisPid: await redisPid(redis.url),
    };
    const one = await settle(db, servers, 1);
    const two = await settle(db, servers, 2);
    await checkBooks(db, 2 * (CALLS + WARM_UP));
    const { entries, lines, held } = await rowsPerSettlement(db);
    print('');
    print(`a settlement: ${lines} lines, ${entries} entries of the ledger, ${held / 1e6} held and captured`);
    print('');
    const bench = await runPgbench(db, postgres.url, { batch: BATCH, seconds: PGBENCH_SECONDS });
    if (bench) {
      print(`${bench.version}: the same rows into copies of the tables, with their indexes and without`);
      print('triggers; nothing is read, rated, checked or hashed; 8 clients, no Redis');
      print(`  one call to a transaction    ${bench.singlePerSecond.toFixed(0).padStart(8)} calls/s`);
      print(`  ${BATCH} calls to a transaction  ${bench.batchedPerSecond.toFixed(0).padStart(8)} calls/s`);
    } else {
      print('no pgbench on this machine (Debian: postgresql-contrib): no ratio');
    }
    const best = one.perSecond > two.perSecond ? one : two;
    print('');
    print(
      JSON.stringify({
        settlementsPerSecond: Math.round(best.perSecond),
        ratioToPgbench:
          bench && round(best.perSecond / Math.max(bench.batchedPerSecond, bench.singlePerSecond)),
        bestWithWorkers: best.workers,
        settlementsPerSecondOneWorker: Math.round(one.perSecond),
        settlementsPerSecondTwoWorkers: Math.round(two.perSecond),
        cpuMsPerSettlement: sumOf(best),
        cpuMsPerSettlementByProcess: best.cpuMs,
        pgbenchCallsPerSecond: bench && Math.round(bench.singlePerSecond),
        pgbenchCallsPerSecondBatched: bench && Math.round(bench.batchedPerSecond),
        ratioToPgbenchOneCallATransaction: bench && round(best.perSecond / bench.singlePerSecond),
        calls: CALLS,
      }),
    );
  } finally {
    await db.close();
    await redis.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function settle(db: Database, servers: Servers, workers: number): Promise<RunFigures> {
  await prepareCalls(db, `run-${workers}`, CALLS + WARM_UP);
  await db.query('analyze');
  if (workers === 1)
    print('workers     calls  settled/s   CPU ms each:  worker  postgres    redis   together');
  const figures = await runWorkers(
    servers,
    workers,
    { warmUp: WARM_UP, timed: CALLS },
    process.env['DCE_BENCH_PROFILE'],
  );
  const { cpuMs, perSecond, settled } = figures;
  const cells = [cpuMs.worker, cpuMs.postgres, cpuMs.redis, sumOf(figures)].map((ms) =>
    ms.toFixed(3).padStart(9),
  );
  print(
    `${String(workers).padStart(7)}  ${String(settled).padStart(8)}  ${perSecond.toFixed(0).padStart(9)}              ${cells.join('')}`,
  );
  return figures;
}

function sumOf({ cpuMs }: RunFigures): number {
  return round(cpuMs.worker + cpuMs.postgres + cpuMs.redis);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** @throws Error when a call was lost or settled twice, or when the books do not balance */
async function checkBooks(db: Database, calls: number): Promise<void> {
  const { rows } = await db.query<{ settled: number; posted: number }>(
    `select (select count(*)::integer from settlements) as settled,
       (select count(*)::integer from ledger_transactions where kind = 'call_settlement') as posted`,
  );
  const { imbalanceMicros, wrongBalances } = await trialBalance(db);
  if (
    rows[0]?.settled !== calls ||
    rows[0].posted !== calls ||
    Number(imbalanceMicros) !== 0 ||
    wrongBalances > 0
  ) {
    throw new Error(`the books are wrong: ${JSON.stringify(rows[0])} of ${calls}, off by ${imbalanceMicros}`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
