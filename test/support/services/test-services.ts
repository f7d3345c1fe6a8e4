import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { startPrivatePostgres, startPrivateRedis } from '../../../src/provision';
import { forgetStarter } from '../../../src/provision/private-state';
import { isRunning, processIdentity } from '../../../src/provision/process-identity';
import { roomyMemory } from '../memory';
import { withFileLock } from './file-lock';

/** One PostgreSQL and one Redis for all tests of a checkout. */
export interface TestServices {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

const HOME = resolve(__dirname, '../../../.dce/test');
const USERS = join(HOME, 'users');
const LOCK = join(HOME, 'lock');
const FILE = join(HOME, 'services.json');

/** Where they keep their data. */
interface RunningServices extends TestServices {
  readonly home: string;
}

/** Who runs the tests: set by the set-up of the run, so that all its processes are one user. */
const RUN = 'DCE_TEST_RUN';
export const REDIS_DATABASES = 512;

/**
 * The services of this checkout, started by the first test that asks and shared by every run that is
 * under way; `DCE_TEST_DATABASE_URL` and `DCE_TEST_REDIS_URL` name others.
 */
export async function testServices(): Promise<TestServices> {
  const { DCE_TEST_DATABASE_URL: databaseUrl, DCE_TEST_REDIS_URL: redisUrl } = process.env;
  if (databaseUrl && redisUrl) return { databaseUrl, redisUrl };
  mkdirSync(USERS, { recursive: true });
  return withFileLock(LOCK, async () => {
    const shared = othersUse() ? remembered() : undefined;
    const own = shared ?? (await start());
    writeFileSync(join(USERS, currentRun()), '');
    return { databaseUrl: databaseUrl || own.databaseUrl, redisUrl: redisUrl || own.redisUrl };
  });
}

/** Called when a run begins, in the process that outlives all its tests. */
export function beginRun(): void {
  process.env[RUN] = processIdentity(process.pid) ?? String(process.pid);
}

/** Called when that run ends: who uses the services last stops them. */
export async function endRun(): Promise<void> {
  if (!users().includes(currentRun())) return;
  await withFileLock(LOCK, async () => {
    rmSync(join(USERS, currentRun()), { force: true });
    if (othersUse()) return;
    const home = remembered()?.home ?? HOME;
    rmSync(FILE, { force: true });
    forgetStarters(home);
    const services = await Promise.all([startPrivatePostgres(home), startPrivateRedis(home)]);
    for (const service of services) await service.stop();
    if (home !== HOME) rmSync(home, { recursive: true, force: true });
  });
}

async function start(): Promise<RunningServices> {
  const home = roomyHome();
  forgetStarters(home);
  // Nobody will miss this data, so nothing waits for a disk.
  const [postgres, redis] = await Promise.all([
    startPrivatePostgres(home, {
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
    }),
    startPrivateRedis(home, { settings: { appendonly: 'no', databases: REDIS_DATABASES } }),
  ]);
  const services = { databaseUrl: postgres.url, redisUrl: redis.url, home };
  await dropLeftovers(services.databaseUrl);
  writeFileSync(FILE, JSON.stringify(services), { mode: 0o600 });
  return services;
}

/** A database is made for nearly every test: in memory, where there is plenty, that takes a third of the time. */
function roomyHome(): string {
  const memory = roomyMemory();
  if (memory === undefined) return HOME;
  const home = join(memory, `dce-test-${createHash('sha256').update(HOME).digest('hex').slice(0, 12)}`);
  mkdirSync(home, { recursive: true });
  return home;
}

/** The test that started them may live on; who uses them is known better here. */
function forgetStarters(home: string): void {
  for (const service of ['postgres', 'redis']) forgetStarter(join(home, `${service}.json`));
}

/** Databases of runs that were killed. */
async function dropLeftovers(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database where datname like 'test\\_%' or datname like 'template\\_%'`,
    );
    for (const { name } of rows) await client.query(`drop database if exists "${name}" with (force)`);
  } finally {
    await client.end();
  }
}

function remembered(): RunningServices | undefined {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as RunningServices;
  } catch {
    return undefined;
  }
}

function currentRun(): string {
  return process.env[RUN] ?? processIdentity(process.pid) ?? String(process.pid);
}

function users(): string[] {
  try {
    return readdirSync(USERS);
  } catch {
    return [];
  }
}

/** Whether a run that is under way uses the services; those that were killed are forgotten. */
function othersUse(): boolean {
  let used = false;
  for (const run of users()) {
    if (isRunning(run)) used = true;
    else rmSync(join(USERS, run), { force: true });
  }
  return used;
}
