import type { Redis } from 'ioredis';
import type { E164 } from '../../../src/domain';
import type { RedisCommands } from '../../../src/lookups';
import { LookupService, RedisAnswers } from '../../../src/lookups';
import { openRedis } from '../../../src/storage';
import type { OwnTestRedis } from '../../support/test-redis';
import { ownTestRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import { TestProvider } from './support/provider';

const NUMBER = '+12125550123' as E164;
const person = (n: number): E164 => `+1212555${String(n).padStart(4, '0')}` as E164;

let server: OwnTestRedis;
let redis: Redis;
let provider: TestProvider;
let now: number;
const opened: LookupService[] = [];

beforeAll(async () => {
  server = await ownTestRedis();
  redis = openRedis(server.url);
  await until('Redis', () => redis.status === 'ready');
});
afterAll(async () => {
  redis.disconnect();
  await server.drop();
});
beforeEach(async () => {
  await redis.flushall();
  provider = await new TestProvider().start();
  now = 1_700_000_000_000;
});
afterEach(async () => {
  for (const service of opened.splice(0)) service.close();
  await provider.stop();
});

/** A node with its own memory, and the Redis of all. */
function node(commands: RedisCommands = redis, monotonic: () => number = () => 0): LookupService {
  const shared = new RedisAnswers(commands, (key) => `hidden-${Buffer.from(key).toString('hex')}`, monotonic);
  const service = new LookupService(
    {
      providers: [
        {
          name: 'scrub',
          kind: 'dnc',
          url: `${provider.url}/{number}`,
          method: 'GET',
          timeoutMs: 50_000,
          maxConcurrent: 8,
          answer: { pointer: '/listed', listed: ['true'], clear: ['false'] },
          value: { pointer: '/list' },
        },
      ],
      deadlineMs: 50_000,
      ttlMs: 3_600_000,
      maxCached: 100,
    },
    {},
    { now: () => now, monotonic: () => 0 },
    shared,
  );
  opened.push(service);
  return service;
}
const keys = (): Promise<string[]> => redis.keys('*');

test('what one node asked every node knows, as old as it is', async () => {
  provider.answer = (_asked, response) => void response.end('{"listed":true,"list":"national"}');
  await node().lookup(['dnc'], NUMBER);
  await until('the answer in Redis', async () => (await keys()).length === 1);
  now += 1_000;
  const other = node();
  const expected = { answer: 'listed', value: 'national', cached: true, at: now - 1_000 };
  expect(await other.lookup(['dnc'], NUMBER)).toMatchObject([expected]);
  expect(provider.asked).toHaveLength(1);
  now += 300_000;
  expect(await node().lookup(['dnc'], NUMBER, { maxAgeMs: 300_000 })).toMatchObject([{ cached: false }]);
  expect(provider.asked).toHaveLength(2);
});

test('no number stands in Redis, and everything there ends by itself', async () => {
  await node().lookup(['dnc'], NUMBER);
  await until('the answer in Redis', async () => (await keys()).length === 1);
  const [key = ''] = await keys();
  expect(`${key} ${await redis.get(key)}`).not.toContain('2125550123');
  const left = await redis.pttl(key);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(3_600_000);
});

test('what is in Redis and not ours is as if there was nothing', async () => {
  await node().lookup(['dnc'], NUMBER);
  await until('the answer in Redis', async () => (await keys()).length === 1);
  const [key = ''] = await keys();
  for (const junk of [
    '',
    'null',
    '{}',
    '[]',
    '["unavailable",1]',
    '["clear","1"]',
    '["clear",1,2]',
    '<html>',
  ]) {
    await redis.set(key, junk);
    expect(await node().lookup(['dnc'], NUMBER)).toMatchObject([{ answer: 'clear', cached: false }]);
  }
  await redis.del(key);
  await redis.lpush(key, 'a list');
  expect(await node().lookup(['dnc'], NUMBER)).toMatchObject([{ answer: 'clear', cached: false }]);
});

test('an answer from a clock that is ahead is not from the future', async () => {
  await node().lookup(['dnc'], NUMBER);
  await until('the answer in Redis', async () => (await keys()).length === 1);
  now -= 60_000;
  expect(await node().lookup(['dnc'], NUMBER)).toMatchObject([{ cached: true, at: now }]);
});

test('without Redis each node asks for itself, and Redis is used again when it is back', async () => {
  await server.stop();
  const one = node();
  for (let n = 0; n < 8; n++) {
    expect(await one.lookup(['dnc'], person(n))).toMatchObject([{ answer: 'clear', cached: false }]);
  }
  expect(await one.lookup(['dnc'], person(0))).toMatchObject([{ answer: 'clear', cached: true }]);
  await server.start();
  await until('Redis', () => redis.status === 'ready');
  await node().lookup(['dnc'], NUMBER);
  await until('the answer in Redis', async () => (await keys()).length === 1);
});

test('a Redis that hangs is waited for a few times and then let alone', async () => {
  let asked = 0;
  const hanging: RedisCommands = {
    get: () => {
      asked++;
      return new Promise(() => undefined);
    },
    set: () => new Promise(() => undefined),
  };
  const one = node(hanging);
  for (let n = 0; n < 12; n++) {
    expect(await one.lookup(['dnc'], person(n))).toMatchObject([{ answer: 'clear', cached: false }]);
  }
  expect(asked).toBe(5);
});
