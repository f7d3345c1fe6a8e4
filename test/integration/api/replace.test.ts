import { bodyOf, MARKET_RESOURCES, openMarket } from './support/market-bodies';
import type { OpenApi } from './support/openapi-reader';
import { readDocument, writtenOf } from './support/openapi-reader';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
let document: OpenApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
  document = await readDocument(api);
});
afterAll(() => api.close());

const STORED = ['version', 'updatedAt'];
const without = (body: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([field]) => !fields.includes(field)));

describe.each(MARKET_RESOURCES)('/$path', ({ path, change, archived }) => {
  const all = `/api/v1/${path}`;
  const newOne = async (n: number): Promise<{ at: string; body: Record<string, unknown> }> => {
    const { status, body, text } = await api.ask('POST', all, { body: await bodyOf(api, path, n) });
    if (status !== 201) throw new Error(text);
    return { at: `${all}/${encodeURIComponent(String(body['id']))}`, body };
  };

  test('what was read and is sent back changes nothing but the version', async () => {
    const { at, body } = await newOne(21);
    const put = await api.ask('PUT', at, {
      body: writtenOf(document, path, body),
      headers: { 'If-Match': '"1"' },
    });
    expect(put).toMatchObject({ status: 200, body: { version: 2 } });
    expect(put.headers.get('etag')).toBe('"2"');
    expect(without(put.body, STORED)).toEqual(without(body, STORED));
  });

  test('what is not sent is as it would be of a new one', async () => {
    const { at, body } = await newOne(22);
    const changed = await api.ask('PATCH', at, { body: change });
    expect(changed.status).toBe(200);
    const put = await api.ask('PUT', at, { body: without(await bodyOf(api, path, 22), ['id']) });
    expect(put).toMatchObject({ status: 200, body: { version: 3 } });
    expect(without(put.body, STORED)).toEqual(without(body, STORED));
  });

  test('a version that is none any more is 412, and nothing is created by it', async () => {
    const { at } = await newOne(23);
    const body = without(await bodyOf(api, path, 23), ['id']);
    const late = await api.ask('PUT', at, { body, headers: { 'If-Match': '"7"' } });
    expect(late).toMatchObject({ status: 412, body: { code: 'changed_meanwhile' } });
    expect((await api.ask('GET', at)).body['version']).toBe(1);
    const nobody = await api.ask('PUT', `${all}/nobody`, { body });
    expect(nobody.status).toBe(404);
    expect((await api.ask('GET', `${all}/nobody`)).status).toBe(404);
  });

  if (archived === undefined) return;
  test('what was put away comes back by its status', async () => {
    const { at } = await newOne(24);
    expect((await api.ask('DELETE', at)).status).toBe(204);
    const back = await api.ask('PATCH', at, { body: { status: 'active' } });
    expect(back).toMatchObject({ status: 200, body: { status: 'active', version: 3 } });
  });
});

test.each([
  ['dnc', 31, { number: '+16465559999' }, '/number'],
  ['dnc', 32, { source: 'litigator' }, '/source'],
  ['agents', 33, { username: 'somebody-else' }, '/username'],
  ['teams', 34, { buyerId: 'another' }, '/buyerId'],
])('%s %i: %j cannot be replaced', async (path, n, field, pointer) => {
  const sent = await bodyOf(api, path, n);
  const { body } = await api.ask('POST', `/api/v1/${path}`, { body: sent });
  const at = `/api/v1/${path}/${encodeURIComponent(String(body['id']))}`;
  const answer = await api.ask('PUT', at, { body: { ...sent, ...field } });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  expect((await api.ask('GET', at)).body).toEqual(body);
});

test('a secret that is never shown stays, and goes with what it was of', async () => {
  const sent = await bodyOf(api, 'bids', 41);
  const { body } = await api.ask('POST', '/api/v1/bids', { body: sent });
  const at = `/api/v1/bids/${String(body['id'])}`;
  const again = await api.ask('PUT', at, { body: writtenOf(document, 'bids', body) });
  expect(again.body['ping']).toMatchObject({ signed: true });
  const pingless = without(writtenOf(document, 'bids', body), ['ping']);
  expect((await api.ask('PUT', at, { body: pingless })).body).not.toHaveProperty('ping');
});

test('the checks of a new one are those of a replaced one', async () => {
  const sent = await bodyOf(api, 'campaigns', 42);
  const { body } = await api.ask('POST', '/api/v1/campaigns', { body: sent });
  const answer = await api.ask('PUT', `/api/v1/campaigns/${String(body['id'])}`, {
    body: { ...sent, fraud: { flag: 0.5, challenge: 0.4, block: 0.9 } },
  });
  expect(answer).toMatchObject({ status: 422, body: { code: 'fraud_scores_out_of_order' } });
});
