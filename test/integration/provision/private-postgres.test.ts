import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { PrivateService } from '../../../src/provision';
import { startPrivatePostgres } from '../../../src/provision';
import { processIdentity } from '../../../src/provision/process-identity';
import { until } from '../../support/until';

/** Made once: a new cluster takes seconds. */
const dataDir = mkdtempSync(join(tmpdir(), 'dce-postgres-'));
let service: PrivateService | undefined;

afterEach(async () => {
  await service?.stop();
  service = undefined;
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function query<T extends object>(url: string, text: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

async function start(): Promise<PrivateService> {
  service = await startPrivatePostgres(dataDir);
  return service;
}

const pidFile = (): string => join(dataDir, 'postgres/postmaster.pid');
const postmaster = (): number => Number(readFileSync(pidFile(), 'utf8').split('\n', 1)[0]);

/** A process that is not us claims the folder as its own. */
function startedBy(pid: number): void {
  const file = join(dataDir, 'postgres.json');
  const state = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...state, starter: processIdentity(pid) ?? `${pid}:0` }));
}

test('keeps its data and its address from start to start, and writes to the disk what is committed', async () => {
  const first = await start();
  await query(first.url, `drop table if exists kept; create table kept as select 'money' as what`);
  const [safe] = await query(
    first.url,
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
       current_setting('listen_addresses') as listens`,
  );
  expect(safe).toEqual({ fsync: 'on', commit: 'on', listens: '127.0.0.1' });
  await first.stop();
  expect(existsSync(pidFile())).toBe(false);
  const second = await start();
  expect(second.url).toBe(first.url);
  expect(await query(second.url, 'select what from kept')).toEqual([{ what: 'money' }]);
});

test('a server whose starter was killed is taken over', async () => {
  const first = await start();
  const pid = postmaster();
  startedBy(2 ** 22 + 1);
  const second = await start();
  expect(second.url).toBe(first.url);
  expect(postmaster()).toBe(pid);
});

test('a folder in use by another running exchange is refused, and its server runs on', async () => {
  const first = await start();
  startedBy(process.ppid);
  await expect(startPrivatePostgres(dataDir)).rejects.toThrow(
    `an exchange runs on ${dataDir} already (process ${process.ppid}): stop it, or set DCE_DATA_DIR to another folder`,
  );
  expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('after kill -9 of the server the next start recovers what was committed', async () => {
  const first = await start();
  await query(first.url, `drop table if exists kept; create table kept as select 'money' as what`);
  const pid = postmaster();
  process.kill(pid, 'SIGKILL');
  await until('the server to be gone', () => !existsSync(`/proc/${pid}`));
  expect(existsSync(pidFile())).toBe(true);
  const second = await start();
  expect(await query(second.url, 'select what from kept')).toEqual([{ what: 'money' }]);
});

test('a pid file that names somebody else since a reboot is not believed', async () => {
  const first = await start();
  const text = readFileSync(pidFile(), 'utf8');
  await first.stop();
  writeFileSync(pidFile(), text.replace(/^\d+/, String(process.pid)));
  const second = await start();
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a port that was taken since the last start is exchanged for another', async () => {
  const first = await start();
  const { port } = new URL(first.url);
  await first.stop();
  const squatter: Server = createServer();
  await new Promise<void>((resolve) => squatter.listen(Number(port), '127.0.0.1', resolve));
  try {
    const second = await start();
    expect(new URL(second.url).port).not.toBe(String((squatter.address() as AddressInfo).port));
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
});

test('a lost password file costs the password, not the data', async () => {
  const first = await start();
  await query(first.url, `drop table if exists kept; create table kept as select 'money' as what`);
  await first.stop();
  rmSync(join(dataDir, 'postgres.json'));
  const second = await start();
  expect(new URL(second.url).password).not.toBe(new URL(first.url).password);
  expect(await query(second.url, 'select what from kept')).toEqual([{ what: 'money' }]);
});

test('data of another major version is refused untouched', async () => {
  await (await start()).stop();
  const file = join(dataDir, 'postgres/PG_VERSION');
  const version = readFileSync(file, 'utf8');
  writeFileSync(file, '12\n');
  await expect(start()).rejects.toThrow(/was written by PostgreSQL 12 and this is \d+: dump it/);
  writeFileSync(file, version);
  const { url } = await start();
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('nobody else can read what opens it', async () => {
  await start();
  const modes = execFileSync('stat', ['-c', '%a', join(dataDir, 'postgres.json'), join(dataDir, 'postgres')]);
  expect(modes.toString('utf8')).toBe('600\n700\n');
});
