import { storeAccount, storePaidSeller } from './support/payment-cases';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
let other: string;

beforeAll(async () => {
  api = await startTestApi();
  other = await api.keyWith('payouts:*');
});
afterAll(() => api.close());

const post = (path: string, body: unknown, more = {}): Promise<Answer> =>
  api.ask('POST', `/api/v1${path}`, { body, ...more });
const get = (path: string): Promise<Answer> => api.ask('GET', `/api/v1${path}`);

test('from terms to the table for the bank, with two pairs of eyes', async () => {
  const seller = await storePaidSeller(api);
  const headers = { 'Idempotency-Key': 'batch-1' };
  const body = { currency: 'USD', accountIds: [seller] };
  const prepared = await post('/publisher-payouts', body, { headers });
  expect([prepared.status, prepared.headers.get('etag')]).toEqual([201, '"1"']);
  expect((await post('/publisher-payouts', body, { headers })).body).toEqual(prepared.body);
  expect(prepared.body).toMatchObject({
    state: 'draft',
    totalMicros: 10_000_000,
    items: 1,
    leftOut: [],
    approved: null,
  });
  const path = `/publisher-payouts/${String(prepared.body['id'])}`;

  const own = await post(`${path}/approve`, undefined);
  expect([own.status, own.body['code']]).toEqual([403, 'four_eyes']);
  expect((await get(`${path}/csv`)).status).toBe(409);
  const approved = await post(`${path}/approve`, undefined, { key: other });
  expect(approved.body).toMatchObject({ state: 'approved', approved: { accountId: 'operator' }, version: 2 });

  const table = await get(`${path}/csv`);
  expect(table.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(table.headers.get('content-disposition')).toMatch(/^attachment; filename="payouts-[\w-]+\.csv"$/);
  expect(table.text.split('\r\n')).toHaveLength(3);
  expect(table.text).toContain(`,${seller},Account ${seller},IBAN DE02,10.00,USD,open,,`);

  const paid = await post(`${path}/paid`, { reference: 'SEPA 7' });
  expect(paid.body).toMatchObject({ state: 'paid', paidMicros: 10_000_000, openItems: 0 });
  expect((await get(path)).body).toEqual(paid.body);
  expect((await get(`/payout-items?accountId=${seller}`)).body['items']).toMatchObject([
    {
      state: 'paid',
      reference: 'SEPA 7',
      amountMicros: 10_000_000,
      transactionId: expect.any(Number) as unknown,
    },
  ]);
  expect((await post(`${path}/paid`, { reference: 'SEPA 8' })).body['code']).toBe('payout_state');
  expect((await post(`${path}/cancel`, undefined)).status).toBe(409);
});

test('nothing to pay says why', async () => {
  const seller = await storePaidSeller(api);
  const terms = { period: 'manual', minimumMicros: 10_010_000, method: 'IBAN' };
  expect((await api.ask('PUT', `/api/v1/payout-terms/${seller}`, { body: terms })).body).toMatchObject({
    accountId: seller,
    currency: 'USD',
    minimumMicros: 10_010_000,
    holdBackDays: 0,
    version: 2,
  });
  const put = (tag: string): Promise<Answer> =>
    api.ask('PUT', `/api/v1/payout-terms/${seller}`, { body: terms, headers: { 'If-Match': tag } });
  expect(await put('"1"')).toMatchObject({ status: 412, body: { code: 'changed_meanwhile' } });
  expect((await put('"2"')).body).toMatchObject({ version: 3 });
  const answer = await post('/publisher-payouts', { currency: 'USD', accountIds: [seller] });
  expect([answer.status, answer.body['code']]).toEqual([422, 'nothing_due']);
  expect(answer.body['errors']).toMatchObject([
    { message: `${seller}: below_minimum (owed 10000000, due 10000000 micro-units)` },
  ]);
});

test.each<[string, Record<string, unknown>, string]>([
  ['the future', { upTo: 4_000_000_000_000 }, '/upTo'],
  ['no currency', { currency: 'XBT' }, '/currency'],
  ['nobody', { accountIds: [] }, '/accountIds'],
])('refused with its place: %s', async (_what, more, pointer) => {
  const answer = await post('/publisher-payouts', { currency: 'USD', ...more });
  expect((answer.body['errors'] as { pointer: string }[])[0]).toMatchObject({ pointer });
});

test.each<[Record<string, unknown>, string]>([
  [{ minimumMicros: -1 }, '/minimumMicros'],
  [{ minimumMicros: 1e21 }, '/minimumMicros'],
  [{ holdBackDays: 366 }, '/holdBackDays'],
  [{ period: 'daily' }, '/period'],
  [{ method: '' }, '/method'],
  [{ method: 'a\u0000b' }, '/method'],
])('terms that are none: %j', async (more, pointer) => {
  const seller = await storeAccount(api, 'seller');
  const body = { period: 'weekly', method: 'IBAN', ...more };
  const answer = await api.ask('PUT', `/api/v1/payout-terms/${seller}`, { body });
  expect(answer.status).toBe(400);
  expect((answer.body['errors'] as { pointer: string }[])[0]).toMatchObject({ pointer });
  expect((await get(`/payout-terms/${seller}`)).status).toBe(404);
});

test('buyers are not paid', async () => {
  const buyer = await storeAccount(api, 'buyer');
  const answer = await api.ask('PUT', `/api/v1/payout-terms/${buyer}`, {
    body: { period: 'weekly', method: 'x' },
  });
  expect([answer.status, answer.body['code']]).toEqual([422, 'account_not_paid']);
});
