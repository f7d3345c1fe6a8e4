import { testDatabase } from '../../support/test-database';
import { ownTestRedis, testRedis } from '../../support/test-redis';
import { Redis } from 'ioredis';

test('databases of tests have the schema and know nothing of each other', async () => {
  const [one, other, bare] = await Promise.all([
    testDatabase(),
    testDatabase(),
    testDatabase({ migrated: false }),
  ]);
  await one.query('create table mine (n int)');
  const tables = `select count(*)::int as n from pg_tables where tablename in ('mine', 'calls')`;
  expect(await one.query(tables)).toEqual([{ n: 2 }]);
  expect(await other.query(tables)).toEqual([{ n: 1 }]);
  expect(await bare.query(tables)).toEqual([{ n: 0 }]);
  const { pathname } = new URL(one.url);
  await one.drop();
  expect(await other.query('select 1 from pg_database where datname = $1', [pathname.slice(1)])).toEqual([]);
  await Promise.all([other.drop(), bare.drop()]);
});

test('two tests never see each other’s keys', async () => {
  const [one, other] = await Promise.all([testRedis(), testRedis()]);
  const clients = [one, other].map(({ url }) => new Redis(url));
  await clients[0]?.set('mine', '1');
  expect(await clients[1]?.get('mine')).toBeNull();
  await one.drop();
  expect(await clients[0]?.get('mine')).toBeNull();
  for (const client of clients) client.disconnect();
  await other.drop();
});

test('a Redis of one’s own comes back at the same address with its data', async () => {
  const redis = await ownTestRedis();
  const client = new Redis(redis.url);
  await client.set('kept', '1');
  client.disconnect();
  await redis.stop();
  await redis.start();
  const again = new Redis(redis.url);
  expect(await again.get('kept')).toBe('1');
  again.disconnect();
  await redis.drop();
});
