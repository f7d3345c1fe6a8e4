import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startPrivateRedis } from '../../src/provision';
import { testServices } from './services/test-services';

/** A Redis of one test file: nobody else sees its keys. */
export interface TestRedis {
  readonly url: string;
  /** Forgets everything in it, and ends it when it is a server of its own. */
  drop(): Promise<void>;
}

/** Hands out numbers of databases; lives in database 0, which nobody gets. */
const COUNTER = 'dce-test-databases';

/**
 * Gives one empty database of the shared server. Channels of publish/subscribe are the server's, not
 * the database's: who needs those for himself, or stops Redis, asks for {@link ownTestRedis}.
 */
export async function testRedis(): Promise<TestRedis> {
  const { redisUrl } = await testServices();
  const number = await using(redisUrl, async (redis) => {
    const [, count] = (await redis.config('GET', 'databases')) as [string, string];
    return 1 + ((await redis.incr(COUNTER)) % (Number(count) - 1));
  });
  const url = new URL(redisUrl);
  url.pathname = `/${number}`;
  const empty = (): Promise<unknown> => using(url.href, (redis) => redis.flushdb());
  await empty();
  return { url: url.href, drop: async () => void (await empty()) };
}

/** A server of the test's own, in a folder of its own. */
export interface OwnTestRedis extends TestRedis {
  /** Ends the server, keeping its data. */
  stop(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
}

export async function ownTestRedis(): Promise<OwnTestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-test-redis-'));
  let service = await startPrivateRedis(folder);
  return {
    url: service.url,
    stop: () => service.stop(),
    start: async () => {
      service = await startPrivateRedis(folder);
    },
    drop: async () => {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function using<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
