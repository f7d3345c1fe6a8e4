/**
 * How long reports of calls take with ten million calls of a year in the database, kind by kind, and beside them
 * how long it takes to count the same call by call in SQL; how fast the sums are made, and how fast the job takes
 * calls in. PostgreSQL is started for it on this machine. Prints a table, and as its last line one JSON object.
 * Nothing here is a pass or fail, but that what was counted is right.
 *
 * `npm run bench:analytics -- [calls] [--rounds n] [--keep folder]`; needs about 13 gigabytes of disk for the ten
 * million. With `--keep` the filled database stays in the folder, and is not filled again the next time.
 */
import { deepEqual } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { CallReport, CallReportRequest } from '../../src/analytics';
import { AnalyticsRollUp, readCallReport } from '../../src/analytics';
import { currentFacts } from '../../src/analytics/make-facts';
import { startPrivatePostgres } from '../../src/provision';
import type { CallFact, TimeRange } from '../../src/storage';
import { Database, migrateUp, readFacts, readMigrations, rebuildSums } from '../../src/storage';
import { endedRecord, storeEnded } from '../support/call-records';
import { postgresFolder } from '../support/server-pids';
import { cpuMs } from './analytics/cpu';
import { fill, YEAR_END, YEAR_START } from './analytics/fill';
import type { Scan } from './analytics/scans';
import { scan } from './analytics/scans';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'string' }, rounds: { type: 'string', default: '40' } },
});
const CALLS = Number(positionals[0] ?? 10_000_000);
const ROUNDS = Number(flags.rounds);
/** Milliseconds that a report is to take at most. */
const TARGET_MS = 200;
const SCANS = 3;
const TAIL = 500;
const JOB_CALLS = 10_000;
/** Calls that a run adds are told from those of a run before on the same database. */
const RUN = Date.now();
const PROVEN_PLACES = 20;
const PROVEN_CALLS = 500;
const DAY_MS = 86_400_000;
const EAST = 'America/New_York';
const INDIA = 'Asia/Kolkata';
/** Nothing about the disk is measured: what reports read lies in the server's memory. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_wal_size: '4GB',
  shared_buffers: '8GB',
  autovacuum: 'off',
  jit: 'off',
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** A kind of question, asked of other times each time. */
interface Kind {
  readonly name: string;
  readonly days: number;
  readonly request: Omit<CallReportRequest, 'range' | 'now'>;
  readonly peer?: Scan;
}

const KINDS: readonly Kind[] = [
  {
    name: 'campaign by day, 30 days',
    days: 30,
    request: ask('day', EAST, 'campaign'),
    peer: 'campaignByDay',
  },
  { name: 'campaign by day, 180 days', days: 180, request: ask('day', EAST, 'campaign') },
  { name: 'campaign by day, half-hour zone, 60 days', days: 60, request: ask('day', INDIA, 'campaign') },
  { name: 'campaign by hour, 7 days', days: 7, request: ask('hour', EAST, 'campaign') },
  { name: 'campaign, a year', days: 364, request: ask('total', EAST, 'campaign') },
  { name: 'buyer by day, 30 days', days: 30, request: ask('day', EAST, 'buyer'), peer: 'buyerByDay' },
  { name: 'buyer by day, 90 days', days: 90, request: ask('day', EAST, 'buyer') },
  { name: 'buyer, a year', days: 364, request: ask('total', EAST, 'buyer') },
  { name: 'seller by day, 90 days', days: 90, request: ask('day', EAST, 'seller') },
  { name: 'trunk by day, a year', days: 364, request: ask('day', EAST, 'trunk') },
  { name: 'state, 30 days', days: 30, request: ask('total', EAST, 'state'), peer: 'byState' },
  { name: 'all by quarter, 30 days', days: 30, request: ask('quarter', EAST) },
  { name: 'all by hour, 7 days', days: 7, request: ask('hour', 'America/Los_Angeles'), peer: 'totalByHour' },
  { name: 'all by hour, half-hour zone, 30 days', days: 30, request: ask('hour', INDIA) },
  { name: 'all by day, a year', days: 364, request: ask('day', EAST) },
  { name: 'hour of the day, a year', days: 364, request: ask('total', EAST, 'hour') },
  {
    name: "largest campaign's states, 30 days",
    days: 30,
    request: ask('total', EAST, 'state', { campaignId: 'c0' }),
  },
  {
    name: "largest campaign's hours of the day, a year",
    days: 364,
    request: ask('total', EAST, 'hour', { campaignId: 'c0' }),
  },
  {
    name: "largest buyer's own, by campaign, 30 days",
    days: 30,
    request: ask('total', EAST, 'campaign', { account: { of: 'buyer', id: 'a0' } }),
  },
  {
    name: "largest seller's own, by day, a year",
    days: 364,
    request: ask('day', EAST, undefined, { account: { of: 'seller', id: 's0' } }),
  },
];

function ask(
  bucket: CallReportRequest['bucket'],
  zone: string,
  groupBy?: CallReportRequest['groupBy'],
  filter: CallReportRequest['filter'] = {},
): Omit<CallReportRequest, 'range' | 'now'> {
  return { bucket, zone, groupBy, filter };
}

async function main(): Promise<void> {
  const kept = flags.keep === undefined ? undefined : resolve(flags.keep);
  if (kept !== undefined) mkdirSync(kept, { recursive: true });
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'dce-bench-analytics-'));
  const postgres = await startPrivatePostgres(join(folder, 'postgres'), { settings: SETTINGS });
  const db = new Database({
    url: postgres.url,
    poolSize: 2,
    statementTimeoutMs: 3_600_000,
    connectTimeoutMs: 5_000,
  });
  // As root it lies where its own user may enter.
  const cluster = await postgresFolder(db);
  try {
    await migrateUp(db, readMigrations(join(__dirname, '../../../../migrations')));
    await measure(db, cluster);
  } finally {
    await db.close();
    await postgres.stop();
    if (kept === undefined) {
      rmSync(dirname(cluster), { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function measure(db: Database, cluster: string): Promise<void> {
  const { seconds, rollUpSeconds } = await filled(db);
  // A kept database may be of before there were all of the sums: a worker fills them in.
  const [, caughtUpSeconds] = await timed(() => new AnalyticsRollUp(db).roll());
  await db.query('vacuum analyze analytics_sums, outbox');
  const proven = await proveFacts(db);
  await warm(db);
  const bytes = await sizes(db);
  print(`${CALLS} calls of a year: ${JSON.stringify(rounded(seconds))} seconds to make`);
  print(`sums of all of them in ${rollUpSeconds.toFixed(1)} s; sizes in MB: ${JSON.stringify(bytes)}`);
  print(`what sums were missing was filled in in ${caughtUpSeconds.toFixed(1)} s`);
  print(`${proven} facts are what the job makes of their calls`);
  print('');
  print(
    'report                                        rows    p50 ms    p99 ms    target    cpu ms   scan ms     ratio',
  );
  const worst: number[] = [];
  const ratios: number[] = [];
  const byKind: Record<string, Figures> = {};
  for (const kind of KINDS) {
    const { figures, rows } = await run(db, kind, cluster);
    const scanMs = kind.peer ? await runScans(db, kind, kind.peer) : undefined;
    worst.push(figures.p99);
    byKind[kind.name] = figures;
    if (scanMs !== undefined) ratios.push(scanMs / figures.p50);
    line(kind.name, rows, figures, scanMs);
  }
  const tail = await withTail(db, cluster);
  line(`all by hour, today, ${TAIL} calls not in the sums`, tail.rows, tail.figures, undefined);
  worst.push(tail.figures.p99);
  const perSecond = await jobSpeed(db);
  print('');
  print(`the job takes in ${perSecond.toFixed(0)} calls a second`);
  print('');
  print(
    JSON.stringify({
      p99Ms: round(Math.max(...worst)),
      ratioToScan: round(Math.min(...ratios)),
      tailP99Ms: round(tail.figures.p99),
      targetMs: TARGET_MS,
      rollUpSeconds: round(rollUpSeconds),
      rollUpCallsPerSecond: Math.round(CALLS / rollUpSeconds),
      jobCallsPerSecond: Math.round(perSecond),
      byKind,
      megabytes: bytes,
      calls: CALLS,
    }),
  );
}

interface Filled {
  readonly seconds: Record<string, number>;
  readonly rollUpSeconds: number;
}

/** Fills the database, unless a run before has left it filled. */
async function filled(db: Database): Promise<Filled> {
  await db.query('create table if not exists bench_filled (calls bigint, report jsonb)');
  const { rows } = await db.query<{ calls: number; report: Filled }>('select * from bench_filled');
  const [before] = rows;
  if (before && before.calls !== CALLS) throw new Error(`the kept database has ${before.calls} calls`);
  if (before) return before.report;
  const seconds = await fill(db, CALLS, print);
  const [sums, rollUpSeconds] = await timed(() => db.transaction((tx) => rebuildSums(tx)));
  print(`${sums} sums after ${rollUpSeconds.toFixed(0)} s`);
  await db.query('update analytics_progress set backfill_at = null, backfill_id = null');
  await db.query('vacuum analyze calls, settlements, call_facts, analytics_sums');
  const report = { seconds, rollUpSeconds };
  await db.query('insert into bench_filled values ($1, $2)', [CALLS, JSON.stringify(report)]);
  return report;
}

/** Reads what reports read into the server's memory, as it would be after a while. */
async function warm(db: Database): Promise<void> {
  await db.query('create extension if not exists pg_prewarm');
  await db.query(
    `select pg_prewarm(oid::regclass) from pg_class where relkind in ('r', 'i')
       and (relname like 'analytics\\_%' or relname like 'call\\_facts%')`,
  );
}

/** Has the product make facts of calls from all over the year. @throws Error when they are others than those filled in */
async function proveFacts(db: Database): Promise<number> {
  let proven = 0;
  const undo = new Error('seen enough');
  for (let place = 0; place < PROVEN_PLACES; place++) {
    const from = YEAR_START + ((YEAR_END - YEAR_START) / PROVEN_PLACES) * place;
    const { rows } = await db.query<{ id: string }>(
      'select id from calls where received_at >= $1 order by received_at limit $2',
      [Math.floor(from), PROVEN_CALLS],
    );
    const ids = rows.map(({ id }) => id);
    const there = await readFacts(db, ids);
    await db
      .transaction(async (tx) => {
        // Or else it would keep what it knew of the caller's state.
        await tx.query('delete from call_facts where call_id = any($1)', [ids]);
        const made = await currentFacts(tx, ids);
        const order = (facts: readonly CallFact[]): CallFact[] =>
          [...facts].sort((a, b) => a.callId.localeCompare(b.callId) || a.n - b.n);
        deepEqual(order(there), order(made));
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    proven += there.length;
  }
  return proven;
}

/** Times that lie differently in days and hours, so that nothing is asked twice. */
function rangeOf(days: number, round: number): TimeRange {
  const room = YEAR_END - YEAR_START - days * DAY_MS;
  const from = YEAR_START + Math.floor(((round * 0.618) % 1) * room);
  return { from, to: from + days * DAY_MS };
}

async function run(
  db: Database,
  { days, request }: Kind,
  cluster: string,
): Promise<{ figures: Figures; rows: number }> {
  const times: number[] = [];
  let rows = 0;
  let before: number | undefined;
  for (let round = 0; round <= ROUNDS; round++) {
    const range = rangeOf(days, round);
    const [report, seconds] = await timed(() => readCallReport(db, { ...request, range, now: YEAR_END }));
    rows = report.rows.length;
    // The first time what is read comes from the disk.
    if (round > 0) times.push(seconds * 1_000);
    else before = cpuMs(cluster);
  }
  const after = cpuMs(cluster);
  const cpu = before === undefined || after === undefined ? null : round((after - before) / ROUNDS);
  return { figures: { ...percentiles(times), cpu }, rows };
}

/** Milliseconds, in the middle of a few; what was counted must be the same. */
async function runScans(db: Database, { days, request }: Kind, peer: Scan): Promise<number> {
  const times: number[] = [];
  for (let round = 1; round <= SCANS; round++) {
    const wide = rangeOf(days, round);
    const report = await readCallReport(db, { ...request, range: wide, now: YEAR_END });
    const [counted, seconds] = await timed(() => scan(db, peer, request.zone, report.range));
    times.push(seconds * 1_000);
    const told = totalOf(report);
    if (peer !== 'buyerByDay' && (told.calls !== counted.calls || told.answered !== counted.answered)) {
      throw new Error(`${JSON.stringify(told)} were told, ${JSON.stringify(counted)} are there`);
    }
    if (told.revenue !== counted.revenue) throw new Error('money is missing');
  }
  return percentiles(times).p50;
}

function totalOf({ rows }: CallReport): { calls: number; answered: number; revenue: number } {
  return rows.reduce(
    (sum, row) => ({
      calls: sum.calls + row.sums.calls,
      answered: sum.answered + row.sums.answered,
      revenue: sum.revenue + row.sums.revenue,
    }),
    { calls: 0, answered: 0, revenue: 0 },
  );
}

/** Calls that ended and that the job has not come to are added while the question is answered. */
async function withTail(db: Database, cluster: string): Promise<{ figures: Figures; rows: number }> {
  await db.query(
    `insert into accounts (id, name, type) values ('buyer-account', 'Buyer', 'buyer'), ('seller-account', 'Seller', 'seller')
     on conflict do nothing`,
  );
  await storeCalls(db, 'tail', TAIL);
  return run(db, { name: 'tail', days: 1, request: ask('hour', EAST) }, cluster);
}

async function jobSpeed(db: Database): Promise<number> {
  await storeCalls(db, 'job', JOB_CALLS);
  const [{ calls }, seconds] = await timed(() => new AnalyticsRollUp(db).roll());
  return calls / seconds;
}

async function storeCalls(db: Database, prefix: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 500) {
    const length = Math.min(500, count - first);
    const records = Array.from({ length }, (_, n) =>
      endedRecord(`${prefix}-${RUN}-${first + n}`, { receivedAt: YEAR_END - (first + n) * 1_000 }),
    );
    await storeEnded(db, records);
  }
}

async function sizes(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.query<{ name: string; mb: number }>(
    `select relname as name, pg_total_relation_size(oid) / 1048576 as mb from pg_class
     where relname in ('calls', 'settlements', 'call_facts', 'analytics_sums')`,
  );
  return Object.fromEntries(rows.map(({ name, mb }) => [name, mb]));
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Of one kind of report: milliseconds by the clock, and of work of server and client on average. */
interface Figures extends Percentiles {
  readonly cpu: number | null;
}

function percentiles(times: readonly number[]): Percentiles {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const startedAt = performance.now();
  const result = await work();
  return [result, (performance.now() - startedAt) / 1_000];
}

function line(name: string, rows: number, { p50, p99, cpu }: Figures, scanMs: number | undefined): void {
  const cells = [String(rows), p50.toFixed(1), p99.toFixed(1), String(TARGET_MS), cpu?.toFixed(0) ?? '?'];
  if (scanMs !== undefined) cells.push(scanMs.toFixed(0), (scanMs / p50).toFixed(0));
  print(`${name.padEnd(44)}${cells.map((cell, n) => cell.padStart(n === 0 ? 6 : 10)).join('')}`);
}

function rounded(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)]));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
