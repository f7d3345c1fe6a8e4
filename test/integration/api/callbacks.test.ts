import { randomUUID } from 'node:crypto';
import type { CallAttempt, E164 } from '../../../src/domain';
import { Market } from '../../../src/market';
import { Callbacks } from '../../../src/parts/callbacks';
import { addCallback, createApiKey, expireCallbacks } from '../../../src/storage';
import { number, seller } from '../../unit/market/fixtures';
import { storeCallback } from './support/stored-calls';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const DAY_MS = 86_400_000;
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(() => api.pool.query('delete from callbacks'));
afterAll(() => api.close());

const change = (id: string, body: unknown, key?: string) =>
  api.ask('PATCH', `/api/v1/callbacks/${id}`, { body, ...(key === undefined ? {} : { key }) });

test('what a plan asks for is noted once for a number, told without it, and read by who may', async () => {
  const market = new Market();
  market.apply({ entity: 'seller', op: 'upsert', value: seller() } as never);
  market.apply({ entity: 'number', op: 'upsert', value: number() } as never);
  const errors: Error[] = [];
  const now = Date.now();
  const callbacks = new Callbacks({
    database: api.pool,
    market,
    clock: { now: () => now, monotonic: () => 0 },
    onError: (error) => errors.push(error),
  });
  const attempt = { callId: 'asks', from: '+12125550123' as E164, to: number().number } as CallAttempt;
  const ask = (digits: string | undefined, notAfter = now + DAY_MS) =>
    callbacks.request({ attempt, number: digits, notAfter });
  expect(await ask(undefined)).toBe(true);
  expect(await ask('(212) 555-0123', now + 2 * DAY_MS)).toBe(true);
  expect(await ask('3055550123')).toBe(true);
  expect(await ask('911')).toBe(false);
  expect(await ask(undefined, now)).toBe(false);
  expect(errors).toEqual([]);
  const { body } = await api.ask('GET', '/api/v1/callbacks?state=open');
  const items = body['items'] as { number: string }[];
  expect(items).toHaveLength(2);
  expect(items.find((one) => one.number === '+12125550123')).toMatchObject({
    callId: 'asks',
    campaignId: number().campaignId,
    ownNumber: true,
    notAfter: now + 2 * DAY_MS,
  });
  expect(items.find((one) => one.number === '+13055550123')).toMatchObject({ ownNumber: false });
  const { rows } = await api.pool.query<{ payload: object; doneAt: Date | null }>(
    `select payload, done_at as "doneAt" from outbox where type = 'callback.requested' and payload ->> 'callId' = 'asks'`,
  );
  expect(rows).toHaveLength(2);
  expect(JSON.stringify(rows)).not.toContain('5550123');
  // Webhooks are still to be told.
  expect(rows.every(({ doneAt }) => doneAt === null)).toBe(true);
});

test('of two who take a callback one does; who is through with it is', async () => {
  const id = await storeCallback(api);
  const taken = await Promise.all([change(id, { state: 'taken' }), change(id, { state: 'taken' })]);
  expect(taken.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(taken.find(({ status }) => status === 409)?.body).toMatchObject({
    code: 'callback_state',
    errors: [{ pointer: '/state' }],
  });
  expect((await change(id, { state: 'open' })).body).toMatchObject({
    state: 'open',
    takenBy: null,
    takenAt: null,
  });
  expect((await change(id, { note: 'at noon' })).body).toMatchObject({ state: 'open', note: 'at noon' });
  const done = await change(id, { state: 'done' });
  expect(done.body).toMatchObject({ state: 'done', endedAt: expect.any(Number) as number, note: 'at noon' });
  expect((await change(id, { state: 'taken' })).status).toBe(409);
  expect((await change('nobody', { state: 'taken' })).status).toBe(404);
  expect((await change(id, {})).status).toBe(400);
});

test('callbacks are the exchange’s: no buyer and no seller sees them', async () => {
  const id = await storeCallback(api);
  await api.pool.query(
    `insert into accounts (id, name, type) values ('s', 'Seller', 'seller'), ('b', 'Buyer', 'buyer')`,
  );
  for (const [account, role] of [
    ['s', 'seller'],
    ['b', 'buyer'],
  ] as const) {
    const key = await createApiKey(api.pool, account, role, ['*']);
    expect((await api.ask('GET', '/api/v1/callbacks', { key })).status).toBe(403);
    expect((await change(id, { state: 'taken' }, key)).status).toBe(403);
  }
  expect((await change(id, { state: 'taken' }, await api.keyWith('callbacks:read'))).status).toBe(403);
});

test('callbacks whose time is over expire, are forgotten, and never fill the list of those who wait', async () => {
  const id = await storeCallback(api);
  const now = Date.now();
  expect(await expireCallbacks(api.pool, now, 10)).toEqual({ expired: 0, forgotten: 0 });
  expect(await expireCallbacks(api.pool, now + 2 * DAY_MS, 10)).toEqual({ expired: 1, forgotten: 0 });
  expect((await api.ask('GET', `/api/v1/callbacks/${id}`)).body).toMatchObject({ state: 'expired' });
  const again = {
    ...{ id: randomUUID(), callId: 'asks-again', campaignId: null, sellerId: null, ownNumber: true },
    ...{ number: '+12125550199' as E164, requestedAt: now, notAfter: now + DAY_MS },
  };
  expect(await addCallback(api.pool, again, 1)).toBe(true);
  expect(await addCallback(api.pool, { ...again, id: randomUUID(), number: '+12125550198' as E164 }, 1)).toBe(
    false,
  );
  expect(await expireCallbacks(api.pool, now + 100 * DAY_MS, 10)).toEqual({ expired: 1, forgotten: 1 });
});
