import { MARKET_RESOURCES, openMarket } from './support/market-bodies';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(() => api.close());

describe.each(MARKET_RESOURCES)('/$path', ({ path, body, change, archived }) => {
  const all = `/api/v1/${path}`;
  const one = (id: unknown): string => `${all}/${encodeURIComponent(String(id))}`;

  test('is created, read, listed, changed and put away', async () => {
    const created = await api.ask('POST', all, { body: body(1) });
    expect(created).toMatchObject({ status: 201, body: { version: 1 } });
    const { id } = created.body;
    const { tags: _tags, ...sent } = body(1);
    if (path !== 'bids') expect(created.body).toMatchObject(sent);

    const read = await api.ask('GET', one(id));
    expect(read).toMatchObject({ status: 200, body: created.body });
    expect(read.headers.get('etag')).toBe('"1"');
    const list = await api.ask('GET', `${all}?limit=200`);
    expect(list.body['items']).toContainEqual(created.body);

    const changed = await api.ask('PATCH', one(id), { body: change, headers: { 'If-Match': '"1"' } });
    expect(changed).toMatchObject({ status: 200, body: { id, ...change, version: 2 } });
    expect(changed.headers.get('etag')).toBe('"2"');

    const put = await api.ask('DELETE', one(id));
    expect([put.status, put.text]).toEqual([204, '']);
    const after = await api.ask('GET', one(id));
    if (archived === undefined) expect(after.status).toBe(404);
    else expect(after).toMatchObject({ status: 200, body: { status: archived } });
  });

  test('an id that names nothing is 404, whatever is asked of it', async () => {
    const answers = await Promise.all([
      api.ask('GET', one('nobody')),
      api.ask('PATCH', one('nobody'), { body: change }),
      api.ask('DELETE', one('nobody')),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 404, body: { status: 404 } });
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    }
  });
});
