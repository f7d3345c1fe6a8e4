import { storeDifference, storeLetter, storeSettlement } from './support/settlement-cases';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

test('a settlement is told line by line', async () => {
  const id = await storeSettlement(api);
  const { status, body } = await api.ask('GET', `/api/v1/settlements/${id}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    callId: id,
    transactionId: expect.any(Number) as number,
    connectedMs: 60_000,
    revenue: 6_000_000,
    payout: 8_000_000,
    priced: 'plan',
    lines: [
      { kind: 'revenue', accountId: 'buyer-account', amount: 6_000_000, currency: 'USD' },
      { kind: 'payout', accountId: 'seller-account', amount: 8_000_000, currency: 'USD' },
    ],
  });
  expect(await api.ask('GET', '/api/v1/settlements/unheard-of')).toMatchObject({
    status: 404,
    body: { code: 'settlement_not_found' },
  });
});

test('letters are paged, explained, and driven again by whom is kept', async () => {
  const ids = [await storeLetter(api), await storeLetter(api), await storeLetter(api)];
  const first = await api.ask('GET', '/api/v1/settlements/dead?limit=2');
  const cursor = String(first.body['nextCursor']);
  const second = await api.ask('GET', `/api/v1/settlements/dead?limit=2&cursor=${cursor}`);
  const calls = [first, second].flatMap(({ body }) =>
    (body['items'] as { callId: string }[]).map((l) => l.callId),
  );
  expect(calls).toEqual(ids);
  expect(second.body['nextCursor']).toBeNull();
  expect((await api.ask('GET', '/api/v1/settlements/dead?cursor=nonsense')).status).toBe(400);

  expect((await api.ask('GET', `/api/v1/settlements/dead/${ids[0]}`)).body).toMatchObject({
    reason: 'the buyer has no account',
    history: [{ event: 'died', reason: 'the buyer has no account', by: null }],
  });
  expect((await api.ask('GET', '/api/v1/settlements/status')).body).toMatchObject({ deadLetters: 3 });
  expect((await api.ask('POST', `/api/v1/settlements/dead/${ids[0]}/redrive`)).status).toBe(202);
  expect((await api.ask('POST', `/api/v1/settlements/dead/${ids[0]}/redrive`)).status).toBe(404);
  expect((await api.ask('GET', `/api/v1/settlements/dead/${ids[0]}`)).status).toBe(404);
  expect((await api.ask('POST', '/api/v1/settlements/dead/redrive')).body).toEqual({ redriven: 2 });
  expect(
    await api.database.query(`select distinct by_whom from settlement_history where event = 'redriven'`),
  ).toEqual([{ by_whom: 'operator' }]);
});

test('a difference is accepted once, whatever is asked meanwhile and again', async () => {
  const id = await storeDifference(api);
  const path = `/api/v1/settlements/differences/${id}`;
  expect((await api.ask('GET', path)).body).toMatchObject({
    state: 'open',
    was: { connectedMs: 60_000, revenue: 6_000_000 },
    wouldBe: { connectedMs: 90_000, revenue: 9_000_000 },
    changes: [{ kind: 'revenue', amount: 3_000_000 }],
  });
  const accept = () =>
    api.ask('POST', `${path}/accept`, {
      body: { note: 'yes' },
      headers: { 'Idempotency-Key': `accept-${id}` },
    });
  const [one, again] = [await accept(), await accept()];
  expect(one).toMatchObject({
    status: 200,
    body: { state: 'accepted', note: 'yes', resolvedBy: 'operator' },
  });
  expect(again.body).toEqual(one.body);
  expect((await api.ask('POST', `${path}/accept`, { body: {} })).status).toBe(409);
  expect((await api.ask('POST', `${path}/dismiss`, { body: {} })).status).toBe(409);
  const listed = await api.ask('GET', '/api/v1/settlements/differences?state=accepted');
  expect((listed.body['items'] as { callId: string }[]).map(({ callId }) => callId)).toEqual([id]);
});

test('what is not there, or not allowed, is said', async () => {
  const reader = await api.keyWith('settlements:read');
  const id = await storeDifference(api);
  for (const path of [
    `differences/${id}/accept`,
    `differences/${id}/dismiss`,
    'dead/redrive',
    `dead/${id}/redrive`,
  ]) {
    expect((await api.ask('POST', `/api/v1/settlements/${path}`, { key: reader, body: {} })).status).toBe(
      403,
    );
  }
  for (const path of ['differences/nobody', 'dead/nobody', 'nobody']) {
    expect((await api.ask('GET', `/api/v1/settlements/${path}`, { key: reader })).status).toBe(404);
  }
  expect((await api.ask('POST', '/api/v1/settlements/differences/nobody/accept', { body: {} })).status).toBe(
    404,
  );
  expect(
    (await api.ask('POST', `/api/v1/settlements/differences/${id}/accept`, { body: { note: 'a\u0000b' } }))
      .status,
  ).toBe(400);
  expect((await api.ask('GET', `/api/v1/settlements/differences/${id}`)).body).toMatchObject({
    state: 'open',
  });
});
