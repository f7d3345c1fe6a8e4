import { DeadLetters } from '../../../src/billing';
import { endedRecord, unsoldRecord } from '../../support/call-records';
import { until } from '../../support/until';
import { linesOfCall, theBooks } from './support/books';
import { SettlementRoom } from './support/settlement-room';

let room: SettlementRoom;

beforeEach(async () => {
  room = await SettlementRoom.open();
});
afterEach(() => room.close());

test('a call that ended is settled to the micro-unit, and its row is done', async () => {
  room.relay();
  room.worker();
  await room.end(endedRecord('one'));
  await until('settled', () => room.isDone('one'));
  const lines = await linesOfCall(room.own, 'one');
  expect(lines.map(({ accountId, purpose, amount }) => [accountId, purpose, amount]).sort()).toEqual([
    ['buyer-account', 'wallet', 25_000_000],
    ['operator', 'payout', 8_000_000],
    ['operator', 'revenue', -25_000_000],
    ['seller-account', 'payable', -8_000_000],
  ]);
  expect(await theBooks(room.db)).toMatchObject({ imbalance: 0, wrongBalances: 0 });
  expect(room.errors).toEqual([]);
});

test('of a call that nobody bought nothing is left to be done', async () => {
  const { settled } = room.worker();
  await room.end(unsoldRecord('unsold'));
  room.relay();
  await until('done', () => room.isDone('unsold'));
  expect(settled).toEqual([]);
  expect(await room.settlementsOf('unsold')).toBe(0);
});

test('a row that is sent twice settles once', async () => {
  const { settled } = room.worker();
  const relay = room.relay();
  await room.end(endedRecord('twice'));
  await until('settled', () => room.isDone('twice'));
  await room.own.query(`update outbox set dispatched_at = null, done_at = null where subject = 'twice'`);
  relay.wake();
  await until('settled again', () => settled.length === 2);
  expect(settled).toEqual(['twice settled', 'twice already_settled']);
  expect(await room.settlementsOf('twice')).toBe(1);
  expect(await room.transactionsOf('twice')).toBe(1);
});

test('two relays and two workers settle every call once', async () => {
  const calls = Array.from({ length: 700 }, (_, n) => `many-${n}`);
  await room.end(...calls.map((id) => endedRecord(id)));
  const before = await theBooks(room.db);
  const workers = [room.worker(), room.worker()];
  room.relay();
  room.relay();
  const settled = (): string[] => workers.flatMap((worker) => worker.settled);
  await until('all to be told of', () => settled().length >= calls.length, 30_000);
  const open = await room.own.query(`select 1 from outbox where type = 'call.ended' and done_at is null`);
  expect(open).toEqual([]);
  const after = await theBooks(room.db);
  expect(after.debits - before.debits).toBe(calls.length * 33_000_000);
  expect(after).toMatchObject({ imbalance: 0, wrongBalances: 0 });
  expect(new Set(settled())).toEqual(new Set(calls.map((id) => `${id} settled`)));
  expect(settled()).toHaveLength(calls.length);
});

test('what a Redis forgot is sent again', async () => {
  room.relay({ resendAfterMs: 300 });
  await room.end(endedRecord('forgotten'));
  await until('sent', async () => (await room.outboxRow('forgotten'))?.['sent'] === true);
  await room.redis.flushdb();
  room.worker();
  await until('settled', () => room.isDone('forgotten'));
  expect(await room.settlementsOf('forgotten')).toBe(1);
});

test('a settlement that fails is tried again after 100 ms, 500 ms, 2 s and 5 s, then for people', async () => {
  const tries: number[] = [];
  const failing = room.databaseWith(() => {
    tries.push(performance.now());
    return Promise.reject(new Error('the moon is in the wrong house'));
  });
  const { dead, worker } = room.worker({ database: failing });
  const relay = room.relay({ resendAfterMs: 1 });
  await room.end(endedRecord('doomed'));
  await until('dead', () => dead.length > 0, 20_000);
  const waits = tries.slice(1).map((at, n) => at - (tries[n] ?? 0));
  expect(waits).toHaveLength(4);
  // Never earlier; how much later depends on the machine.
  for (const [n, least] of [100, 500, 2_000, 5_000].entries()) expect(waits[n]).toBeGreaterThan(least - 5);
  expect(dead[0]).toMatchObject({ callId: 'doomed', reason: 'the moon is in the wrong house' });

  const letters = new DeadLetters(room.db);
  expect(await letters.list({ limit: 50 })).toEqual(dead);
  // However often the relay looks: it waits for a person.
  await relay.close();
  await worker.close();
  const { settled } = room.worker();
  const another = room.relay({ resendAfterMs: 1 });
  for (const round of ['round-1', 'round-2', 'round-3']) {
    await room.end(endedRecord(round));
    another.wake();
    await until('settled', () => room.isDone(round));
  }
  expect(settled).not.toContain('doomed settled');
  expect(await room.outboxRow('doomed')).toEqual({ sent: true, done: false, dead: true });

  expect(await letters.redrive('doomed', 'operator')).toBe(true);
  expect(await letters.redrive('doomed', 'operator')).toBe(false);
  expect(await letters.list({ limit: 50 })).toEqual([]);
  await until('settled', () => room.isDone('doomed'));
  expect(await room.settlementsOf('doomed')).toBe(1);
  expect(room.errors).toEqual([]);
});

test('rows are forgotten when they have been done for long enough', async () => {
  await room.end(endedRecord('old'), endedRecord('young'), endedRecord('open'));
  await room.own.query(
    `update outbox set dispatched_at = now(), done_at = now() - interval '8 days' where subject = 'old'`,
  );
  await room.own.query(
    `update outbox set dispatched_at = now(), done_at = now() - interval '6 days' where subject = 'young'`,
  );
  await room.own.query(
    `update outbox set dispatched_at = now(), created_at = now() - interval '9 days' where subject = 'open'`,
  );
  room.relay();
  await until('swept', async () => (await room.outboxRow('old')) === undefined);
  expect(await room.outboxRow('young')).toBeDefined();
  expect(await room.outboxRow('open')).toBeDefined();
});
