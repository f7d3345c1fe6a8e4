/**
 * How many requests a second the API answers, how late the slowest, and what of a processor each costs, for getting,
 * listing and creating campaigns with an API key. Beside it in the same run: a bare Express that answers with the
 * same bytes, and an Express that does nothing but read and write the same rows of the same PostgreSQL, which says
 * how much of the way is PostgreSQL's. The API is as a switch has it (authentication, limits in Redis, metrics, log,
 * audit log, PostgreSQL). Each server is a process of its own, and so is whoever asks. PostgreSQL (which waits for
 * its disk at every commit) and Redis are started for it on this machine. Where all of them share few processors,
 * requests a second say how these are shared; the processor time of a request says what it costs.
 * Prints a table, and as its last line one JSON object. Nothing here is a pass or fail.
 *
 * `npm run bench:api -- [seconds of each measurement] [operations, separated by commas]`;
 * `DCE_BENCH_PROFILE=<folder>` leaves CPU profiles there.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPrivatePostgres, startPrivateRedis } from '../../src/provision';
import { createApiKey, Database, migrateUp, readMigrations } from '../../src/storage';
import type { Load, Loaded } from './api/load';

const OPERATIONS = ['get', 'list', 'create'] as const;
type What = (typeof OPERATIONS)[number];
const SERVERS = ['product', 'plain', 'bare'] as const;
type Name = (typeof SERVERS)[number];
const LABELS: Readonly<Record<Name, string>> = {
  product: 'the API',
  plain: 'Express and PostgreSQL alone',
  bare: 'bare Express',
};

const SECONDS = Number(process.argv[2] ?? 6);
const ASKED = (process.argv[3]?.split(',') ?? OPERATIONS) as readonly What[];
const WARM_UP_SECONDS = 2;
const CONNECTIONS = 32;
const CAMPAIGNS = 200;
const LISTED = 20;
/** Of the clock by which the kernel counts the time of processes: USER_HZ. */
const TICK_MICROS = 10_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Figures extends Loaded {
  /** Processor time of a request, microseconds: of the server, and of PostgreSQL (0 where it cannot be read). */
  readonly serverMicros: number;
  readonly postgresMicros: number;
}

interface Server {
  readonly name: Name;
  readonly url: string;
  readonly child: ChildProcess;
}

const nameOf = (n: number): string => `campaign-${String(n).padStart(3, '0')}`;
const all = Array.from({ length: CAMPAIGNS }, (_, n) => nameOf(n));
/** No two neighbours ask for the same. */
const PATHS: Readonly<Record<What, readonly string[]>> = {
  get: all.map((id) => `/api/v1/campaigns/${id}`),
  list: [`/api/v1/campaigns?limit=${LISTED}`],
  create: ['/api/v1/campaigns'],
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
  const database = new Database({
    url: postgres.url,
    poolSize: 2,
    statementTimeoutMs: 60_000,
    connectTimeoutMs: 5_000,
  });
  const children: ChildProcess[] = [];
  try {
    await migrateUp(database, readMigrations(join(__dirname, '../../../../migrations')));
    const key = await createApiKey(database, 'operator', 'bench', ['*']);
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, LOG_FILE: join(folder, 'api.log') };
    const product = await start(children, 'product', env);
    for (const id of all) await ask(product, key, 'create', campaign(id));
    const answers = {
      get: await ask(product, key, 'get'),
      list: await ask(product, key, 'list'),
      create: await ask(product, key, 'create', campaign()),
    };
    const servers = [
      product,
      await start(children, 'plain', env),
      await start(children, 'bare', { ANSWERS: JSON.stringify(answers) }),
    ];
    const asker = fork(join(__dirname, 'api', 'load.js'));
    children.push(asker);
    const results = new Map<What, Map<Name, Figures>>();
    for (const what of ASKED) {
      const figures = new Map<Name, Figures>();
      for (const server of servers)
        figures.set(server.name, await measure(server, asker, database, key, what));
      results.set(what, figures);
    }
    report(results);
  } finally {
    for (const child of children) child.disconnect();
    await database.close();
    await redis.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(children: ChildProcess[], name: Name, env: NodeJS.ProcessEnv): Promise<Server> {
  const profiles = process.env['DCE_BENCH_PROFILE'];
  const child = fork(join(__dirname, 'api', `${name}.js`), {
    env: { ...process.env, ...env, NODE_ENV: 'production' },
    execArgv:
      profiles === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`],
  });
  children.push(child);
  const port = await answerOf(child);
  return { name, child, url: `http://127.0.0.1:${Number(port)}` };
}

/** What a process says next. */
async function answerOf(child: ChildProcess, asked?: object): Promise<unknown> {
  const ended = new AbortController();
  const gone = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('a process of the measurement ended');
  });
  try {
    const said = once(child, 'message') as Promise<[unknown]>;
    if (asked) child.send(asked);
    return (await Promise.race([said, gone]))[0];
  } finally {
    ended.abort();
    gone.catch(() => undefined);
  }
}

async function ask({ url }: Server, key: string, what: What, body?: object): Promise<string> {
  const response = await fetch(`${url}${PATHS[what][0]}`, {
    method: what === 'create' ? 'POST' : 'GET',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  return response.text();
}

async function measure(
  { url, child }: Server,
  asker: ChildProcess,
  database: Database,
  key: string,
  what: What,
): Promise<Figures> {
  const load = async (seconds: number): Promise<Loaded> => {
    const asked: Load = {
      ...{ url, key, paths: PATHS[what], connections: CONNECTIONS, seconds },
      ...(what === 'create' ? { method: 'POST', body: campaign() } : { method: 'GET' }),
    };
    return (await answerOf(asker, asked)) as Loaded;
  };
  await load(WARM_UP_SECONDS);
  const used = async (): Promise<number> => Number(await answerOf(child, {}));
  const [serverBefore, postgresBefore] = [await used(), await timesOfPostgres(database)];
  const loaded = await load(SECONDS);
  const [serverAfter, postgresAfter] = [await used(), await timesOfPostgres(database)];
  if (loaded.wrong > 0) throw new Error(`${what}: ${loaded.wrong} answers were not as they should be`);
  return {
    ...loaded,
    serverMicros: (serverAfter - serverBefore) / loaded.answered,
    postgresMicros: usedBetween(postgresBefore, postgresAfter) / loaded.answered,
  };
}

/** Processor time until now, in microseconds, of each of PostgreSQL's processes that serve somebody. */
async function timesOfPostgres(database: Database): Promise<Map<number, number>> {
  const { rows } = await database.query<{ pid: number }>(
    `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  return new Map(rows.map(({ pid }) => [pid, timeOf(pid)]));
}

/** What was used between: of those that are there still. */
function usedBetween(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  return [...after].reduce((sum, [pid, micros]) => sum + micros - (before.get(pid) ?? 0), 0);
}

/** proc_pid_stat(5): utime and stime are the fields 14 and 15, counted before the name, which may hold blanks. */
function timeOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
  } catch {
    return 0;
  }
}

function report(results: ReadonlyMap<What, ReadonlyMap<Name, Figures>>): void {
  const of = (what: What, name: Name): Figures => results.get(what)?.get(name) ?? NOT_ASKED;
  const column = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width);
  print('');
  print(
    '                                          req/s   p50 ms   p99 ms   server µs   PostgreSQL µs   of bare',
  );
  for (const what of results.keys()) {
    for (const name of SERVERS) {
      const { perSecond, p50Ms, p99Ms, serverMicros, postgresMicros } = of(what, name);
      const ratio = perSecond / of(what, 'bare').perSecond;
      print(
        [
          what.padEnd(8) + LABELS[name].padEnd(30),
          column(perSecond, 9) + column(p50Ms, 9, 1) + column(p99Ms, 9, 1),
          column(serverMicros, 12) + column(postgresMicros, 16) + column(ratio, 10, 3),
        ].join(''),
      );
    }
  }
  const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
  const ratioOf = (what: What, to: Name = 'bare'): number =>
    rounded(of(what, 'product').perSecond / of(what, to).perSecond);
  const microsOf = (what: What): number => Math.round(of(what, 'product').serverMicros);
  const perSecondOf = (what: What): number => Math.round(of(what, 'product').perSecond);
  print(
    JSON.stringify({
      ratioToBareExpress: ratioOf('get'),
      p99Ms: of('get', 'product').p99Ms,
      getPerSecond: perSecondOf('get'),
      listPerSecond: perSecondOf('list'),
      createPerSecond: perSecondOf('create'),
      listRatio: ratioOf('list'),
      createRatio: ratioOf('create'),
      listP99Ms: of('list', 'product').p99Ms,
      createP99Ms: of('create', 'product').p99Ms,
      getRatioToPlainSql: ratioOf('get', 'plain'),
      listRatioToPlainSql: ratioOf('list', 'plain'),
      createRatioToPlainSql: ratioOf('create', 'plain'),
      getMicros: microsOf('get'),
      listMicros: microsOf('list'),
      createMicros: microsOf('create'),
    }),
  );
}

const NOT_ASKED: Figures = {
  ...{ answered: 0, perSecond: NaN, p50Ms: NaN, p99Ms: NaN, wrong: 0 },
  ...{ serverMicros: NaN, postgresMicros: NaN },
};

void main();
