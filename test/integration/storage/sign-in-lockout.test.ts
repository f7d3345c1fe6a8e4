import type { Redis } from 'ioredis';
import { openRedis, SignInLockout } from '../../../src/storage';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

let own: TestRedis;
let redis: Redis;
let away: Redis;
let now = 0;

beforeAll(async () => {
  own = await testRedis();
  redis = openRedis(own.url);
  away = openRedis(own.url);
  await until('redis is there', () => redis.status === 'ready' && away.status === 'ready');
  away.disconnect();
});
afterAll(async () => {
  redis.disconnect();
  await own.drop();
});

let names = 0;
const place = (): string => `192.0.2.${++names}`;
const somebody = (address = place()) => ({ username: `user-${++names}`, address });

describe.each(['in Redis', 'without Redis'])('%s', (where) => {
  const lockout = (): SignInLockout => new SignInLockout(where === 'in Redis' ? redis : away, () => now);

  test('some failures are free, and then each pause is longer than the one before', async () => {
    const guard = lockout();
    const attempt = somebody();
    for (let i = 0; i < 5; i++) expect((await guard.take(attempt)).waitMs).toBe(0);
    const { waitMs } = await guard.take(attempt);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(1_000);
  });

  test('many at once are no more than one after another', async () => {
    const guard = lockout();
    const attempt = somebody();
    const turns = await Promise.all(Array.from({ length: 50 }, () => guard.take(attempt)));
    expect(turns.filter(({ waitMs }) => waitMs === 0)).toHaveLength(5);
  });

  test('who gets it right begins anew', async () => {
    const guard = lockout();
    const attempt = somebody();
    for (let i = 0; i < 20; i++) {
      const turn = await guard.take(attempt);
      expect(turn.waitMs).toBe(0);
      await turn.right();
    }
  });

  test('a try that was none counts for nothing', async () => {
    const guard = lockout();
    const attempt = somebody();
    for (let i = 0; i < 50; i++) {
      const turn = await guard.take(attempt);
      expect(turn.waitMs).toBe(0);
      await turn.giveBack();
    }
  });

  test('an address that tries many users is stopped, and others are not', async () => {
    const guard = lockout();
    const address = place();
    const waits: number[] = [];
    for (let i = 0; i < 40; i++) waits.push((await guard.take(somebody(address))).waitMs);
    expect(waits.filter((wait) => wait === 0)).toHaveLength(30);
    expect((await guard.take(somebody())).waitMs).toBe(0);
  });

  test('a whole office that signs in is not stopped by the failures of some', async () => {
    const guard = lockout();
    const address = place();
    for (let i = 0; i < 29; i++) await guard.take(somebody(address));
    for (let i = 0; i < 60; i++) {
      const turn = await guard.take(somebody(address));
      expect(turn.waitMs).toBe(0);
      await turn.right();
    }
  });

  test('a user that is tried from everywhere is not tried for ever', async () => {
    const guard = lockout();
    const { username } = somebody();
    const waits: number[] = [];
    for (let i = 0; i < 40; i++) waits.push((await guard.take({ username, address: place() })).waitMs);
    expect(waits.filter((wait) => wait === 0)).toHaveLength(20);
  });

  test('a new password is the end of what was counted', async () => {
    const guard = lockout();
    const attempt = somebody();
    for (let i = 0; i < 5; i++) await guard.take(attempt);
    await guard.forget(attempt.username);
    expect((await guard.take(attempt)).waitMs).toBe(0);
  });
});

test('nobody is locked out of where they signed in by what others do', async () => {
  const guard = new SignInLockout(redis, () => now);
  const attempt = somebody();
  await (await guard.take(attempt)).right();
  for (let i = 0; i < 40; i++) await guard.take({ username: attempt.username, address: place() });
  for (let i = 0; i < 40; i++) await guard.take(somebody(attempt.address));
  expect((await guard.take({ username: attempt.username, address: place() })).waitMs).toBeGreaterThan(0);
  expect((await guard.take(attempt)).waitMs).toBe(0);
  await guard.forget(attempt.username);
  expect((await guard.take(attempt)).waitMs).toBeGreaterThan(0);
});

test('pauses double, up to a limit', async () => {
  const guard = new SignInLockout(away, () => now);
  const attempt = somebody();
  const pauses: number[] = [];
  for (let i = 0; i < 18; i++) {
    expect((await guard.take(attempt)).waitMs).toBe(0);
    const { waitMs } = await guard.take(attempt);
    if (waitMs > 0) pauses.push(waitMs);
    now += waitMs;
  }
  expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(pauses.at(-1)).toBe(300_000);
});

test('what one node counts, another knows', async () => {
  const attempt = somebody();
  const here = new SignInLockout(redis, () => now);
  for (let i = 0; i < 5; i++) await here.take(attempt);
  expect((await new SignInLockout(redis, () => now).take(attempt)).waitMs).toBeGreaterThan(0);
});
