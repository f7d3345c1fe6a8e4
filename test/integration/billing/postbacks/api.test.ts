import { createApiKey } from '../../../../src/storage';
import { freePort } from '../../../support/free-port';
import { until } from '../../../support/until';
import type { Answer, TestApi } from '../../api/support/test-api';
import { startTestApi } from '../../api/support/test-api';
import { storeDeadDelivery } from '../../api/support/stored-calls';
import { Receiver } from './support/receiver';

let api: TestApi;
let receiver: Receiver;
let buyer: string;

beforeAll(async () => {
  api = await startTestApi();
  receiver = await Receiver.start();
  await api.pool.query(
    `insert into accounts (id, name, type) values ('a-buyer', 'Buyer', 'buyer'), ('a-seller', 'Seller', 'seller'),
       ('a-carrier', 'Carrier', 'carrier')`,
  );
  buyer = await createApiKey(api.pool, 'a-buyer', 'buyer', ['webhooks:*']);
});
afterAll(async () => {
  await api.close();
  await receiver.close();
});
beforeEach(() => {
  receiver.behave = () => 200;
  receiver.received.length = 0;
});

const hook = (more: object = {}): Record<string, unknown> => ({
  name: 'Calls',
  url: `${receiver.url}/told?c={call_id}`,
  events: ['call.settled'],
  ...more,
});
const create = (more: object = {}, key = api.admin): Promise<Answer> =>
  api.ask('POST', '/api/v1/webhooks', { key, body: hook(more) });
const problems = (answer: Answer): unknown[] =>
  ((answer.body['errors'] ?? []) as { pointer: string; message: string }[]).map(
    ({ pointer, message }) => `${pointer} ${message}`,
  );

test('a webhook is made, shown without its secrets, changed and archived', async () => {
  const made = await create({ headers: { 'X-Token': 'plain-token' } });
  expect(made.status).toBe(201);
  const id = String(made.body['id']);
  expect(made.headers.get('location')).toBe(`/api/v1/webhooks/${id}`);
  expect(made.body).toMatchObject({
    accountId: 'operator',
    status: 'active',
    method: 'POST',
    bodyType: 'json',
    body: null,
    headerNames: ['x-token'],
    secret: expect.stringMatching(/^whsec_[\w-]{43}$/) as unknown,
    version: 1,
  });
  const shown = await api.ask('GET', `/api/v1/webhooks/${id}`);
  expect(shown.body).not.toHaveProperty('secret');
  expect(shown.text).not.toMatch(/whsec_|plain-token/);

  const changed = await api.ask('PATCH', `/api/v1/webhooks/${id}`, {
    body: { body: '{"call": {call_id}}', headers: {}, ratePerSecond: 5, status: 'paused' },
    headers: { 'If-Match': '"1"' },
  });
  expect(changed.body).toMatchObject({
    body: '{"call": {call_id}}',
    headerNames: [],
    ratePerSecond: 5,
    version: 2,
  });
  const stale = await api.ask('PATCH', `/api/v1/webhooks/${id}`, {
    body: { status: 'active' },
    headers: { 'If-Match': '"1"' },
  });
  expect(stale.status).toBe(412);

  expect((await api.ask('DELETE', `/api/v1/webhooks/${id}`)).status).toBe(204);
  expect((await api.ask('DELETE', `/api/v1/webhooks/${id}`)).status).toBe(204);
  expect((await api.ask('GET', `/api/v1/webhooks/${id}`)).body).toMatchObject({ status: 'archived' });
  for (const path of ['test', 'redrive', 'secret', 'replay?from=0&to=1']) {
    const answer = await api.ask('POST', `/api/v1/webhooks/${id}/${path}`, { body: {} });
    expect([path, answer.status]).toEqual([path, 409]);
  }
});

test('a secret may be given, and is then never told', async () => {
  const made = await create({ id: 'own-secret', secret: 'sixteen-and-more' });
  expect(made.body).toMatchObject({ id: 'own-secret', secret: null });
  expect((await create({ id: 'own-secret' })).status).toBe(409);
  const rotated = await api.ask('POST', '/api/v1/webhooks/own-secret/secret', {
    body: { overlapSeconds: 60 },
  });
  expect(rotated.body).toMatchObject({ secret: expect.stringMatching(/^whsec_/) as unknown, version: 2 });
  expect(Date.parse(String(rotated.body['oldSecretUntil']))).toBeGreaterThan(Date.now());
});

test('what cannot be is refused with its place, all of it at once', async () => {
  const wrong = await create({
    accountId: 'a-buyer',
    url: `${receiver.url}/{payout}`,
    events: ['call.settled', 'payout.paid'],
    method: 'GET',
    body: '{"a": {nonsense}}',
    headers: { Host: 'x', 'bad name': 'x', 'X-A': 'é', 'DCE-Signature': 'x' },
  });
  expect([wrong.status, problems(wrong)]).toEqual([
    400,
    [
      '/events/1 a buyer does not hear of payout.paid',
      `/url a buyer does not hear of {payout} (character ${receiver.url.length + 2})`,
      '/body a GET has no body',
      '/body there is no macro {nonsense} (character 7)',
      '/headers/Host is written by the exchange',
      '/headers/bad name is no name of a header',
      '/headers/X-A holds more than printable ASCII, or begins or ends with a space',
      '/headers/DCE-Signature is written by the exchange',
    ],
  ]);
  for (const [more, problem] of [
    [{ accountId: 'nobody' }, '/accountId there is no such account'],
    [{ accountId: 'a-carrier' }, '/accountId a carrier hears of nothing'],
    [{ url: 'http://example.com/' }, '/url HTTPS is asked for at example.com'],
    [{ url: 'https://10.0.0.1/' }, '/url 10.0.0.1 is not an address of the public internet'],
    [{ url: 'https://[::1]/' }, '/url ::1 is not an address of the public internet'],
    [{ url: 'https://0x7f.1:8443/{call_id}' }, 'none'],
    [{ url: 'https://169.254.169.254/' }, '/url 169.254.169.254 is not an address of the public internet'],
    [{ url: 'file:///etc/passwd' }, '/url begins with neither https:// nor http:// (character 1)'],
    [{ bodyType: 'form' }, '/body a form needs a template'],
    [{ events: ['call.settled', 'call.settled'] }, '/events names an event twice'],
  ] as const) {
    const answer = await create(more);
    if (problem === 'none') expect(answer.status).toBe(201);
    else expect([more, problems(answer)]).toEqual([more, [problem]]);
  }
});

test('a change is checked together with what stays', async () => {
  const { body } = await create({ accountId: 'a-seller', body: '{"p": {payout}}' });
  const patch = (change: object): Promise<Answer> =>
    api.ask('PATCH', `/api/v1/webhooks/${String(body['id'])}`, { body: change });
  expect(problems(await patch({ method: 'GET' }))).toEqual(['/body a GET has no body']);
  expect((await patch({ method: 'GET', body: null })).body).toMatchObject({ method: 'GET', body: null });
  expect(problems(await patch({ events: ['wallet.low'] }))).toEqual([
    '/events/0 a seller does not hear of wallet.low',
  ]);
  expect((await patch({ events: ['recording.saved', 'voicemail.left'] })).status).toBe(200);
  expect(problems(await patch({ events: ['recording.failed', 'callback.requested'] }))).toEqual([
    '/events/0 a seller does not hear of recording.failed',
    '/events/1 a seller does not hear of callback.requested',
  ]);
});

describe('a port that requests may not go to', () => {
  const refusedFor = (port: number): object => ({
    status: 422,
    body: {
      code: 'port_not_allowed',
      errors: [{ pointer: '/url', message: `port ${port} is not one that requests may go to` }],
    },
  });
  const at = (port: number): object => ({ url: `https://hooks.example:${port}/told` });

  test.each([22, 25, 53, 993, 5_060, 6_379, 11_211])(
    'is refused of a webhook that is made: %d',
    async (port) => {
      expect(await create(at(port))).toMatchObject(refusedFor(port));
    },
  );

  test('is refused of one that is changed', async () => {
    const { id } = (await create({ url: 'https://hooks.example/told' })).body as { id: string };
    expect(await api.ask('PATCH', `/api/v1/webhooks/${id}`, { body: at(25) })).toMatchObject(refusedFor(25));
    const { body } = await api.ask('GET', `/api/v1/webhooks/${id}`);
    expect(body).toMatchObject({ url: 'https://hooks.example/told', version: 1 });
  });

  test('is not tried, and one that goes there can be paused but not taken up', async () => {
    const { id } = (await create({ url: 'https://hooks.example/told' })).body as { id: string };
    // It was allowed when it was saved.
    await api.pool.query(`update postbacks set url = 'https://hooks.example:5060/' where id = $1`, [id]);
    const test = await api.ask('POST', `/api/v1/webhooks/${id}/test`, { body: {} });
    expect(test).toMatchObject(refusedFor(5_060));
    const set = (status: string) => api.ask('PATCH', `/api/v1/webhooks/${id}`, { body: { status } });
    expect(await set('paused')).toMatchObject({ status: 200, body: { status: 'paused' } });
    expect(await set('active')).toMatchObject(refusedFor(5_060));
  });
});

test('a key reaches its own account alone', async () => {
  const own = await create({}, buyer);
  expect(own.body).toMatchObject({ accountId: 'a-buyer' });
  const other = String((await create({ accountId: 'a-seller' })).body['id']);
  const delivery = await storeDeadDelivery(api, other);
  expect((await create({ accountId: 'a-seller' }, buyer)).status).toBe(422);
  for (const [method, path, body] of [
    ['GET', `/webhooks/${other}`, undefined],
    ['PATCH', `/webhooks/${other}`, { status: 'paused' }],
    ['DELETE', `/webhooks/${other}`, undefined],
    ['POST', `/webhooks/${other}/secret`, {}],
    ['POST', `/webhooks/${other}/test`, {}],
    ['POST', `/webhooks/${other}/replay?from=0&to=1`, undefined],
    ['POST', `/webhooks/${other}/redrive`, undefined],
    ['GET', `/webhook-deliveries/${delivery}`, undefined],
    ['POST', `/webhook-deliveries/${delivery}/redrive`, undefined],
  ] as const) {
    const answer = await api.ask(method, `/api/v1${path}`, { key: buyer, ...(body ? { body } : {}) });
    expect([method, path, answer.status]).toEqual([method, path, 404]);
  }
  const listed = await api.ask('GET', '/api/v1/webhooks', { key: buyer });
  expect((listed.body['items'] as { accountId: string }[]).map(({ accountId }) => accountId)).toEqual([
    'a-buyer',
  ]);
  const theirs = await api.ask('GET', '/api/v1/webhooks?accountId=a-seller', { key: buyer });
  expect(theirs.body['items']).toEqual([]);
  const log = await api.ask('GET', `/api/v1/webhook-deliveries?webhookId=${other}`, { key: buyer });
  expect(log.body['items']).toEqual([]);
});

test('a test tells what came back, and stores nothing', async () => {
  receiver.behave = () => (_request, response) => {
    response.writeHead(418).end('short and stout');
  };
  const id = String((await create({ accountId: 'a-buyer' })).body['id']);
  const answer = await api.ask('POST', `/api/v1/webhooks/${id}/test`, { body: {} });
  expect(answer.body).toMatchObject({
    delivered: false,
    status: 418,
    error: null,
    response: 'short and stout',
    request: { method: 'POST', url: `${receiver.url}/told?c=test` },
    eventId: expect.stringMatching(/^test_/) as unknown,
  });
  const told = JSON.parse(receiver.received[0]?.body ?? '') as { data: object };
  expect(told.data).toMatchObject({ callId: 'test', revenue: '25.00' });
  expect(told.data).not.toHaveProperty('payout');
  await api.ask('POST', `/api/v1/webhooks/${id}/test`, { body: { event: 'recording.saved' } });
  expect((JSON.parse(receiver.received[1]?.body ?? '') as { data: object }).data).toEqual({
    ...{ callId: 'test', campaignId: 'test', recordingId: 'test', kind: 'conversation', buyerId: 'test' },
    ...{ durationMs: 90_500, durationS: 90 },
  });
  const log = await api.ask('GET', `/api/v1/webhook-deliveries?webhookId=${id}`);
  expect(log.body['items']).toEqual([]);
  const unreachable = String((await create({ url: `http://127.0.0.1:${await freePort()}/` })).body['id']);
  const failed = await api.ask('POST', `/api/v1/webhooks/${unreachable}/test`, { body: {} });
  expect(failed.body).toMatchObject({
    delivered: false,
    status: null,
    error: expect.stringMatching(/^unreachable: .*ECONNREFUSED/) as unknown,
  });
});

test('deliveries are listed in pages, narrowed, looked at and driven again', async () => {
  const id = String((await create()).body['id']);
  await api.pool.query(
    `insert into postback_deliveries (postback_id, event_id, event, subject, happened_at, listener, fields, give_up_at, state, done_at)
     select $1, n::text, 'call.settled', 'call:' || n, now(), 'operator', '{}', now(),
       case when n % 2 = 0 then 'dead' else 'delivered' end, now() from generate_series(1, 7) n`,
    [id],
  );
  const seen: string[] = [];
  let cursor = '';
  do {
    const path = `/api/v1/webhook-deliveries?webhookId=${id}&limit=3${cursor && `&cursor=${cursor}`}`;
    const { body } = await api.ask('GET', path);
    seen.push(...(body['items'] as { eventId: string }[]).map(({ eventId }) => eventId));
    cursor = (body['nextCursor'] as string | null) ?? '';
  } while (cursor !== '');
  expect(seen).toEqual(['7', '6', '5', '4', '3', '2', '1']);
  const dead = await api.ask('GET', `/api/v1/webhook-deliveries?webhookId=${id}&state=dead`);
  const [first] = dead.body['items'] as { id: string }[];
  expect(dead.body['items']).toHaveLength(3);
  const redriven = await api.ask('POST', `/api/v1/webhook-deliveries/${first?.id}/redrive`);
  expect([redriven.status, redriven.body]).toMatchObject([
    202,
    { state: 'waiting', attempts: 0, doneAt: null },
  ]);
  expect((await api.ask('POST', `/api/v1/webhook-deliveries/${first?.id}/redrive`)).status).toBe(409);
  const rest = await api.ask('POST', `/api/v1/webhooks/${id}/redrive`);
  expect(rest.body).toEqual({ redriven: 2 });
});

test('a replay asks for a time that is one', async () => {
  const id = String((await create()).body['id']);
  const replay = (query: string): Promise<Answer> => api.ask('POST', `/api/v1/webhooks/${id}/replay${query}`);
  expect(problems(await replay('?from=5&to=5'))).toEqual(['/to is not after `from`']);
  expect(problems(await replay('?from=0&to=700000000'))).toEqual(['/to is more than 7 days after `from`']);
  expect((await replay('')).status).toBe(400);
  expect((await replay('?from=0&to=10')).body).toMatchObject({ deliveries: 0 });
});

test('an account has so many webhooks and no more', async () => {
  await api.pool.query(`insert into accounts (id, name, type) values ('crowd', 'Crowd', 'buyer')`);
  const { id } = (await create({ accountId: 'crowd' })).body;
  await api.pool.query(
    `insert into postbacks (id, account_id, name, events, method, url, host, body_type, sealed_secret)
     select 'crowd-' || n, account_id, name, events, method, url, host, body_type, sealed_secret
     from postbacks, generate_series(1, 99) n where id = $1`,
    [id],
  );
  const answer = await create({ accountId: 'crowd' });
  expect([answer.status, answer.body['code']]).toEqual([409, 'too_many_postbacks']);
  await until(
    'one is archived',
    async () => (await api.ask('DELETE', `/api/v1/webhooks/crowd-7`)).status === 204,
  );
  expect((await create({ accountId: 'crowd' })).status).toBe(201);
});
