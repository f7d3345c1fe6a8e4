import type { CallAttempt, Campaign, Decision, LiveBid } from '../../../src/domain';
import { micros, NO_ACTIVITY, systemClock } from '../../../src/domain';
import { BidRequestDesk, CallerHasher } from '../../../src/rtb';
import { BidRequestLog, createApiKey } from '../../../src/storage';
import type { TestApi } from '../api/support/test-api';
import { startTestApi } from '../api/support/test-api';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import { arriving, concurrent, DID, SELLER, TestNode } from './support/node';

const PATH = '/api/v1/bid-requests';
const LIMIT = concurrent('api', 3);

let redis: TestRedis;
let api: TestApi;
let node: TestNode;
let log: BidRequestLog;
let key: string;
let decision: (attempt: CallAttempt) => Decision;
let perSecond = 1_000;
const attempts: CallAttempt[] = [];

beforeAll(async () => {
  redis = await testRedis();
  const parts: { desk?: BidRequestDesk } = {};
  api = await startTestApi({
    bidRequests: {
      answer: (request) => (parts.desk as BidRequestDesk).answer(request),
      cancel: (id, sellerId) => (parts.desk as BidRequestDesk).cancel(id, sellerId),
    },
  });
  node = await new TestNode('n1', api.database.url, redis.url).start();
  log = new BidRequestLog(node.database, { nodeId: 'n1', maxWaiting: 1_000, everyMs: 10 });
  parts.desk = new BidRequestDesk(
    { nodeId: 'n1', sipHost: 'in.exchange.example', reservationSeconds: 30, maxReservationsPerSeller: 50 },
    {
      market: {
        account: (id) => ({ id, status: 'active' }) as never,
        campaign: () =>
          ({
            id: 'campaign-1',
            status: 'active',
            margin: {},
            duplicates: { windowMs: 86_400_000, after: 'converted', scope: 'buyer' },
          }) as Campaign,
        numberByE164: (number) =>
          number === DID
            ? { id: 'd', number: DID, campaignId: 'campaign-1', sellerId: SELLER, status: 'active' }
            : undefined,
        seller: (id) =>
          id === SELLER
            ? {
                id,
                status: 'active',
                origin: undefined,
                claims: [],
                caps: {},
                bidRequestsPerSecond: perSecond,
              }
            : undefined,
      },
      reservations: node.reservations,
      quote: (attempt) => {
        attempts.push(attempt);
        return Promise.resolve(decision(attempt));
      },
      numberOf: (_seller, campaignId) => Promise.resolve(campaignId === 'campaign-1' ? DID : undefined),
      waiting: (sellerId, now) => node.books.waiting(sellerId, now),
      count: (sellerId, now) => node.board.count(sellerId, now),
      hasher: new CallerHasher(Buffer.alloc(32, 3)),
      clock: systemClock,
      onAnswered: (answered) => log.add(answered),
    },
  );
  await node.database.query(`insert into accounts (id, name, type) values ($1, 'Seller', 'seller')`, [
    SELLER,
  ]);
  await node.database.query(`insert into accounts (id, name, type) values ('other', 'Other', 'seller')`);
  key = await createApiKey(node.database, SELLER, 'bids', ['bid_requests:*']);
});
afterAll(async () => {
  await log.close();
  await node.close();
  await api.close();
  await redis.drop();
});
beforeEach(() => {
  decision = sold;
  perSecond = 1_000;
});

const OFFER: LiveBid = {
  bidId: 'b',
  ok: true,
  price: micros(30_000_000),
  plan: { kind: 'per_call', amount: micros(30_000_000), afterMs: 60_000 },
  reference: 'offer-1',
  uri: undefined,
  expiresAt: Date.now() + 3_600_000,
  latencyMs: 12,
};

function sold(attempt: CallAttempt): Decision {
  return {
    ok: true,
    plan: [
      {
        bidId: 'b',
        buyerId: 'buyer',
        buyerAccountId: 'account',
        targetId: 'api',
        kind: 'sip',
        uri: 'sip:x@buyer.example',
        ringTimeoutMs: 20_000,
        maxDurationMs: 3_600_000,
        ringback: 'local',
        plan: OFFER.ok ? OFFER.plan : (undefined as never),
        price: micros(30_000_000),
        reference: 'offer-1',
        reservations: [LIMIT],
      },
    ],
    terms: {
      campaignId: 'campaign-1',
      sellerId: SELLER,
      currency: 'USD',
      payout: { kind: 'per_call', amount: micros(18_000_000), afterMs: 90_000 },
    },
    sourceLimits: [],
    trace: {
      attempt,
      bids: { total: 1, counts: {}, listed: [] },
      facts: { activity: NO_ACTIVITY, liveBids: [OFFER] },
    } as unknown as Decision['trace'],
  };
}

let callers = 0;
const somebody = (): string => `+1214555${String(++callers).padStart(4, '0')}`;

test('a seller asks, is offered something, sends the call, and sees what came of it', async () => {
  const caller = somebody();
  const body = { number: '1 (800) 555-0100', caller, zip: '10001', tags: { Language: 'en' } };
  const asked = await api.ask('POST', PATH, { key, body });
  expect(asked.status).toBe(200);
  expect(asked.body).toEqual({
    accepted: true,
    code: 200,
    reason: 'accepted',
    id: expect.stringMatching(/^r[0-9a-f]{30}$/) as string,
    price: 18_000_000,
    currency: 'USD',
    payoutKind: 'per_call',
    minDurationSeconds: 90,
    number: DID,
    sip: `sip:${String(asked.body['id'])}@in.exchange.example`,
    expiresAt: expect.any(Number) as number,
    expiresInSeconds: expect.any(Number) as number,
    duplicates: { windowSeconds: 86_400, after: 'converted', scope: 'buyer' },
  });
  expect(attempts.at(-1)).toMatchObject({ from: caller, to: DID, tags: { language: 'en', zip: '10001' } });
  const id = String(asked.body['id']);

  const again = await api.ask('POST', PATH, { key, body });
  expect(again.body).toMatchObject({ accepted: true, code: 230, reason: 'cached', id });
  expect(await node.caps.inUse(LIMIT)).toBe(1);

  const claim = await node.reservations.claim(arriving('call-1', caller as never), id);
  expect(claim).toMatchObject({
    ok: true,
    reservation: {
      id,
      payout: { amount: 18_000_000 },
      liveBids: [JSON.parse(JSON.stringify(OFFER))],
      tags: { language: 'en' },
    },
  });
  await until('it is logged', () => log.waiting === 0);
  await until('it is written', async () => {
    const { body: list } = await api.ask('GET', `${PATH}?limit=2`, { key });
    return (list['items'] as unknown[]).length === 2;
  });
  const listed = await api.ask('GET', `${PATH}?limit=1`, { key });
  expect(listed.body).toMatchObject({
    items: [{ sellerId: SELLER, code: 230, reservationId: id, reservationState: 'used', callId: 'call-1' }],
  });
  const next = await api.ask('GET', `${PATH}?limit=1&cursor=${String(listed.body['nextCursor'])}`, { key });
  expect(next.body).toMatchObject({ items: [{ code: 200, reservationId: id, npa: '214' }] });
});

test('capacity is offered as often as there is any, and again when a seller gives up', async () => {
  const ask = (): ReturnType<TestApi['ask']> =>
    api.ask('POST', PATH, { key, body: { number: DID, caller: somebody() } });
  const answers = [await ask(), await ask(), await ask(), await ask()];
  expect(answers.map(({ body }) => body['code'])).toEqual([200, 200, 200, 1006]);
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  const id = String(answers[0]?.body['id']);
  const others = await createApiKey(node.database, 'other', 'others', ['bid_requests:*']);
  expect((await api.ask('DELETE', `${PATH}/${id}`, { key: others })).status).toBe(404);
  expect((await api.ask('DELETE', `${PATH}/${id}`, { key })).status).toBe(204);
  expect((await api.ask('DELETE', `${PATH}/${id}`, { key })).status).toBe(404);
  expect((await ask()).body).toMatchObject({ accepted: true });
});

test('a key speaks for its own account; the operator’s for any, which it must name', async () => {
  const body = { number: DID, caller: somebody(), sellerId: 'other' };
  expect((await api.ask('POST', PATH, { key, body })).body).toMatchObject({ code: 'reference_not_found' });
  expect((await api.ask('GET', `${PATH}?sellerId=other`, { key })).body).toMatchObject({ items: [] });
  expect((await api.ask('POST', PATH, { body: { number: DID } })).body).toMatchObject({
    code: 'seller_missing',
  });
  expect((await api.ask('POST', PATH, { body })).body).toMatchObject({ accepted: false, code: 1007 });
  expect((await api.ask('GET', PATH, {})).status).toBe(200);
  const reader = await createApiKey(node.database, SELLER, 'reader', ['bid_requests:read']);
  expect((await api.ask('POST', PATH, { key: reader, body: { number: DID } })).status).toBe(403);
  expect((await api.ask('GET', PATH, { key: reader })).status).toBe(200);
});

test('so many requests a second are answered, over all nodes', async () => {
  perSecond = 3;
  decision = () => ({ ...sold(attempts[0] as CallAttempt), plan: [] }) as Decision;
  const codes: unknown[] = [];
  for (let n = 0; n < 8; n++) {
    const { body } = await api.ask('POST', PATH, { key, body: { number: DID, caller: somebody() } });
    codes.push(body['code']);
  }
  expect(codes).toContain(1024);
  expect(codes.filter((code) => code !== 1024).length).toBeLessThanOrEqual(6);
});

test.each([
  [{}, 400],
  [{ number: 'not a number' }, 400],
  [{ number: DID, zip: '1' }, 400],
  [{ number: DID, npa: '012' }, 400],
  [{ number: DID, state: 'New York' }, 400],
  [{ number: DID, origin: 'guess' }, 400],
  [{ number: DID, tags: { x: 'a\u0000b' } }, 400],
  [{ number: DID, tags: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`t${n}`, 'x'])) }, 400],
  [{ number: DID, colour: 'blue' }, 400],
  [[], 400],
])('%j is not understood', async (body, status) => {
  expect((await api.ask('POST', PATH, { key, body })).status).toBe(status);
});
