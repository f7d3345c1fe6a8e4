import type { BidRequestRecord } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import {
  BidRequestLog,
  listBidRequests,
  PostgresReservations,
  pruneBidLog,
  sharedSecret,
} from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import { DID } from './support/node';

const NOON = Date.UTC(2026, 10, 21, 12);

let own: TestDatabase;
let db: Database;
let dropped = 0;
let log: BidRequestLog;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
beforeEach(async () => {
  await own.query('delete from rtb_bid_requests');
  await own.query('delete from rtb_reservations');
  dropped = 0;
  log = open(db);
});
afterEach(() => log.close());

function open(database: Database, maxWaiting = 1_000): BidRequestLog {
  return new BidRequestLog(database, {
    nodeId: 'n1',
    maxWaiting,
    everyMs: 20,
    onDropped: (count) => (dropped += count),
  });
}

function record(n: number, more: Partial<BidRequestRecord> = {}): BidRequestRecord {
  return {
    at: NOON + n,
    sellerId: 'seller-1',
    campaignId: 'campaign-1',
    number: DID,
    callerHash: undefined,
    npa: '212',
    state: undefined,
    code: 1003,
    reason: 'no_capacity',
    price: undefined,
    currency: undefined,
    latencyMs: n,
    reservationId: undefined,
    ...more,
  };
}

const stored = async (): Promise<number> => {
  const [row] = await own.query<{ count: number }>('select count(*)::integer as count from rtb_bid_requests');
  return row?.count ?? 0;
};

test('requests are written many at a time, all of them and each once', async () => {
  for (let n = 0; n < 1_200; n++) {
    log.add(record(n));
    if (n % 400 === 399) await until('they are written', () => log.waiting === 0);
  }
  await until('all are written', async () => (await stored()) === 1_200);
  const [row] = await own.query<{ least: string; most: string; nodes: string }>(
    'select min(latency_ms)::text as least, max(latency_ms)::text as most, min(node_id) as nodes from rtb_bid_requests',
  );
  expect(row).toEqual({ least: '0', most: '1199', nodes: 'n1' });
});

test('closing writes what waits', async () => {
  for (let n = 0; n < 10; n++) log.add(record(n));
  await log.close();
  expect(await stored()).toBe(10);
  log.add(record(11));
  expect(dropped).toBe(1);
});

test('while the database is away they wait, as many as may; then they are written', async () => {
  const proxy = await TcpProxy.open(own.url);
  const away = openDatabase(proxy.url, { connectTimeoutMs: 300 });
  const waiting = open(away, 20);
  try {
    proxy.cut();
    for (let n = 0; n < 25; n++) waiting.add(record(n));
    expect(dropped).toBe(5);
    expect(waiting.waiting).toBe(20);
    proxy.mend();
    await until('none waits any more', () => waiting.waiting === 0);
    expect(await stored()).toBe(20);
  } finally {
    await waiting.close();
    await away.close();
    await proxy.close();
  }
});

test('the log says what came of each request: reservation, call, money', async () => {
  const books = new PostgresReservations(db);
  const id = `r${'a'.repeat(30)}`;
  await books.insert(
    {
      id,
      sellerId: 'seller-1',
      campaignId: 'campaign-1',
      number: DID,
      callerHash: 'x',
      tagsKey: 't',
      tags: {},
      price: 12_000_000 as never,
      currency: 'USD',
      payout: { kind: 'per_call', amount: 12_000_000 as never, afterMs: 0 },
      bidId: 'b',
      limits: [],
      liveBids: [],
      nodeId: 'n1',
      createdAt: NOON,
      expiresAt: NOON + 30_000,
    },
    NOON,
  );
  log.add(record(1));
  log.add(
    record(2, { code: 200, reason: 'accepted', price: 12_000_000, currency: 'USD', reservationId: id }),
  );
  await log.close();
  expect(await books.claim(id, 'call-1', NOON + 5_000)).toBe('claimed');
  await own.query(
    `insert into calls (id, node_id, boot_id, sip_call_id, state, end_reason, trunk_id, dialled, origin, received_at,
       connected_ms) values ('call-1', 'n1', 'b1', 's', 'completed', 'caller_hangup', 't', $1, 'unknown', $2, 61000)`,
    [DID, NOON],
  );
  await own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency)
     values ('call-1', 61000, 20000000, 12000000, 'USD')`,
  );
  expect(await listBidRequests(db, { limit: 10 })).toMatchObject([
    {
      code: 200,
      price: 12_000_000,
      reservationId: id,
      reservationState: 'used',
      callId: 'call-1',
      callState: 'completed',
      endReason: 'caller_hangup',
      connectedMs: 61_000,
      payout: 12_000_000,
    },
    { code: 1003, reservationId: null, reservationState: null, callId: null, payout: null },
  ]);
  expect(await listBidRequests(db, { limit: 10, callId: 'call-1' })).toHaveLength(1);
});

test('filters and pages select exactly what they say', async () => {
  for (let n = 0; n < 60; n++) {
    log.add(
      record(Math.floor(n / 3), {
        sellerId: `seller-${n % 2}`,
        campaignId: `campaign-${n % 5}`,
        code: 1000 + (n % 3),
      }),
    );
  }
  await log.close();
  const all = await listBidRequests(db, { limit: 100 });
  expect(all).toHaveLength(60);
  for (const filter of [
    { sellerId: 'seller-1' },
    { campaignId: 'campaign-3' },
    { code: 1001 },
    { fromTime: NOON + 5, toTime: NOON + 9 },
    { sellerId: 'seller-0', code: 1002, fromTime: NOON + 3 },
  ]) {
    const expected = all.filter(
      (row) =>
        (filter.sellerId === undefined || row.sellerId === filter.sellerId) &&
        (filter.campaignId === undefined || row.campaignId === filter.campaignId) &&
        (filter.code === undefined || row.code === filter.code) &&
        (filter.fromTime === undefined || row.at >= filter.fromTime) &&
        (filter.toTime === undefined || row.at < filter.toTime),
    );
    expect(expected.length).toBeGreaterThan(0);
    const found: unknown[] = [];
    for (let after: { at: number; id: number } | undefined; ;) {
      const rows = await listBidRequests(db, { ...filter, limit: 7, ...(after ? { after } : {}) });
      found.push(...rows);
      after = rows.at(-1);
      if (rows.length < 7) break;
    }
    expect(found).toEqual(expected);
  }
});

test('what is old goes, what waits stays', async () => {
  const insert = (id: string, state: string, createdAt: number): Promise<unknown> =>
    own.query(
      `insert into rtb_reservations (id, seller_id, campaign_id, number, tags_key, state, price, currency, content,
         node_id, created_at, expires_at, ended_at)
       values ($1, 's', 'c', $2, 't', $3::text, 1, 'USD', '{}', 'n', $4::bigint, $4::bigint, case when $3::text = 'reserved' then null else $4::bigint end)`,
      [`r${id.repeat(30)}`, DID, state, createdAt],
    );
  await insert('a', 'expired', NOON - 10);
  await insert('b', 'reserved', NOON - 10);
  await insert('c', 'expired', NOON + 10);
  for (const n of [-5, -1, 0, 5]) log.add(record(n, { latencyMs: 1 }));
  await log.close();
  expect(await pruneBidLog(db, NOON)).toBe(3);
  expect(await stored()).toBe(2);
  const left = await own.query<{ id: string }>('select id from rtb_reservations order by id');
  expect(left.map(({ id }) => id[1])).toEqual(['b', 'c']);
  expect(await pruneBidLog(db, NOON)).toBe(0);
});

test('a secret is made once, whoever asks first', async () => {
  const secrets = await Promise.all(Array.from({ length: 8 }, () => sharedSecret(db, 'callers')));
  expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(1);
  expect(secrets[0]).toHaveLength(32);
  expect((await sharedSecret(db, 'another')).equals(secrets[0] as Buffer)).toBe(false);
});
