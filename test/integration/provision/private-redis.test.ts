import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { PrivateService } from '../../../src/provision';
import { startPrivateRedis } from '../../../src/provision';
import { processIdentity } from '../../../src/provision/process-identity';
import { until } from '../../support/until';

let dataDir: string;
let service: PrivateService | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'dce-redis-'));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<PrivateService> {
  service = await startPrivateRedis(dataDir);
  return service;
}

async function using<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => null });
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const serverPid = (): number => Number(readFileSync(join(dataDir, 'redis/redis.pid'), 'utf8'));
const gone = (pid: number): boolean => !existsSync(`/proc/${pid}`);

test('keeps its data and its address, evicts nothing, and listens on loopback alone', async () => {
  const first = await start();
  await using(first.url, (redis) => redis.set('kept', 'job'));
  const settings = await using(first.url, (redis) =>
    redis.config('GET', 'maxmemory-policy', 'bind', 'appendfsync'),
  );
  expect(settings).toEqual(
    expect.arrayContaining([
      'maxmemory-policy',
      'noeviction',
      'bind',
      '127.0.0.1',
      'appendfsync',
      'everysec',
    ]),
  );
  const pid = serverPid();
  await first.stop();
  await until('the server to be gone', () => gone(pid));
  const second = await start();
  expect(second.url).toBe(first.url);
  expect(await using(second.url, (redis) => redis.get('kept'))).toBe('job');
});

test('refuses who does not know its password, which no list of processes shows', async () => {
  const { url } = await start();
  const { password, host } = new URL(url);
  await using(`redis://${host}`, async (redis) => {
    redis.on('error', () => undefined);
    await expect(redis.get('any')).rejects.toThrow();
  });
  expect(readFileSync(`/proc/${serverPid()}/cmdline`, 'utf8')).not.toContain(password);
  expect(statSync(join(dataDir, 'redis/redis.conf')).mode & 0o077).toBe(0);
});

test('a server whose starter was killed is taken over', async () => {
  const first = await start();
  const pid = serverPid();
  const second = await start();
  expect(second.url).toBe(first.url);
  expect(serverPid()).toBe(pid);
});

test('after kill -9 of the server the next start has what was written a second before', async () => {
  const first = await start();
  await using(first.url, async (redis) => {
    await redis.set('kept', 'job');
    // Waits for the journal to be on the disk.
    await redis.call('WAITAOF', '1', '0', '2000').catch(() => redis.bgrewriteaof());
  });
  const pid = serverPid();
  process.kill(pid, 'SIGKILL');
  await until('the server to be gone', () => gone(pid));
  const second = await start();
  expect(await using(second.url, (redis) => redis.get('kept'))).toBe('job');
});

test('a lost password file ends the server that it opened and keeps the data', async () => {
  const first = await start();
  await using(first.url, (redis) => redis.set('kept', 'job'));
  const pid = serverPid();
  rmSync(join(dataDir, 'redis.json'));
  const second = await start();
  expect(gone(pid)).toBe(true);
  expect(await using(second.url, (redis) => redis.get('kept'))).toBe('job');
});

test('a port that was taken since the last start is exchanged for another', async () => {
  const first = await start();
  const { port } = new URL(first.url);
  await first.stop();
  const squatter: Server = createServer();
  await new Promise<void>((resolve) => squatter.listen(Number(port), '127.0.0.1', resolve));
  try {
    const second = await start();
    expect(new URL(second.url).port).not.toBe(port);
    expect(await using(second.url, (redis) => redis.ping())).toBe('PONG');
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
});

test('a machine without redis-server gets one line that says what to do', async () => {
  const program = join(dataDir, 'redis-server');
  await expect(startPrivateRedis(dataDir, { program })).rejects.toThrow(
    'redis-server is not installed: run  apt-get install redis-server  or set DCE_REDIS_URL',
  );
});

test('a folder in use by another running exchange is refused', async () => {
  await start();
  const file = join(dataDir, 'redis.json');
  const state = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...state, starter: processIdentity(process.ppid) }));
  await expect(startPrivateRedis(dataDir)).rejects.toThrow(/an exchange runs on .* already/);
});
