import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LiveCounters, moneyToday } from '../../../src/analytics';
import { Realtime } from '../../../src/api';
import { importRateDeck, recordSignal, ReratingJob, settleCall } from '../../../src/billing';
import type { Principal, Sale } from '../../../src/domain';
import { createApiKey } from '../../../src/storage';
import { endedRecord, insertParties, NOON, ringTarget, storeEnded } from '../../support/call-records';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import type { TestApi } from '../api/support/test-api';
import { startTestApi } from '../api/support/test-api';
import { testPhone } from '../api/support/test-phone';
import type { TopicClient } from '../api/support/topic-client';
import { connectTopics } from '../api/support/topic-client';
import { signalled } from '../billing/support/settled-calls';
import type { TestNode } from '../events/support/stage';
import { openNode } from '../events/support/stage';

/** What the carrier of every call asks for its minute, in its own currency. */
const DECK = 'prefix,rate_per_minute,first_increment_s,next_increment_s,connect_fee\n1,0.6,60,60,0\n';
/** Midnight of the exchange's own day, which is New York's. */
const MIDNIGHT = Date.UTC(2026, 10, 21, 5);

let api: TestApi;
let live: LiveCounters;
let redis: TestRedis;
let node: TestNode;
let listener: Server;
let realtime: Realtime;
let now = NOON + 300_000;
const boards: Record<string, TopicClient> = {};
const keys: Record<string, string> = {};

const WHO = {
  admin: { accountId: 'operator', role: 'admin' },
  'buyer-account': { accountId: 'buyer-account', role: 'buyer' },
  'buyer-2': { accountId: 'buyer-2', role: 'buyer' },
  'seller-account': { accountId: 'seller-account', role: 'seller' },
  carrier: { accountId: 'carrier', role: 'carrier' },
} as const satisfies Record<string, Pick<Principal, 'accountId' | 'role'>>;

beforeAll(async () => {
  api = await startTestApi({
    persons: { now: () => now } as never,
    liveFigures: { figures: (scope) => live.figures(scope) },
  });
  live = new LiveCounters({
    nodeId: 'n1',
    now: () => now,
    carrierOf: () => 'carrier',
    moneyToday: (scope) => moneyToday(api.pool, scope, now),
  });
  await insertParties(api.pool, ['buyer-2', 'carrier']);
  await api.pool.query(`update accounts set type = 'seller' where id = 'seller-account';
    update accounts set type = 'carrier', currency = 'EUR' where id = 'carrier';
    update accounts set timezone = 'America/New_York' where id = 'operator';
    insert into buyers (id, account_id, name) values ('buyer-1', 'buyer-account', 'One'), ('b2', 'buyer-2', 'Two');
    insert into trunks (id, account_id, name, sources, origin) values ('trunk-1', 'carrier', 'In', '{192.0.2.1}', 'inbound_consumer')`);
  const deck = {
    trunkId: 'trunk-1',
    direction: 'inbound',
    name: 'A deck',
    currency: undefined,
    effectiveFrom: undefined,
    createdBy: undefined,
  } as const;
  expect(await importRateDeck(api.pool, deck, file(), MIDNIGHT - 1)).toMatchObject({ ok: true });
  redis = await testRedis();
  node = openNode(redis.url, 'live-money');
  listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  realtime = new Realtime(listener, {
    database: api.pool,
    phone: testPhone().services,
    authenticates: {
      fromToken: (token) =>
        Promise.resolve({
          ...WHO[token as keyof typeof WHO],
          kind: 'user',
          id: token,
          scopes: ['*'],
        } as Principal),
      fromCookies: () => Promise.resolve(undefined),
      stillGood: (tokens) => Promise.resolve(new Set(tokens)),
    },
    events: node.hub,
    board: live,
    limits: { boardMs: 20 },
    now: () => performance.now(),
    onError: (error) => {
      throw error;
    },
  });
  await until('the stream is read', () => !node.hub.degraded);
  const { port } = listener.address() as AddressInfo;
  for (const [token, { accountId }] of Object.entries(WHO)) {
    const client = await connectTopics(`http://127.0.0.1:${port}`, token);
    expect(await client.ask('subscribe', { topics: ['board'] })).toMatchObject({ ok: true });
    boards[token] = client;
    keys[token] = token === 'admin' ? api.admin : await createApiKey(api.pool, accountId, token, ['*']);
  }
});
afterAll(async () => {
  for (const { socket } of Object.values(boards)) socket.terminate();
  realtime.close();
  listener.closeAllConnections();
  await new Promise((closed) => listener.close(closed));
  await node.close();
  await redis.drop();
  await live.close();
  await api.close();
});

async function* file(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(DECK));
}

/** A call of a minute is over, and settled. */
async function sell(id: string, sale: Sale, receivedAt = NOON): Promise<void> {
  await storeEnded(api.pool, [endedRecord(id, { sale, receivedAt, endedAt: receivedAt + 65_000 })]);
  expect(await settleCall(api.pool, id)).toBe('settled');
}

/** What each of them is told of today's money by `GET /analytics/live`, and what the boards come to tell. */
async function expectToday(wanted: Record<keyof typeof WHO, unknown>): Promise<void> {
  now += 5_000;
  for (const [who, today] of Object.entries(wanted)) {
    const { body } = await api.ask('GET', '/api/v1/analytics/live', { key: keys[who] as string });
    expect({ who, today: body['today'] }).toEqual({ who, today });
    const told = (): unknown =>
      (boards[who]?.messages('board').at(-1) as { today?: unknown } | undefined)?.today;
    await until(`the board of ${who} tells it`, () => JSON.stringify(told()) === JSON.stringify(today));
  }
}

const money = (currency: string, revenue: number, payout: number, margin: number): unknown => ({
  currency,
  revenueMicros: revenue * 1e6,
  payoutMicros: payout * 1e6,
  marginMicros: margin * 1e6,
});
const spent = (currency: string, revenue: number): unknown => ({ currency, revenueMicros: revenue * 1e6 });
const earned = (currency: string, payout: number): unknown => ({ currency, payoutMicros: payout * 1e6 });

test('what calls came to today is on the boards: by currency, and to each party what is its own', async () => {
  const nothing = { admin: [], 'buyer-account': [], 'buyer-2': [], 'seller-account': [], carrier: [] };
  await expectToday(nothing);
  const dollars = signalled();
  const euros: Sale = {
    target: ringTarget({ buyerId: 'b2', buyerAccountId: 'buyer-2' }),
    terms: signalled({ currency: 'EUR' }).terms,
  };
  await sell('of yesterday', dollars, MIDNIGHT - 1);
  await sell('first of today', dollars, MIDNIGHT);
  await sell('second', dollars);
  await sell('third', euros);
  await expectToday({
    // Of every call of today its carrier has 0.60 in its own currency.
    admin: [money('EUR', 25, 8, 15.2), money('USD', 50, 16, 34)],
    // By their own clocks the day began five hours earlier.
    'buyer-account': [spent('USD', 75)],
    'buyer-2': [spent('EUR', 25)],
    'seller-account': [earned('EUR', 8), earned('USD', 24)],
    carrier: [],
  });

  // A postback makes one of them worth more.
  await recordSignal(
    api.pool,
    { callId: 'second', kind: 'postback', value: 'sale', at: now, source: 'key:k1' },
    { windowMs: 86_400_000, now },
  );
  await new ReratingJob(api.pool).run();
  await expectToday({
    admin: [money('EUR', 25, 8, 15.2), money('USD', 65, 23, 42)],
    'buyer-account': [spent('USD', 90)],
    'buyer-2': [spent('EUR', 25)],
    'seller-account': [earned('EUR', 8), earned('USD', 31)],
    carrier: [],
  });

  // Tomorrow begins with nothing.
  now = MIDNIGHT + 86_400_000;
  await expectToday(nothing);
});
