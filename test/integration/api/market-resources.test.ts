import { bodyOf, MARKET_RESOURCES, openMarket } from './support/market-bodies';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(() => api.close());

describe.each(MARKET_RESOURCES)('/$path', ({ path, change, archived, shownOtherwise = [] }) => {
  const all = `/api/v1/${path}`;
  const one = (id: unknown): string => `${all}/${encodeURIComponent(String(id))}`;

  test('is created, read, listed, changed and put away', async () => {
    const body = await bodyOf(api, path, 1);
    const created = await api.ask('POST', all, { body });
    expect(created).toMatchObject({ status: 201, body: { version: 1 } });
    const { id } = created.body;
    const plain = Object.entries(body).filter(([field]) => !shownOtherwise.includes(field));
    expect(created.body).toMatchObject(Object.fromEntries(plain));

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

const SECRET = 'kept-between-two-parties';
const PING = {
  url: 'https://buyer.example/ping',
  method: 'POST',
  timeoutMs: 250,
  perSecond: 0,
  showCaller: false,
};

async function newBid(ping: object): Promise<string> {
  const body = { ...(await bodyOf(api, 'bids', 7)), ping };
  const created = await api.ask('POST', '/api/v1/bids', { body });
  expect([created.status, created.text.includes(SECRET)]).toEqual([201, false]);
  return `/api/v1/bids/${String(created.body['id'])}`;
}
const storedSecret = async (path: string): Promise<unknown> => {
  const id = path.split('/').at(-1);
  const rows = await api.database.query<{ secret: unknown }>(
    `select ping -> 'secret' as secret from bids where id = $1`,
    [id],
  );
  return rows[0]?.secret;
};

describe('the secret that signs pings', () => {
  test('is never shown, nowhere', async () => {
    const path = await newBid({ ...PING, secret: SECRET });
    expect(await storedSecret(path)).toBe(SECRET);
    const answers = await Promise.all([
      api.ask('GET', path),
      api.ask('GET', '/api/v1/bids?limit=200'),
      api.ask('PATCH', path, { body: { priority: 5 } }),
      api.ask('PATCH', path, { body: { ping: { ...PING, secret: `${SECRET}-2` } } }),
      api.ask('PATCH', path, { body: { ping: { ...PING, secret: `${SECRET} wrong` } } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 400]);
    for (const { text } of answers) expect(text).not.toContain(SECRET);
    expect((await api.ask('GET', path)).body['ping']).toEqual({ ...PING, signed: true });
    const kept = await api.database.query<{ text: string }>('select body::text as text from api_idempotency');
    expect(kept.map(({ text }) => text).join()).not.toContain(SECRET);
  });

  test('stays when a change does not send it, and goes when it is null', async () => {
    const path = await newBid({ ...PING, secret: SECRET });
    const faster = await api.ask('PATCH', path, { body: { ping: { ...PING, timeoutMs: 100 } } });
    expect(faster.body['ping']).toEqual({ ...PING, timeoutMs: 100, signed: true });
    expect(await storedSecret(path)).toBe(SECRET);
    const bare = await api.ask('PATCH', path, { body: { ping: { ...PING, secret: null } } });
    expect(bare.body['ping']).toEqual({ ...PING, signed: false });
    expect(await storedSecret(path)).toBeNull();
    const gone = await api.ask('PATCH', path, { body: { ping: null } });
    expect(gone.body).not.toHaveProperty('ping');
  });
});

test.each([
  ['sellers', { id: 'buyer-account' }, '/id', 'not_a_seller'],
  ['sellers', { id: 'nobody' }, '/id', 'reference_not_found'],
  ['campaigns', { fraud: { flag: 0.5, challenge: 0.4, block: 0.9 } }, '/fraud', 'fraud_scores_out_of_order'],
  ['hours-overrides', { endsAt: 1 }, '/endsAt', 'ends_before_it_starts'],
])('%s with %j is 422 for %s', async (path, field, pointer, code) => {
  const body = { ...(await bodyOf(api, path, 8)), ...field };
  const answer = await api.ask('POST', `/api/v1/${path}`, { body });
  expect(answer).toMatchObject({ status: 422, body: { code, errors: [{ pointer }] } });
});

test.each([
  ['sellers', { id: undefined }, '/id'],
  ['campaigns', { qualityWeight: 1.01 }, '/qualityWeight'],
  ['campaigns', { rtb: { deadlineMs: 10, maxPings: 1 } }, '/rtb/deadlineMs'],
  [
    'campaigns',
    { duplicates: { windowMs: 1e15, after: 'connected', scope: 'buyer' } },
    '/duplicates/windowMs',
  ],
  ['buyers', { caps: { daily: 5 } }, '/caps/daily'],
  ['buyers', { caps: { connections: { week: 5 } } }, '/caps/connections/week'],
  ['targets', { skills: { spanish: 11 } }, '/skills/spanish'],
  ['bids', { targeting: { near: { zip: '10330', miles: 5 } } }, '/targeting/near/zip'],
  ['bids', { modifiers: [{ factorBp: -1 }] }, '/modifiers/0/factorBp'],
  ['bids', { ping: { ...PING, url: 'ftp://buyer.example' } }, '/ping/url'],
  ['bids', { ping: { ...PING, url: 'https://user:word@buyer.example' } }, '/ping/url'],
  ['bids', { ping: { ...PING, secret: 'short' } }, '/ping/secret'],
  ['hours-overrides', { place: 'Florida' }, '/place'],
])('%s with %j is 400 for %s', async (path, field, pointer) => {
  const body = { ...(await bodyOf(api, path, 9)), ...field };
  const answer = await api.ask('POST', `/api/v1/${path}`, { body });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
});
