import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { E164 } from '../../../src/domain';
import type { DomainEvent } from '../../../src/events';
import { EventRelay, readEvent } from '../../../src/events';
import {
  addCallback,
  Database,
  entityStores,
  EventStream,
  failRecording,
  openRedis,
} from '../../../src/storage';
import type { OwnTestRedis } from '../../support/test-redis';
import { ownTestRedis } from '../../support/test-redis';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import { campaign } from '../../unit/market/fixtures';
import { recordingBasics, storeRecording } from '../api/support/test-recordings';
import {
  endedRecord,
  insertParties,
  SELLER_ACCOUNT,
  BUYER_ACCOUNT,
  storeEnded,
  unsoldRecord,
} from '../../support/call-records';

let database: TestDatabase;
let pool: Database;
let server: OwnTestRedis;
let redis: Redis;
let stream: EventStream;
let streams = 0;

beforeAll(async () => {
  [database, server] = await Promise.all([testDatabase(), ownTestRedis()]);
  pool = new Database({ url: database.url, poolSize: 6, statementTimeoutMs: 5_000, connectTimeoutMs: 2_000 });
  redis = openRedis(server.url);
  await insertParties(pool);
});
beforeEach(async () => {
  await until('Redis to answer', () => redis.status === 'ready');
  stream = new EventStream(redis, { stream: `events-${++streams}` });
  await database.query(`update event_positions set position = null`);
  expect(await new EventRelay(pool, stream).run()).toBe(0);
});
afterAll(async () => {
  redis.disconnect();
  await pool.close();
  await Promise.all([database.drop(), server.drop()]);
});

async function told(of: EventStream = stream): Promise<DomainEvent[]> {
  const raw = (await redis.xrange(of.name, '-', '+')) as [string, string[]][];
  return raw.flatMap(([, fields]) => readEvent(fields[fields.indexOf('e') + 1] ?? '') ?? []);
}

const names = (events: readonly DomainEvent[]): string[] =>
  events.map(({ type, subject }) => `${type} ${subject.id}`);

async function note(subject: string, type = 'wallet.low'): Promise<void> {
  await pool.query({
    text: `insert into outbox (type, subject, payload) values ($1, $2, $3)`,
    values: [type, subject, JSON.stringify({ accountId: subject, currency: 'USD', availableMicros: 5 })],
  });
}

test('a call that ended is told once, with who may see it, and the sale behind it', async () => {
  await storeEnded(pool, [endedRecord('sold'), unsoldRecord('unsold')]);
  const relay = new EventRelay(pool, stream);
  expect(await relay.run()).toBe(3);
  expect(await relay.run()).toBe(0);
  const events = await told();
  expect(names(events)).toEqual(['call.ended sold', 'call.sold sold', 'call.ended unsold']);
  expect(events[0]).toMatchObject({
    accounts: [BUYER_ACCOUNT, SELLER_ACCOUNT],
    data: { sold: true, connectedMs: 60_000, bidId: 'bid-1', campaignId: 'campaign-1' },
  });
  expect(events[1]?.data).toMatchObject({ priceMicros: 25_000_000, currency: 'USD' });
  expect(events[2]).toMatchObject({ accounts: [], data: { sold: false } });
});

test('dead deliveries and targets that are paused are alerts, for their account and the exchange', async () => {
  await pool.query(
    `insert into outbox (type, subject, payload, done_at) values
      ('webhook.dead', 'hook-1:2026112207', '{"webhookId": "hook-1", "accountId": "${BUYER_ACCOUNT}", "why": "500"}', now()),
      ('target.paused', 'target-1:1800000000000',
        '{"targetId": "target-1", "accountId": "${BUYER_ACCOUNT}", "until": 1800000000000, "reason": "3 missed"}', now())`,
  );
  await new EventRelay(pool, stream).run();
  const events = await told();
  expect(names(events)).toEqual(['alert.raised webhook.dead:hook-1', 'alert.raised target.paused:target-1']);
  const common = { accountId: BUYER_ACCOUNT, severity: 'warning' };
  expect(events).toMatchObject([
    { accounts: [BUYER_ACCOUNT], data: { ...common, code: 'webhook.dead', webhookId: 'hook-1' } },
    {
      accounts: [BUYER_ACCOUNT],
      data: { ...common, code: 'target.paused', targetId: 'target-1', until: 1_800_000_000_000 },
    },
  ]);
});

test('a dialplan that is published is told to its seller, one of the exchange to its own people alone', async () => {
  for (const accountId of [SELLER_ACCOUNT, null]) {
    const payload = { dialplanId: 'plan-1', accountId, name: 'welcome', number: 2 };
    await pool.query(
      `insert into outbox (type, subject, payload, done_at) values ('dialplan.published', $1, $2, now())`,
      [randomUUID(), JSON.stringify(payload)],
    );
  }
  await new EventRelay(pool, stream).run();
  const events = await told();
  expect(names(events)).toEqual(['dialplan.published plan-1', 'dialplan.published plan-1']);
  expect(events).toMatchObject([
    { accounts: [SELLER_ACCOUNT], data: { name: 'welcome', number: 2, accountId: SELLER_ACCOUNT } },
    { accounts: [], data: { name: 'welcome', number: 2, accountId: null } },
  ]);
});

test('recordings are told to those who may listen to them; one that is lost is an alert of the exchange', async () => {
  const { id: _id, ...heard } = campaign({ recording: { mode: 'off', buyersListen: true } });
  await entityStores(pool).campaign.insert('heard', heard);
  const of = { campaignId: 'heard', buyerAccountId: BUYER_ACCOUNT, sellerId: SELLER_ACCOUNT };
  const kept = await storeRecording(pool, { ...of, callId: 'one' });
  const secret = await storeRecording(pool, { ...of, callId: 'two', campaignId: 'other' });
  const lost = recordingBasics({ ...of, callId: 'three' });
  await failRecording(pool, lost, 'PCMU', 'the disk is too slow');
  await new EventRelay(pool, stream).run();
  const events = (await told()).filter(({ type }) => /^recording|^alert/.test(type));
  expect(events).toMatchObject([
    { type: 'recording.saved', accounts: [BUYER_ACCOUNT], data: { recordingId: kept.id, durationMs: 125 } },
    { type: 'recording.saved', accounts: [], data: { recordingId: secret.id, lost: null } },
    { type: 'recording.failed', accounts: [], data: { recordingId: lost.id, lost: 'the disk is too slow' } },
    {
      type: 'alert.raised',
      accounts: [],
      data: { code: 'recording.failed', callId: 'three', campaignId: 'heard' },
    },
  ]);
  expect(names(events).slice(0, 2)).toEqual(['recording.saved one', 'recording.saved two']);
});

test('a message that a caller left, and a callback that was asked for, are told; the number is not', async () => {
  const { id: _id, ...heard } = campaign({ recording: { mode: 'off', sellersListen: true } });
  await entityStores(pool).campaign.insert('messages', heard);
  const of = { campaignId: 'messages', sellerId: SELLER_ACCOUNT, kind: 'voicemail' as const };
  const left = await storeRecording(pool, { ...of, callId: 'one' });
  const callback = {
    ...{ id: randomUUID(), callId: 'two', campaignId: 'messages', sellerId: SELLER_ACCOUNT, ownNumber: true },
    ...{ number: '+12125550123' as E164, requestedAt: 1, notAfter: 1_800_000_000_000 },
  };
  await addCallback(pool, callback);
  await new EventRelay(pool, stream).run();
  const events = (await told()).filter(({ type }) => /^voicemail|^callback/.test(type));
  expect(events).toMatchObject([
    { type: 'voicemail.left', accounts: [SELLER_ACCOUNT], data: { recordingId: left.id, durationMs: 125 } },
    {
      type: 'callback.requested',
      subject: { kind: 'callback', id: callback.id },
      accounts: [],
      data: { callId: 'two', campaignId: 'messages', ownNumber: true, notAfter: 1_800_000_000_000 },
    },
  ]);
  expect(JSON.stringify(events)).not.toContain('5550123');
});

test('changes of the market are told with what changed, also of what is gone', async () => {
  await pool.query(`insert into buyers (id, account_id, name) values ('b', '${BUYER_ACCOUNT}', 'Buyer')`);
  await pool.query(`update buyers set status = 'paused' where id = 'b'`);
  await pool.query(`delete from buyers where id = 'b'`);
  await new EventRelay(pool, stream).run();
  expect((await told()).map(({ data }) => [data])).toMatchObject([
    [{ op: 'insert', status: 'active', name: 'Buyer' }],
    [{ op: 'update', status: 'paused' }],
    [{ op: 'delete', status: 'paused', buyerId: 'b' }],
  ]);
});

test('however late a transaction commits, its events are told, and none twice', async () => {
  const late = await pool.session();
  await late.query('begin');
  await late.query(
    `insert into outbox (type, subject, payload) values ('wallet.low', 'late', '{"accountId": "late"}')`,
  );
  await note('early');
  const relay = new EventRelay(pool, stream);
  await relay.run();
  expect(names(await told())).toEqual(['wallet.low early:USD', 'alert.raised wallet.low:early:USD']);
  await late.query('commit');
  late.release();
  await note('after');
  await relay.run();
  expect(names(await told()).filter((name) => name.startsWith('wallet'))).toEqual([
    'wallet.low early:USD',
    'wallet.low late:',
    'wallet.low after:USD',
  ]);
});

test('more than one step holds, told by several at once: each once, in order', async () => {
  for (let n = 0; n < 60; n++) await note(`many-${n}`);
  const relays = Array.from({ length: 4 }, () => new EventRelay(pool, stream, { batch: 7 }));
  while ((await Promise.all(relays.map((relay) => relay.run()))).some((count) => count > 0));
  const wallets = (await told()).filter(({ type }) => type === 'wallet.low');
  expect(wallets.map(({ data }) => (data as { accountId: string }).accountId)).toEqual(
    Array.from({ length: 60 }, (_, n) => `many-${n}`),
  );
});

test('a relay that dies between the stream and its note leaves nothing to be told twice', async () => {
  await note('before');
  const dies = new Database({
    url: database.url,
    poolSize: 1,
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
  });
  const failing = {
    transaction: (work: Parameters<Database['transaction']>[0]) =>
      dies.transaction(async (tx) => {
        await work(tx);
        throw new Error('dies');
      }),
  } as unknown as Database;
  await expect(new EventRelay(failing, stream).run()).rejects.toThrow('dies');
  await dies.close();
  await note('behind');
  await new EventRelay(pool, stream).run();
  expect(names(await told()).filter((name) => name.startsWith('wallet'))).toEqual([
    'wallet.low before:USD',
    'wallet.low behind:USD',
  ]);
});

test('a stream that comes back empty is told what was not told yet, and nothing else', async () => {
  const relay = new EventRelay(pool, stream);
  await note('old');
  await relay.run();
  await redis.flushall();
  await note('new');
  await relay.run();
  expect(names(await told())).toEqual(['wallet.low new:USD', 'alert.raised wallet.low:new:USD']);
});

test('what a stream knows of another database is not believed', async () => {
  await redis.set(
    `${stream.name}:position`,
    JSON.stringify({ n: 1_000_000, origin: 'other', era: 1, from: '1:1:' }),
  );
  await note('mine');
  await new EventRelay(pool, stream).run();
  expect(names(await told())[0]).toBe('wallet.low mine:USD');
});
