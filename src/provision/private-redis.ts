import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port';
import type { PrivateService } from './private-postgres';
import { readState, writeState } from './private-state';

interface State {
  readonly port: number;
  readonly password: string;
}

const START_MS = 10_000;

/**
 * Starts a Redis of our own from the PATH; one that still runs (its starter was killed) is taken over.
 * @throws Error in one line that says what to do
 */
export async function startPrivateRedis(dataDir: string): Promise<PrivateService> {
  const folder = join(resolve(dataDir), 'redis');
  mkdirSync(folder, { recursive: true });
  const stateFile = join(resolve(dataDir), 'redis.json');
  const remembered = readState<State>(stateFile);
  if (remembered && (await answers(urlOf(remembered)))) return service(remembered);
  const state: State = {
    port: await freePort(remembered?.port),
    password: remembered?.password ?? randomBytes(18).toString('base64url'),
  };
  writeState(stateFile, state);
  const log = openSync(join(folder, 'server.log'), 'a');
  const args = [
    '--port',
    String(state.port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--requirepass',
    state.password,
  ];
  args.push(
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
  );
  let failure = '';
  const child = spawn('redis-server', args, { stdio: ['ignore', log, log], detached: true });
  child.once('error', () => {
    failure = 'redis-server is not installed: apt-get install redis-server, or set DCE_REDIS_URL';
  });
  child.once('exit', (code) => {
    failure ||= `redis-server ended with code ${code}: see ${join(folder, 'server.log')}`;
  });
  child.unref();
  const deadline = Date.now() + START_MS;
  while (!(await answers(urlOf(state)))) {
    if (failure !== '') throw new Error(failure);
    if (Date.now() > deadline)
      throw new Error(`redis-server does not answer: see ${join(folder, 'server.log')}`);
    await new Promise((wait) => setTimeout(wait, 50));
  }
  return service(state);
}

function urlOf({ port, password }: State): string {
  return `redis://:${password}@127.0.0.1:${port}/0`;
}

function client(url: string): Redis {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1_000 });
  redis.on('error', () => undefined);
  return redis;
}

async function answers(url: string): Promise<boolean> {
  const redis = client(url);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

function service(state: State): PrivateService {
  return {
    url: urlOf(state),
    stop: async () => {
      const redis = client(urlOf(state));
      try {
        await redis.connect();
        await redis.shutdown('SAVE');
      } catch {
        // It closes the connection instead of answering.
      } finally {
        redis.disconnect();
      }
    },
  };
}
