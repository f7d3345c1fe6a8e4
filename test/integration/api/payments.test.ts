import Stripe from 'stripe';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi, WEBHOOK_SECRET } from './support/test-api';
import { storeCard, storeKeptEvent, storeMadePayment, storePayment } from './support/payment-cases';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const post = (path: string, body: unknown, more = {}): Promise<Answer> =>
  api.ask('POST', `/api/v1${path}`, { body, ...more });
const get = (path: string): Promise<Answer> => api.ask('GET', `/api/v1${path}`);

/** A message as Stripe sends it. */
function tell(
  event: object,
  { secret = WEBHOOK_SECRET, at = Date.now(), sent = event } = {},
): Promise<Answer> {
  const payload = JSON.stringify(event);
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload,
    secret,
    timestamp: Math.floor(at / 1000),
  });
  return api.ask('POST', '/webhooks/stripe', {
    key: null,
    raw: JSON.stringify(sent),
    headers: { 'Stripe-Signature': signature },
  });
}

const madeEvent = (paymentId: string, id = 'evt_1'): object => ({
  id,
  object: 'event',
  type: 'payment_intent.succeeded',
  data: {
    object: {
      id: `pi_of_${paymentId}`,
      object: 'payment_intent',
      amount: 5_000,
      currency: 'usd',
      status: 'succeeded',
      metadata: { dce_payment: paymentId },
    },
  },
});

test('a charge is asked for once, however often the request is sent', async () => {
  const body = { ...(await storeCard(api)), amountMicros: 25_000_000, currency: 'USD', reason: 'November' };
  const headers = { 'Idempotency-Key': 'charge-1' };
  const [one, two] = [await post('/payments', body, { headers }), await post('/payments', body, { headers })];
  expect([one.status, two.status]).toEqual([201, 201]);
  expect(two.body).toEqual(one.body);
  expect(one.headers.get('location')).toBe(`/api/v1/payments/${String(one.body['id'])}`);
  expect(one.body).toMatchObject({
    kind: 'charge',
    cause: 'request',
    state: 'created',
    amountMicros: 25_000_000,
    reason: 'November',
    requestedBy: 'operator',
    needsPerson: false,
  });
  expect((await get(`/payments?accountId=${body.accountId}`)).body['items']).toEqual([one.body]);
  expect(JSON.stringify(one.body)).not.toMatch(/dce-|idempotency/);
});

test.each<[string, Record<string, unknown>, number, string]>([
  ['half a cent', { amountMicros: 5_000 }, 422, '/amountMicros'],
  ['nothing', { amountMicros: 0 }, 400, '/amountMicros'],
  ['less than nothing', { amountMicros: -10_000_000 }, 400, '/amountMicros'],
  ['more than can be', { amountMicros: 1e21 }, 400, '/amountMicros'],
  ['no currency', { currency: 'XBT' }, 400, '/currency'],
  ['another currency', { currency: 'EUR' }, 422, '/currency'],
  ['nobody', { accountId: 'nobody' }, 422, '/accountId'],
  ['no card', { methodId: 'none' }, 422, '/methodId'],
  ['the number of a card', { card: '4242424242424242' }, 400, '/card'],
])('refused with its place: %s', async (_what, more, status, pointer) => {
  const answer = await post('/payments', {
    ...(await storeCard(api)),
    amountMicros: 5_000_000,
    currency: 'USD',
    ...more,
  });
  expect(answer.status).toBe(status);
  expect((answer.body['errors'] as { pointer: string }[])[0]).toMatchObject({ pointer });
});

test('the number of a card is stored nowhere', async () => {
  const { accountId } = await storeCard(api);
  const method = { accountId, customerRef: 'cus_1', methodRef: 'pm_1' };
  for (const wrong of [
    { methodRef: '4242424242424242' },
    { brand: '4242 4242 4242 4242' },
    { last4: '42424242' },
    { cvc: '123' },
    { expMonth: 12 },
  ]) {
    expect((await post('/payment-methods', { ...method, ...wrong })).status).toBe(400);
  }
});

test('a card that is changed, and one that is removed', async () => {
  const { accountId, methodId } = await storeCard(api);
  const path = `/api/v1/payment-methods/${methodId}`;
  const change = (body: object, headers = {}): Promise<Answer> => api.ask('PATCH', path, { body, headers });
  expect((await change({ expMonth: 1, expYear: 2031 }, { 'If-Match': '"1"' })).body).toMatchObject({
    expYear: 2031,
    last4: '4242',
    version: 2,
  });
  expect((await change({ brand: 'visa' }, { 'If-Match': '"1"' })).status).toBe(412);
  const remove = (tag: string): Promise<Answer> => api.ask('DELETE', path, { headers: { 'If-Match': tag } });
  expect((await remove('"1"')).status).toBe(412);
  expect((await remove('"2"')).status).toBe(204);
  expect((await api.ask('DELETE', path)).status).toBe(404);
  expect((await get(`/payment-methods?accountId=${accountId}`)).body['items']).toEqual([]);
  const charge = { accountId, methodId, amountMicros: 5_000_000, currency: 'USD' };
  expect((await post('/payments', charge)).body['errors']).toMatchObject([{ pointer: '/methodId' }]);
});

test('a refund, and one of more than there is', async () => {
  const id = await storeMadePayment(api);
  const refund = await post(`/payments/${id}/refunds`, { amountMicros: 20_000_000 });
  expect(refund.body).toMatchObject({
    kind: 'refund',
    state: 'created',
    chargeId: id,
    amountMicros: 20_000_000,
  });
  const more = await post(`/payments/${id}/refunds`, { amountMicros: 30_010_000 });
  expect([more.status, more.body['code']]).toEqual([422, 'refund_exceeds_payment']);
  expect((await get(`/payments?chargeId=${id}`)).body['items']).toEqual([refund.body]);
});

test('pages of payments, and those that need a person', async () => {
  for (let n = 0; n < 3; n++) await storePayment(api);
  const first = await get('/payments?limit=2&needsPerson=false');
  expect(first.body['items']).toHaveLength(2);
  const next = await get(`/payments?limit=2&cursor=${String(first.body['nextCursor'])}`);
  const ids = [first, next].flatMap(({ body }) => (body['items'] as { id: string }[]).map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
  expect((await get('/payments?needsPerson=true')).body['items']).toEqual([]);
});

test('what Stripe tells is booked once', async () => {
  const id = await storePayment(api);
  const answers = await Promise.all(Array.from({ length: 4 }, () => tell(madeEvent(id))));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(answers.map(({ body }) => body['outcome']).sort()).toEqual([
    'applied',
    'repeated',
    'repeated',
    'repeated',
  ]);
  expect((await get(`/payments/${id}`)).body).toMatchObject({
    state: 'succeeded',
    providerRef: `pi_of_${id}`,
  });
});

test('what Stripe did not say', async () => {
  const id = await storePayment(api);
  const event = madeEvent(id, 'evt_forged');
  for (const answer of [
    await tell(event, { secret: 'whsec_of_another' }),
    await tell(event, { at: Date.now() - 600_000 }),
    await tell(event, { sent: { ...event, id: 'evt_other' } }),
    await api.ask('POST', '/webhooks/stripe', { key: null, body: event }),
    await api.ask('POST', '/webhooks/stripe', { key: null }),
  ]) {
    expect([answer.status, answer.body['code']]).toEqual([400, 'bad_signature']);
  }
  expect((await get(`/payments/${id}`)).body).toMatchObject({ state: 'created' });
  expect((await tell(event, { sent: { ...event, more: 'x'.repeat(300_000) } })).status).toBe(413);
  expect((await api.ask('GET', '/webhooks/stripe', { key: null })).status).toBe(405);
  expect(api.switch.bugs).toEqual([]);
});

test('what means nothing here is taken all the same', async () => {
  const answer = await tell({ id: 'evt_2', object: 'event', type: 'customer.created', data: { object: {} } });
  expect([answer.status, answer.body]).toEqual([200, { outcome: 'ignored' }]);
});

test('what is told of unknown payments waits for a person', async () => {
  const id = await storeKeptEvent(api);
  const items = (await get('/payment-events')).body['items'] as { id: string }[];
  expect(items.find((one) => one.id === id)).toMatchObject({
    why: 'unknown_payment',
    outcome: 'kept',
    news: { kind: 'charge', amountMicros: 1_000_000, state: 'succeeded' },
  });
  const resolved = await post(`/payment-events/${id}/resolve`, { note: 'of our shop' });
  expect(resolved.body).toMatchObject({ outcome: 'resolved', resolvedBy: 'operator', note: 'of our shop' });
});

test('without a provider nothing is asked for, and nothing is taken', async () => {
  const other = await startTestApi({ payments: { enabled: false, stripeWebhookSecret: undefined } });
  try {
    const body = { ...(await storeCard(other)), amountMicros: 5_000_000, currency: 'USD' };
    const answer = await other.ask('POST', '/api/v1/payments', { body });
    expect([answer.status, answer.body['code']]).toEqual([422, 'no_payment_provider']);
    expect((await other.ask('POST', '/webhooks/stripe', { key: null, body: {} })).status).toBe(404);
  } finally {
    await other.close();
  }
});
