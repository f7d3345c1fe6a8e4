import { ReratingJob } from '../../../src/billing';
import { openMarket } from './support/market-bodies';
import { storeSoldCall } from './support/stored-calls';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';
import { createApiKey } from '../../../src/storage';

let api: TestApi;
/** Of buyer-account. */
let buyerKey: string;
let skewMs = 0;

beforeAll(async () => {
  api = await startTestApi({ now: () => performance.now() + skewMs });
  await openMarket(api);
  await api.ask('POST', '/api/v1/accounts', { body: { id: 'other-buyer', name: 'Other', type: 'buyer' } });
  buyerKey = await createApiKey(api.pool, 'buyer-account', 'crm', ['signals:*', 'disputes:*']);
  for (const id of ['call-1', 'call-2', 'call-3', 'call-4']) await storeSoldCall(api, id, `offer of ${id}`);
});
afterAll(() => api.close());

async function newToken(more: Record<string, unknown> = {}): Promise<{ id: string; token: string }> {
  const body = { accountId: 'buyer-account', name: 'CRM', ...more };
  const made = await api.ask('POST', '/api/v1/postback-tokens', { body });
  expect(made.status).toBe(201);
  return { id: String(made.body['id']), token: String(made.body['token']) };
}
const send = (method: string, path: string): Promise<Answer> => api.ask(method, path, { key: null });
const signalsOf = async (callId: string): Promise<unknown[]> =>
  ((await api.ask('GET', `/api/v1/calls/${callId}/signals`)).body['items'] as { value: string }[]).map(
    ({ value }) => value,
  );

test('a URL with a token tells of an event, is answered with a pixel, and may be sent again', async () => {
  const { id, token } = await newToken();
  const url = `/api/v1/calls/call-1/postbacks?token=${token}&event=sale&clickid=17&sub=%20`;
  for (let n = 0; n < 2; n++) {
    const answer = await send('GET', url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/gif');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.text.slice(0, 6)).toBe('GIF89a');
  }
  const { body } = await api.ask('GET', '/api/v1/calls/call-1/signals');
  expect(body['items']).toMatchObject([{ kind: 'postback', value: 'sale', source: `token:${id}` }]);
});

test('POST says 204; a call can be named by the offer of its buyer; whoever looks at the link tells nothing', async () => {
  const { token } = await newToken();
  const query = `token=${token}&event=lead&reference=${encodeURIComponent('offer of call-2')}`;
  expect((await send('HEAD', `/api/v1/postbacks?${query}`)).status).toBe(204);
  expect(await signalsOf('call-2')).toEqual([]);
  expect((await send('POST', `/api/v1/postbacks?${query}`)).status).toBe(204);
  expect(await signalsOf('call-2')).toEqual(['lead']);
});

test.each([
  ['an unknown token', 'dcepb_nobody', 'event=sale', 401, 'unknown_token'],
  ['no token and no key', '', 'event=sale', 401, 'no_api_key'],
  ['no event', 'TOKEN', '', 400, 'invalid_request'],
  ['an event that is none', 'TOKEN', 'event=a%20b', 400, 'invalid_request'],
  ['an event of which it does not tell', 'TOKEN', 'event=refund', 403, 'event_not_allowed'],
  ['an instant that is none', 'TOKEN', 'event=sale&at=soon', 400, 'invalid_request'],
  ['an instant yet to come', 'TOKEN', 'event=sale&at=4102444800000', 400, 'invalid_signal'],
])('%s is refused', async (_what, wanted, query, status, code) => {
  const { token } = await newToken({ events: ['sale'] });
  const with_ = wanted === '' ? '' : `token=${wanted.replace('TOKEN', token)}&`;
  const answer = await send('GET', `/api/v1/calls/call-3/postbacks?${with_}${query}`);
  expect([answer.status, answer.body['code']]).toEqual([status, code]);
  expect(await signalsOf('call-3')).toEqual([]);
});

test('a token opens calls of its buyer alone, until it is revoked or expires', async () => {
  const { token: others } = await newToken({ accountId: 'other-buyer' });
  const refused = await send('GET', `/api/v1/calls/call-3/postbacks?token=${others}&event=sale`);
  expect([refused.status, refused.body['code']]).toEqual([404, 'call_not_found']);
  const { id, token } = await newToken();
  const url = `/api/v1/calls/call-3/postbacks?token=${token}&event=sale`;
  expect((await api.ask('DELETE', `/api/v1/postback-tokens/${id}`)).status).toBe(204);
  expect((await send('GET', url)).status).toBe(401);
  const { token: expired } = await newToken({ expiresAt: Date.now() - 1 });
  expect((await send('GET', url.replace(token, expired))).status).toBe(401);
  expect(await signalsOf('call-3')).toEqual([]);
  const [stored] = await api.database.query<{ text: string }>(
    `select string_agg(t::text, ' ') as text from postback_tokens t`,
  );
  expect(stored?.text).not.toContain(token);
});

test('who guesses tokens is slowed down', async () => {
  const guess = (n: number): Promise<Answer> =>
    send('GET', `/api/v1/calls/call-3/postbacks?token=dcepb_${n}&event=sale`);
  skewMs += 60_000;
  for (let n = 0; n < 100; n++) await guess(n);
  const answer = await guess(100);
  expect([answer.status, answer.body['code']]).toEqual([429, 'too_many_postbacks']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  skewMs += 60_000;
});

test('keys of a buyer tell of its own calls, see its own tokens, and press no keys', async () => {
  const told = await api.ask('POST', '/api/v1/calls/call-4/signals', {
    key: buyerKey,
    body: { kind: 'disposition', value: 'sold' },
  });
  expect([told.status, told.body]).toMatchObject([200, { callId: 'call-4', isNew: true }]);
  const pressed = await api.ask('POST', '/api/v1/calls/call-4/signals', {
    key: buyerKey,
    body: { kind: 'keypress', value: '1' },
  });
  expect(pressed.status).toBe(403);
  const others = await createApiKey(api.pool, 'other-buyer', 'crm', ['signals:*']);
  const strange = await api.ask('POST', '/api/v1/calls/call-4/postbacks?event=sale', { key: others });
  expect(strange.status).toBe(404);
  const { body } = await api.ask('GET', '/api/v1/postback-tokens', { key: others });
  expect((body['items'] as { accountId: string }[]).map((one) => one.accountId)).toEqual(['other-buyer']);
  const made = await api.ask('POST', '/api/v1/postback-tokens', {
    key: others,
    body: { accountId: 'buyer-account', name: 'x' },
  });
  expect(made.status).toBe(422);
  expect((await api.ask('GET', '/api/v1/calls/call-4/signals', { key: buyerKey })).status).toBe(403);
});

test('a dispute is its own side’s: others do not see it, and nobody but the exchange what it knew', async () => {
  const body = { callId: 'call-4', reason: 'bad_audio', amount: 25_000_000, text: 'Silence\nfor a minute' };
  const opened = await api.ask('POST', '/api/v1/disputes', { key: buyerKey, body });
  expect([opened.status, opened.body['side']]).toEqual([201, 'buyer']);
  const path = `/api/v1/disputes/${String(opened.body['id'])}`;
  const sellerKey = await createApiKey(api.pool, 'seller-account', 's', ['disputes:*']);
  expect((await api.ask('GET', path, { key: sellerKey })).status).toBe(404);
  expect((await api.ask('GET', '/api/v1/disputes', { key: sellerKey })).body['items']).toEqual([]);
  expect((await api.ask('GET', '/api/v1/disputes', { key: buyerKey })).body['items']).toHaveLength(1);
  await api.ask('POST', `${path}/evidence`, { key: buyerKey, body: { kind: 'text', text: 'Heard it' } });
  const seen = await api.ask('GET', `${path}/evidence`, { key: buyerKey });
  expect((seen.body['items'] as { kind: string }[]).map(({ kind }) => kind)).toEqual(['text']);
  const all = await api.ask('GET', `${path}/evidence`);
  expect((all.body['items'] as { kind: string }[]).map(({ kind }) => kind)).toEqual(['snapshot', 'text']);
  for (const [verb, sent] of [
    ['review', {}],
    ['resolve', { state: 'accepted', bearer: 'seller' }],
  ] as const) {
    expect((await api.ask('POST', `${path}/${verb}`, { key: buyerKey, body: sent })).status).toBe(403);
    expect((await api.ask('POST', `${path}/${verb}`, { body: sent })).status).toBe(200);
  }
  const money = await api.ask('GET', '/api/v1/calls/call-4/money');
  expect(money.body).toMatchObject({
    revenue: 0,
    payout: 0,
    lines: [],
    revisions: [{ n: 1, kind: 'reversal', revenue: -25_000_000, payout: -8_000_000 }],
  });
});

test('a refund is booked once for its reference', async () => {
  const body = { reference: 'ticket 1', amount: 5_000_000, bearer: 'exchange', reason: 'agreed' };
  for (let n = 0; n < 2; n++) {
    expect((await api.ask('POST', '/api/v1/calls/call-1/refunds', { body })).status).toBe(201);
  }
  await new ReratingJob(api.pool).run();
  expect((await api.ask('GET', '/api/v1/calls/call-1/money')).body).toMatchObject({ revenue: 20_000_000 });
  const more = await api.ask('POST', '/api/v1/calls/call-1/refunds', {
    body: { ...body, reference: 'ticket 2', amount: 20_000_001 },
  });
  expect([more.status, more.body['errors']]).toMatchObject([422, [{ pointer: '/amount' }]]);
  expect((await api.ask('GET', '/api/v1/calls/call-1/refunds')).body['items']).toHaveLength(1);
});

test('a large adjustment waits for another key', async () => {
  const body = {
    kind: 'goodwill',
    accountId: 'buyer-account',
    currency: 'USD',
    amount: 100_000_001,
    reference: 'big',
    reason: 'agreed',
  };
  const made = await api.ask('POST', '/api/v1/adjustments', { body });
  expect(made.body['state']).toBe('prepared');
  const path = `/api/v1/adjustments/${String(made.body['id'])}/approve`;
  const own = await api.ask('POST', path, { body: {} });
  expect([own.status, own.body['code']]).toEqual([403, 'second_person_needed']);
  const second = await api.ask('POST', path, { key: await api.keyWith('adjustments:write'), body: {} });
  expect(second.body).toMatchObject({ state: 'posted', resolvedBy: 'operator' });
  const buyers = await createApiKey(api.pool, 'buyer-account', 'x', ['adjustments:*']);
  expect((await api.ask('POST', '/api/v1/adjustments', { key: buyers, body })).status).toBe(403);
});
