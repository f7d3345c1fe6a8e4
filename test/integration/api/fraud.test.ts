import { storeFraudCase } from './support/stored-calls';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());
afterEach(() => api.database.query('truncate calls, fraud_priors, fraud_models cascade'));

const items = async (path: string): Promise<Record<string, unknown>[]> =>
  (await api.ask('GET', `/api/v1${path}`)).body['items'] as Record<string, unknown>[];
const resolve = (id: string, body: unknown, headers = {}): ReturnType<TestApi['ask']> =>
  api.ask('POST', `/api/v1/fraud/cases/${id}/resolve`, { body, headers });

test('a case is found, confirmed, and its sources are judged by it', async () => {
  await storeFraudCase(api, 'call-1');
  expect(await items('/fraud/cases?state=open')).toEqual([
    {
      callId: 'call-1',
      state: 'open',
      score: 0.65,
      level: 'challenge',
      reasons: ['rotated_numbers:9'],
      model: 'rules',
      caller: '+12125550123',
      dialled: '+18005550100',
      trunkId: 'trunk',
      sellerId: 'seller',
      campaignId: 'campaign',
      receivedAt: 1_700_000_000_000,
      openedAt: expect.stringMatching(/Z$/) as unknown,
      resolvedBy: null,
      resolvedAt: null,
      note: null,
    },
  ]);
  const { status, body } = await resolve('call-1', { state: 'confirmed', note: 'a machine' });
  expect([status, body['state'], body['resolvedBy'], body['note']]).toEqual([
    200,
    'confirmed',
    'operator',
    'a machine',
  ]);
  expect(await items('/fraud/cases?state=open')).toEqual([]);
  expect((await items('/fraud/priors?kind=seller')).map(({ id, confirmed }) => [id, confirmed])).toEqual([
    ['seller:seller', 1],
  ]);
  const all = await items('/fraud/priors');
  expect(all.map(({ id }) => id)).toEqual([
    'all',
    'number:+18005550100',
    'prefix:2125550',
    'seller:seller',
    'trunk:trunk',
  ]);
  expect((await api.ask('GET', '/api/v1/fraud/cases/call-1')).body).toEqual(body);
});

test('pages of cases and of priors', async () => {
  for (let n = 0; n < 5; n++) await storeFraudCase(api, `call-${n}`);
  const seen: unknown[] = [];
  for (let cursor: unknown = ''; cursor !== null;) {
    const query = cursor === '' ? '' : `&cursor=${String(cursor)}`;
    const { body } = await api.ask('GET', `/api/v1/fraud/cases?limit=2&sellerId=seller${query}`);
    seen.push(...(body['items'] as Record<string, unknown>[]).map(({ callId }) => callId));
    cursor = body['nextCursor'];
  }
  expect(seen.sort()).toEqual(['call-0', 'call-1', 'call-2', 'call-3', 'call-4']);
  await resolve('call-0', { state: 'cleared' });
  const first = await api.ask('GET', '/api/v1/fraud/priors?limit=3');
  const next = await items(`/fraud/priors?limit=3&cursor=${String(first.body['nextCursor'])}`);
  expect(next.map(({ id }) => id)).toEqual(['seller:seller', 'trunk:trunk']);
});

test('the same finding sent twice with one key is one finding', async () => {
  await storeFraudCase(api, 'call-1');
  const headers = { 'Idempotency-Key': 'finding-1' };
  const [one, two] = [
    await resolve('call-1', { state: 'confirmed' }, headers),
    await resolve('call-1', { state: 'confirmed' }, headers),
  ];
  expect(two.body).toEqual(one.body);
  expect((await items('/fraud/priors?kind=trunk'))[0]).toMatchObject({ confirmed: 1, cleared: 0 });
});

test.each<[unknown, number]>([
  [{ state: 'guilty' }, 400],
  [{}, 400],
  [{ state: 'cleared', note: 'x'.repeat(2_001) }, 400],
  [{ state: 'cleared', note: 'a\u0000b' }, 400],
  [{ state: 'cleared', by: 'somebody else' }, 400],
])('refused: %j', async (body, status) => {
  await storeFraudCase(api, 'call-1');
  expect((await resolve('call-1', body)).status).toBe(status);
  expect(await items('/fraud/cases?state=open')).toHaveLength(1);
});

test('a case that there is not', async () => {
  for (const answer of [
    await resolve('none', { state: 'cleared' }),
    await api.ask('GET', '/api/v1/fraud/cases/none'),
  ]) {
    expect([answer.status, answer.body['code']]).toEqual([404, 'fraud_case_not_found']);
  }
});

test('models are listed without what they are made of', async () => {
  await api.database.query(
    `insert into fraud_models (id, status, model) values ('m', 'active', '{"kind": "gbdt", "trainedOn": "calls", "metrics": {"rocAuc": 0.9}}')`,
  );
  expect(await items('/fraud/models')).toEqual([
    {
      id: 'm',
      status: 'active',
      kind: 'gbdt',
      trainedOn: 'calls',
      metrics: { rocAuc: 0.9 },
      createdAt: expect.any(String) as unknown,
      updatedAt: expect.any(String) as unknown,
    },
  ]);
});

test('who may read may not find', async () => {
  await storeFraudCase(api, 'call-1');
  const key = await api.keyWith('fraud:read');
  expect((await api.ask('GET', '/api/v1/fraud/cases/call-1', { key })).status).toBe(200);
  const answer = await api.ask('POST', '/api/v1/fraud/cases/call-1/resolve', {
    key,
    body: { state: 'cleared' },
  });
  expect(answer.status).toBe(403);
});
