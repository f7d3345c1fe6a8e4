import { runNextRequest } from '../../../src/storage';
import { TEST_VAULT } from '../../support/consents';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const RULES = { keepProof: false, consentYears: 5, now: Date.now() };
const ACT = {
  number: '(212) 555-0123',
  sellerId: 'operator',
  scopes: ['calls', 'texts'],
  givenAt: 1_700_000_000_000,
  disclosure: { version: '3', text: 'By pressing "Get quotes"\nI agree to be called.' },
  act: 'pressed Get quotes',
  pageUrl: 'https://quotes.example.com/',
  ip: '2001:db8::1',
  identity: { name: 'Zoë Person', email: 'zoe@example.com' },
  signed: true,
  certificate: { issuer: 'jornaya', id: '01234567-89AB-CDEF-0123-456789ABCDEF' },
};

let api: TestApi;

beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api.close());

const give = (more: object = {}, headers = {}): Promise<Answer> =>
  api.ask('POST', '/api/v1/consents', { body: { ...ACT, ...more }, headers });
const find = async (number: string): Promise<Record<string, unknown>[]> =>
  (await api.ask('GET', `/api/v1/consents?number=${encodeURIComponent(number)}`)).body['items'] as never;

test('a consent is recorded once, and found with all its proof however the number is written', async () => {
  const first = await give();
  expect([first.status, first.body]).toEqual([201, { id: expect.any(String) as string, known: false }]);
  expect((await give({ number: '+12125550123' })).body).toEqual({ id: first.body['id'], known: true });
  const place = first.headers.get('location') ?? '';
  const { body } = await api.ask('GET', place);
  expect(body).toMatchObject({
    number: '+12125550123',
    sellerId: 'operator',
    scopes: ['calls', 'texts'],
    disclosure: ACT.disclosure,
    certificate: ACT.certificate,
    proof: { act: ACT.act, pageUrl: ACT.pageUrl, ip: ACT.ip, identity: ACT.identity, signed: true },
    revokedAt: null,
    chain: { name: 'operator', position: 1 },
  });
  for (const written of ['+12125550123', '212-555-0123', '12125550123']) {
    expect(await find(written)).toEqual([body]);
  }
  expect(await find('+12125550124')).toEqual([]);
});

test('what is said of a request is kept for a day, and names nobody', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const first = await give({}, headers);
  const again = await give({}, headers);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(JSON.stringify(await api.database.query('select * from api_idempotency'))).not.toMatch(
    /5550123|Zoë|zoe@/,
  );
  expect(await api.database.query('select 1 from consent_records')).toHaveLength(1);
});

test('acts that nobody can go by are refused by field', async () => {
  const refused = async (more: object): Promise<unknown> => {
    const { status, body } = await give(more);
    return [status, body['code'], (body['errors'] as { pointer: string }[])[0]?.pointer];
  };
  expect(await refused({ givenAt: Date.now() + 3_600_000 })).toEqual([
    422,
    'consent_in_the_future',
    '/givenAt',
  ]);
  expect(await refused({ expiresAt: ACT.givenAt })).toEqual([
    422,
    'consent_ends_before_it_begins',
    '/expiresAt',
  ]);
  expect(await refused({ sellerId: 'nobody' })).toEqual([422, 'consent_no_such_seller', '/sellerId']);
  expect(await refused({ number: 'anonymous' })).toEqual([400, 'invalid_request', '/number']);
  expect(await refused({ scopes: ['calls', 'calls'] })).toEqual([400, 'invalid_request', '/scopes']);
  expect(await refused({ scopes: [] })).toEqual([400, 'invalid_request', '/scopes']);
  expect(await refused({ ip: 'localhost' })).toEqual([400, 'invalid_request', '/ip']);
  expect(await refused({ act: 'a\u0000b' })).toEqual([400, 'invalid_request', '/act']);
  expect(await api.database.query('select 1 from consent_records')).toEqual([]);
});

test('a revocation ends it at once; one of all calls puts the number on the list', async () => {
  const id = String((await give()).body['id']);
  const other = String((await give({ sellerId: undefined })).body['id']);
  const revoke = (body: object, of = id): Promise<Answer> =>
    api.ask('POST', `/api/v1/consents/${of}/revocations`, { body });
  const first = await revoke({ method: 'text_message', words: 'STOP' });
  expect([first.status, first.body]).toEqual([201, { ids: [expect.any(String)], listed: false }]);
  const [, revoked] = await find('+12125550123');
  expect(revoked).toMatchObject({
    id,
    revocations: [{ method: 'text_message', words: 'STOP', covers: 'consent' }],
  });
  expect((await revoke({ method: 'spoken', covers: 'all_calls' })).body).toMatchObject({ listed: true });
  const consents = await find('+12125550123');
  expect(consents.every((one) => typeof one['revokedAt'] === 'number')).toBe(true);
  expect(consents.map((one) => one['id'])).toEqual([other, id]);
  expect((await api.ask('GET', '/api/v1/dnc')).body['items']).toMatchObject([
    { id: '+12125550123/internal' },
  ]);
  expect(await revoke({ method: 'spoken', revokedAt: 1 })).toMatchObject({
    status: 422,
    body: { code: 'revocation_before_it_was_given', errors: [{ pointer: '/revokedAt' }] },
  });
  expect((await revoke({ method: 'spoken' }, '999')).status).toBe(404);
  expect((await revoke({ method: 'telepathy' })).status).toBe(400);
});

test('a person is exported and erased, and every step is on record', async () => {
  await give();
  const ask = (kind: string): Promise<Answer> =>
    api.ask('POST', '/api/v1/privacy/requests', {
      body: { kind, number: '2125550123', basis: `letter of 212-555-0123: ${kind}` },
    });
  const wanted = await ask('export');
  expect([wanted.status, wanted.body['status']]).toEqual([202, 'waiting']);
  expect(wanted.text).not.toContain('555-0123');
  const place = `/api/v1/privacy/requests/${String(wanted.body['id'])}`;
  expect((await api.ask('GET', `${place}/export`)).status).toBe(404);
  await ask('erase');
  while ((await runNextRequest(api.pool, TEST_VAULT, RULES)) !== undefined);
  expect((await api.ask('GET', place)).body).toMatchObject({ status: 'done', counts: { consents: 1 } });
  expect((await api.ask('GET', `${place}/export`)).body).toMatchObject({
    number: '+12125550123',
    consents: [{ proof: { identity: ACT.identity } }],
  });
  const listed = (await api.ask('GET', '/api/v1/privacy/requests?limit=1')).body;
  expect(listed['items']).toMatchObject([
    { kind: 'erase', status: 'done', requestedBy: expect.stringMatching(/^key .+ of operator$/) as string },
  ]);
  const rest = await api.ask(
    'GET',
    `/api/v1/privacy/requests?limit=1&cursor=${String(listed['nextCursor'])}`,
  );
  expect(rest.body).toMatchObject({ items: [{ kind: 'export' }], nextCursor: null });
  expect(await find('2125550123')).toEqual([]);
  expect(await give()).toMatchObject({ status: 422, body: { code: 'consent_erased_since' } });
});

test('who may read consents may not write them, and neither reads what is held of persons', async () => {
  const reader = await api.keyWith('consents:read', 'privacy:read');
  const get = (path: string): Promise<Answer> => api.ask('GET', path, { key: reader });
  expect((await get('/api/v1/consents?number=2125550123')).status).toBe(200);
  expect((await api.ask('POST', '/api/v1/consents', { key: reader, body: ACT })).status).toBe(403);
  expect((await get('/api/v1/privacy/requests')).status).toBe(200);
  expect((await get('/api/v1/privacy/requests/1/export')).status).toBe(403);
});
