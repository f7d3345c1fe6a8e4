/**
 * How many requests a second the API answers, and how late the slowest, for getting, listing and creating
 * campaigns with an API key, beside a bare Express that answers with the same bytes in the same run. The API is as
 * a switch has it (authentication, limits in Redis, metrics, log, audit log, PostgreSQL), in a process of its own;
 * so is whoever asks. PostgreSQL (which waits for its disk at every commit) and Redis are started for it on this
 * machine. Prints a table, and as its last line one JSON object. Nothing here is a pass or fail.
 *
 * `npm run bench:api -- [seconds of each measurement]`; `DCE_BENCH_PROFILE=<folder>` leaves CPU profiles there.
 */
import { execFile, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPrivatePostgres, startPrivateRedis } from '../../src/provision';
import { createApiKey, Database, migrateUp, readMigrations } from '../../src/storage';

const SECONDS = Number(process.argv[2] ?? 6);
const WARM_UP_SECONDS = 2;
const CONNECTIONS = 32;
const CAMPAIGNS = 200;
const LISTED = 20;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const run = promisify(execFile);

type What = 'get' | 'list' | 'create';
interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly wrong: number;
}

const PATHS: Readonly<Record<What, string>> = {
  get: '/api/v1/campaigns/campaign-100',
  list: `/api/v1/campaigns?limit=${LISTED}`,
  create: '/api/v1/campaigns',
};
const campaign = (id?: string): Record<string, unknown> => ({
  ...(id === undefined ? {} : { id }),
  name: 'A campaign',
  status: 'active',
  reservePrice: 10_000_000,
  payout: { kind: 'per_call', amount: 8_000_000, afterMs: 30_000 },
});

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-bench-api-'));
  const postgres = await startPrivatePostgres(join(folder, 'postgres'));
  const redis = await startPrivateRedis(join(folder, 'redis'));
  const children: ChildProcess[] = [];
  try {
    const key = await prepare(postgres.url);
    const product = await start(children, 'product', {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      LOG_FILE: join(folder, 'api.log'),
    });
    for (let n = 0; n < CAMPAIGNS; n++) await ask(product, key, 'create', campaign(`campaign-${n}`));
    const bare = await start(children, 'bare', {
      ANSWERS: JSON.stringify({
        get: await ask(product, key, 'get'),
        list: await ask(product, key, 'list'),
        create: await ask(product, key, 'create', campaign()),
      }),
    });
    const results = new Map<What, { product: Figures; bare: Figures }>();
    for (const what of ['get', 'list', 'create'] as const) {
      results.set(what, { product: await measure(product, key, what), bare: await measure(bare, key, what) });
    }
    report(results);
  } finally {
    for (const child of children) child.disconnect();
    await redis.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the key that asks */
async function prepare(url: string): Promise<string> {
  const db = new Database({ url, poolSize: 2, statementTimeoutMs: 60_000, connectTimeoutMs: 5_000 });
  try {
    await migrateUp(db, readMigrations(join(__dirname, '../../../../migrations')));
    return await createApiKey(db, 'operator', 'bench', ['*']);
  } finally {
    await db.close();
  }
}

/** @returns where it listens */
async function start(children: ChildProcess[], name: string, env: NodeJS.ProcessEnv): Promise<string> {
  const profiles = process.env['DCE_BENCH_PROFILE'];
  const child = fork(join(__dirname, 'api', `${name}.js`), {
    env: { ...process.env, ...env, NODE_ENV: 'production' },
    execArgv:
      profiles === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`],
  });
  children.push(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(Number(message)));
    child.once('exit', () => reject(new Error(`${name} does not start`)));
  });
  return `http://127.0.0.1:${port}`;
}

async function ask(url: string, key: string, what: What, body?: object): Promise<string> {
  const response = await fetch(url + PATHS[what], {
    method: what === 'create' ? 'POST' : 'GET',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  return response.text();
}

/** What autocannon, in a process of its own, gets answered. */
async function measure(url: string, key: string, what: What): Promise<Figures> {
  const body = what === 'create' ? ['-m', 'POST', '-b', JSON.stringify(campaign())] : [];
  const load = async (seconds: number): Promise<Figures> => {
    const { stdout } = await run(process.execPath, [
      createRequire(__filename).resolve('autocannon'),
      ...['-j', '-n', '-c', String(CONNECTIONS), '-d', String(seconds)],
      ...['-H', `X-API-Key=${key}`, '-H', 'Content-Type=application/json'],
      ...body,
      url + PATHS[what],
    ]);
    const result = JSON.parse(stdout) as {
      requests: { average: number };
      latency: { p50: number; p99: number };
      non2xx: number;
      errors: number;
    };
    const { requests, latency, non2xx, errors } = result;
    return { perSecond: requests.average, p50Ms: latency.p50, p99Ms: latency.p99, wrong: non2xx + errors };
  };
  await load(WARM_UP_SECONDS);
  const figures = await load(SECONDS);
  if (figures.wrong > 0) throw new Error(`${what}: ${figures.wrong} answers were not as they should be`);
  return figures;
}

function report(results: ReadonlyMap<What, { product: Figures; bare: Figures }>): void {
  print('');
  print('            API req/s    p50 ms    p99 ms   bare req/s    p99 ms     ratio');
  const column = (value: number, width: number, digits: number): string =>
    value.toFixed(digits).padStart(width);
  const ratioOf = (what: What): number => {
    const { product, bare } = results.get(what) ?? fail(what);
    return product.perSecond / bare.perSecond;
  };
  for (const [what, { product, bare }] of results) {
    print(
      [
        what.padEnd(8),
        column(product.perSecond, 13, 0) + column(product.p50Ms, 10, 1) + column(product.p99Ms, 10, 1),
        column(bare.perSecond, 13, 0) + column(bare.p99Ms, 10, 1) + column(ratioOf(what), 10, 3),
      ].join(''),
    );
  }
  const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
  const of = (what: What): Figures => (results.get(what) ?? fail(what)).product;
  print(
    JSON.stringify({
      ratioToBareExpress: rounded(ratioOf('get')),
      p99Ms: of('get').p99Ms,
      getPerSecond: Math.round(of('get').perSecond),
      listPerSecond: Math.round(of('list').perSecond),
      createPerSecond: Math.round(of('create').perSecond),
      listRatio: rounded(ratioOf('list')),
      createRatio: rounded(ratioOf('create')),
      listP99Ms: of('list').p99Ms,
      createP99Ms: of('create').p99Ms,
    }),
  );
}

function fail(what: string): never {
  throw new Error(`${what} was not measured`);
}

void main();
