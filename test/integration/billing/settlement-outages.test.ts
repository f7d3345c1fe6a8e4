import type { Redis } from 'ioredis';
import { DeadLetters } from '../../../src/billing';
import { openRedis } from '../../../src/storage';
import { endedRecord } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import { until } from '../../support/until';
import { theBooks } from './support/books';
import { SettlementRoom } from './support/settlement-room';

let room: SettlementRoom;

beforeEach(async () => {
  room = await SettlementRoom.open();
});
afterEach(() => room.close());

/** A Redis that can be taken away. */
async function farRedis(): Promise<{ proxy: TcpProxy; redis: Redis }> {
  const proxy = await TcpProxy.open(room.redisUrl);
  const redis = openRedis(proxy.url, true);
  await until('Redis', () => redis.status === 'ready');
  room.atEnd(async () => {
    redis.disconnect();
    await proxy.close();
  });
  return { proxy, redis };
}

test('while Redis is away rows wait; once it is back they are sent', async () => {
  const { proxy, redis } = await farRedis();
  room.relay({}, redis);
  proxy.cut();
  await until('the loss', () => redis.status !== 'ready');
  await room.end(endedRecord('waiting'));
  room.worker();
  expect(await room.outboxRow('waiting')).toMatchObject({ sent: false });
  proxy.mend();
  await until('settled', () => room.isDone('waiting'));
});

test('a Redis that hangs holds no lock and no row; another relay sends it', async () => {
  const { proxy, redis } = await farRedis();
  proxy.freeze();
  room.relay({ sendTimeoutMs: 100 }, redis);
  await room.end(endedRecord('held'));
  await until('a complaint', () => room.errors.length > 0);
  expect(room.errors[0]?.message).toBe('Redis took longer than 100 ms');
  await until('the row to wait again', async () => (await room.outboxRow('held'))?.sent === false);
  room.relay();
  const { settled } = room.worker();
  await until('settled', () => room.isDone('held'));
  // What the frozen one sent after all changes nothing.
  proxy.mend();
  await room.end(endedRecord('next'));
  await until('settled', () => room.isDone('next'));
  expect(settled.filter((line) => line.endsWith(' settled')).sort()).toEqual([
    'held settled',
    'next settled',
  ]);
  expect(await room.transactionsOf('held')).toBe(1);
});

test('relay and worker can be closed while Redis is away', async () => {
  const { proxy, redis } = await farRedis();
  const relay = room.relay({ sendTimeoutMs: 200 }, redis);
  const { worker } = room.worker({ redis });
  proxy.cut();
  await until('the loss', () => redis.status !== 'ready');
  await room.end(endedRecord('left'));
  await Promise.all([relay.close(), worker.close()]);
  expect(await room.isDone('left')).toBe(false);
});

test('what a worker that died had in hand is settled by another, once', async () => {
  const { proxy, redis } = await farRedis();
  let die: (error: Error) => void = () => undefined;
  let begun = 0;
  const hanging = room.databaseWith(() => {
    begun++;
    return new Promise<never>((_, reject) => {
      die = reject;
    });
  });
  room.worker({ database: hanging, redis, lockMs: 500 });
  room.relay();
  await room.end(endedRecord('in-hand'));
  await until('the job to be taken', () => begun === 1);
  proxy.cut();
  const { settled } = room.worker({ lockMs: 500 });
  // Told of a moment after it is done.
  await until('settled', () => settled.length > 0);
  expect(settled).toEqual(['in-hand settled']);
  expect(await room.isDone('in-hand')).toBe(true);
  die(new Error('killed'));
  expect(await room.transactionsOf('in-hand')).toBe(1);
  expect(await new DeadLetters(room.db).list({ limit: 50 })).toEqual([]);
});

test('while the database is away nothing is given up; once it is back everything is settled once', async () => {
  const proxy = await TcpProxy.open(room.own.url);
  const far = openDatabase(proxy.url, { connectTimeoutMs: 200 });
  room.atEnd(async () => {
    await far.close();
    await proxy.close();
  });
  room.worker({ database: far, retryDelaysMs: [50] });
  room.relay({ resendAfterMs: 1_000 });
  proxy.cut();
  const calls = Array.from({ length: 20 }, (_, n) => `dark-${n}`);
  await room.end(...calls.map((id) => endedRecord(id)));
  await until('the last tries of them', () => room.errors.length >= 20, 20_000);
  expect(await new DeadLetters(room.db).list({ limit: 50 })).toEqual([]);
  proxy.mend();
  await until(
    'all done',
    async () =>
      (await room.own.query(`select 1 from outbox where type = 'call.ended' and done_at is null`)).length ===
      0,
    20_000,
  );
  expect(await theBooks(room.db)).toEqual({
    debits: 20 * 33_000_000,
    imbalance: 0,
    wrongBalances: 0,
  });
});
