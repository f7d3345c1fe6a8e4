import { openRedis, RedisRateLimits } from '../../../src/storage';
import { cutOff } from './support/cut-off';
import type { CutOff } from './support/cut-off';
import { until } from '../../support/until';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let server: TestRedis;
let way: CutOff;
let redis: ReturnType<typeof openRedis>;
let degraded: boolean[] = [];

beforeAll(async () => {
  server = await testRedis();
  way = await cutOff(server.url);
});
beforeEach(async () => {
  way.mend();
  degraded = [];
  redis = openRedis(way.url);
  await until('Redis', () => redis.status === 'ready');
  await redis.flushdb();
});
afterEach(() => redis.disconnect());
afterAll(async () => {
  await way.close();
  await server.drop();
});

let skipped = 0;
const open = (client = redis): RedisRateLimits =>
  new RedisRateLimits(client, {
    now: () => performance.now() + skipped,
    onDegraded: (yes) => degraded.push(yes),
    waitMs: 2_000,
  });
/** Slow enough that nothing comes back while a test runs. */
const slow = (burst: number) => ({ count: 1, seconds: 86_400, burst });
const count = async (limits: RedisRateLimits, times: number, burst: number, name = 'x'): Promise<number> => {
  const all = await Promise.all(Array.from({ length: times }, async () => limits.take(name, slow(burst))));
  return all.filter(({ allowed }) => allowed).length;
};

test.each([3, 20, 500, 5_000])('two nodes together allow a burst of %i and no more', async (burst) => {
  const [one, other] = [open(), open()];
  const allowed = await Promise.all([count(one, burst, burst), count(other, burst, burst)]);
  const more = (await count(one, burst, burst)) + (await count(other, burst, burst));
  expect(allowed[0] + allowed[1] + more).toBe(burst);
  expect((await one.take('somebody else', slow(burst))).allowed).toBe(true);
  expect(degraded).toEqual([]);
});

test('most requests of somebody with much room ask nobody', async () => {
  const limits = open();
  await limits.take('x', slow(5_000));
  let asked = 0;
  for (let n = 0; n < 49; n++) if (limits.take('x', slow(5_000)) instanceof Promise) asked++;
  expect(asked).toBe(0);
  expect(limits.take('x', slow(5_000))).toBeInstanceOf(Promise);
});

test('who is refused is told for how long, and asks nobody until then', async () => {
  const limits = open();
  const limit = { count: 1, seconds: 10, burst: 1 };
  expect(await limits.take('x', limit)).toMatchObject({ allowed: true, remaining: 0 });
  const refused = await limits.take('x', limit);
  expect(refused.allowed).toBe(false);
  expect(refused.retryAfterMs).toBeGreaterThan(8_000);
  expect(refused.retryAfterMs).toBeLessThanOrEqual(10_000);
  const again = limits.take('x', limit);
  expect(again).not.toBeInstanceOf(Promise);
  expect(again).toMatchObject({ allowed: false });
});

test('what nobody needs any more Redis forgets by itself', async () => {
  const limits = open();
  await limits.take('x', { count: 60, seconds: 60, burst: 10 });
  const [key = ''] = await redis.keys('rate:*');
  const ms = await redis.pttl(key);
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(1_002);
});

describe('while Redis is away', () => {
  test('each node counts by itself, at once, in bounded memory; then together again', async () => {
    const limits = open();
    expect(await count(limits, 2, 3)).toBe(2);
    way.cut();
    await until('the connection to be lost', () => redis.status !== 'ready');
    expect(await count(limits, 20, 3)).toBe(3);
    expect(degraded).toEqual([true]);
    // Nobody waits for it.
    expect(limits.take('y', slow(3))).not.toBeInstanceOf(Promise);
    for (let n = 0; n < 30_000; n++) void limits.take(`flood-${n}`, slow(3));
    expect(limits.size).toBeLessThanOrEqual(20_001);

    way.mend();
    await until('Redis', () => redis.status === 'ready');
    skipped += 1_000;
    await limits.take('z', slow(3));
    expect(degraded).toEqual([true, false]);
    // Redis remembers what it was told.
    expect(await count(limits, 20, 3)).toBe(1);
  });

  test('that hangs is waited for once, and not for long', async () => {
    const limits = new RedisRateLimits(redis, {
      now: () => performance.now(),
      onDegraded: (yes) => degraded.push(yes),
      waitMs: 50,
    });
    way.stall();
    const first = Array.from({ length: 10 }, () => limits.take('x', slow(500)));
    expect((await Promise.all(first)).every(({ allowed }) => allowed)).toBe(true);
    expect(degraded).toEqual([true]);
    expect(limits.take('x', slow(500))).not.toBeInstanceOf(Promise);
  });
});

describe('of the API', () => {
  let api: TestApi;
  const tight = { count: 2, seconds: 60, burst: 2 };
  beforeAll(async () => {
    const client = openRedis(server.url);
    await until('Redis', () => client.status === 'ready');
    await client.flushdb();
    api = await startTestApi({
      limiter: open(client),
      limits: { callsRead: tight, admin: tight, unproven: { count: 40, seconds: 60, burst: 40 } },
    });
    const { close } = api;
    api = { ...api, close: async () => close().finally(() => client.disconnect()) };
  });
  afterAll(() => api.close());

  test('each kind of request is counted apart, of whoever asks', async () => {
    const other = await api.keyWith('*');
    const statuses = async (path: string, key = api.admin): Promise<number[]> => {
      const all = [];
      for (let n = 0; n < 3; n++) all.push((await api.ask('GET', path, { key })).status);
      return all;
    };
    expect(await statuses('/api/v1/calls')).toEqual([200, 200, 429]);
    expect(await statuses('/api/v1/calls/live')).toEqual([429, 429, 429]);
    expect(await statuses('/api/v1/accounts')).toEqual([200, 200, 200]);
    expect(await statuses('/api/v1/calls', other)).toEqual([200, 200, 429]);
    const verify = () => api.ask('POST', '/api/v1/audit/verify', { body: {} });
    expect([await verify(), await verify(), await verify()].map(({ status }) => status)).toEqual([
      200, 200, 429,
    ]);
    const { headers, body } = await verify();
    expect(headers.get('ratelimit-policy')).toBe('"admin";q=2;w=60');
    expect(headers.get('ratelimit')).toMatch(/^"admin";r=0;t=\d+$/);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body['code']).toBe('too_many_requests');
  });

  test('who shows one secret after another is counted of its address, and asks nobody of the database', async () => {
    const from = (key: string | null, address: string) =>
      api.ask('GET', '/api/v1/accounts', { key, headers: { 'X-Forwarded-For': address } });
    const statuses = [];
    for (let n = 0; n < 45; n++) statuses.push((await from(`dce_guess-${n}`, '198.51.100.50')).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(40);
    expect(statuses.slice(40)).toEqual([429, 429, 429, 429, 429]);
    expect((await from(null, '198.51.100.50')).status).toBe(429);
    expect((await from(null, '198.51.100.51')).status).toBe(401);
    // Whoever is known is not held up by who shares the address.
    expect((await from(api.admin, '198.51.100.50')).status).toBe(200);
  });
});
