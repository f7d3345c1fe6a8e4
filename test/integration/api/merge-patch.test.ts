import { openMarket } from './support/market-bodies';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const MERGE = 'application/merge-patch+json';
const PING = {
  url: 'https://buyer.example/ping',
  method: 'POST',
  timeoutMs: 200,
  perSecond: 0,
  showCaller: false,
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
  const { status, text } = await api.ask('POST', '/api/v1/bids', {
    body: {
      id: 'bid',
      ...{ campaignId: 'campaign', buyerId: 'buyer', targetId: 'target', price: 5 },
      plan: { kind: 'per_call', amount: 5, afterMs: 1_000 },
      caps: { attempts: { hour: 10, day: 100 }, concurrent: 3 },
      targeting: { states: ['NY'], tags: { colour: 'red' } },
      ping: { ...PING, secret: 'four-horses-in-the-rain' },
    },
  });
  if (status !== 201) throw new Error(text);
});
afterAll(() => api.close());

const patch = (body: unknown, type = MERGE): Promise<Answer> =>
  api.ask('PATCH', '/api/v1/bids/bid', { raw: JSON.stringify(body), headers: { 'Content-Type': type } });

test('parts of fields are merged, at any depth; null takes a part away', async () => {
  const { status, body } = await patch({ caps: { attempts: { day: 50, hour: null, month: 900 } } });
  expect(status).toBe(200);
  expect(body['caps']).toEqual({ attempts: { day: 50, month: 900 }, concurrent: 3 });
  expect(body['targeting']).toEqual({ states: ['NY'], tags: { colour: 'red' } });
  const again = await patch(
    { targeting: { tags: { size: 'XL', colour: null }, states: null } },
    'application/json',
  );
  expect(again.body['targeting']).toEqual({ tags: { size: 'XL' } });
  expect((await api.ask('GET', '/api/v1/bids/bid')).body).toEqual(again.body);
});

test('lists are put in place of lists', async () => {
  await patch({ targeting: { npas: ['212', '718'] } });
  expect((await patch({ targeting: { npas: ['305'] } })).body['targeting']).toMatchObject({ npas: ['305'] });
});

test('what is merged is looked at as a whole', async () => {
  const refused = await patch({ plan: { kind: 'per_minute' }, caps: { concurrent: 4 } });
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect(refused.body['errors']).toEqual(
    expect.arrayContaining([expect.objectContaining({ in: 'body', pointer: '/plan/ratePerMinute' })]),
  );
  expect((await patch({ caps: { attempts: { hour: -1 } } })).body['errors']).toMatchObject([
    { pointer: '/caps/attempts/hour' },
  ]);
  expect((await patch({ caps: { lots: 1 } })).body['errors']).toMatchObject([{ pointer: '/caps/lots' }]);
  expect((await patch({ plan: 'free' })).body['errors']).toMatchObject([{ pointer: '/plan' }]);
  // Nothing of it was done.
  expect((await api.ask('GET', '/api/v1/bids/bid')).body['caps']).toMatchObject({ concurrent: 3 });
});

test('a plan becomes one of another kind', async () => {
  const plan = { kind: 'per_minute', ratePerMinute: 2, firstIncrementMs: 1_000, nextIncrementMs: 1_000 };
  expect((await patch({ plan })).body['plan']).toEqual({ ...plan, afterMs: 1_000 });
});

test('a part leaves a secret as it is, null takes it away', async () => {
  expect((await patch({ ping: { timeoutMs: 300 } })).body['ping']).toEqual({
    ...PING,
    timeoutMs: 300,
    signed: true,
  });
  expect((await patch({ ping: { secret: null } })).body['ping']).toMatchObject({
    timeoutMs: 300,
    signed: false,
  });
  expect((await patch({ ping: null })).body['ping']).toBeUndefined();
});

test('it is for PATCH alone, which says what it takes', async () => {
  const headers = { 'Content-Type': MERGE };
  expect((await api.ask('POST', '/api/v1/bids', { raw: '{}', headers })).status).toBe(415);
  const other = await patch({ price: 6 }, 'application/json-patch+json');
  expect(other.status).toBe(415);
  expect(other.headers.get('Accept-Patch')).toBe('application/json, application/merge-patch+json');
  const { body } = await api.ask('GET', '/api/v1/openapi.json');
  const paths = body['paths'] as Record<string, { patch?: { requestBody: { content: object } } }>;
  expect(Object.keys(paths['/api/v1/bids/{id}']?.patch?.requestBody.content ?? {})).toEqual([
    'application/json',
    MERGE,
  ]);
});
