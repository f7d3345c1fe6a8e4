import { gzipSync } from 'node:zlib';
import { openMarket } from './support/market-bodies';
import { storeCall } from './support/stored-calls';
import type { Answer, Ask, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const MEBIBYTE = 1024 * 1024;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

describe('bodies', () => {
  const post = (ask: Ask): Promise<Answer> => api.ask('POST', '/api/v1/accounts', ask);
  const account = JSON.stringify({ name: 'Typed', type: 'buyer' });

  test('of more than a mebibyte are 413, and the API goes on', async () => {
    const answer = await post({ raw: `{"name":"${'x'.repeat(MEBIBYTE)}"}` });
    expect([answer.status, answer.body['code']]).toEqual([413, 'body_too_large']);
    expect((await post({ raw: account })).status).toBe(201);
  });

  test('that grow beyond it when they are unpacked are 413', async () => {
    const raw = gzipSync(`{"name":"${'x'.repeat(20 * MEBIBYTE)}"}`);
    expect(raw.length).toBeLessThan(100_000);
    expect((await post({ raw, headers: { 'Content-Encoding': 'gzip' } })).status).toBe(413);
    const small = gzipSync(account);
    expect((await post({ raw: small, headers: { 'Content-Encoding': 'gzip' } })).status).toBe(201);
  });

  test.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/xml', 415],
    ['nonsense', 415],
    ['', 415],
    ['application/json; charset=latin1', 415],
    ['application/json', 201],
    ['application/json; charset=UTF-8', 201],
    ['APPLICATION/JSON', 201],
  ])('of type %j are %d', async (type, status) => {
    const answer = await post({ raw: account, headers: { 'Content-Type': type } });
    expect(answer.status).toBe(status);
    if (status === 415) expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test('that are packed in an unknown way are 415, and broken ones 400', async () => {
    const packed = (encoding: string): Promise<Answer> =>
      post({ raw: account, headers: { 'Content-Encoding': encoding } });
    expect((await packed('zstd')).body).toMatchObject({ status: 415, code: 'unsupported_encoding' });
    expect((await packed('gzip')).status).toBe(400);
  });

  test('that are not there are 400', async () => {
    expect(await post({})).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('paging', () => {
  const walk = async (path: string, between: () => Promise<unknown>): Promise<string[]> => {
    const ids: string[] = [];
    let cursor: unknown;
    do {
      const query = typeof cursor === 'string' ? `&cursor=${cursor}` : '';
      const { status, body } = await api.ask('GET', `${path}${query}`);
      expect(status).toBe(200);
      const items = body['items'] as { id: string }[];
      expect(items.length).toBeLessThanOrEqual(7);
      ids.push(...items.map(({ id }) => id));
      cursor = body['nextCursor'];
      await between();
    } while (cursor !== null);
    return ids;
  };

  test('visits each account once, while others are made and changed', async () => {
    const make = async (id?: string): Promise<string> =>
      String(
        (await api.ask('POST', '/api/v1/accounts', { body: { id, name: 'Paged', type: 'seller' } })).body[
          'id'
        ],
      );
    const before = await Promise.all(Array.from({ length: 40 }, () => make()));
    let extra = 0;
    const seen = await walk('/api/v1/accounts?limit=7&type=seller', async () => {
      await make();
      await make(`0-before-all-${extra++}`);
      await api.ask('PATCH', `/api/v1/accounts/${before[extra] ?? ''}`, { body: { name: 'Touched' } });
    });
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(before));
    expect([...seen].sort()).toEqual([...new Set(seen)].sort());
  });

  test('visits each call once, newest first, while calls come in, also where many came in one millisecond', async () => {
    const at = 1_800_000_000_000;
    const before = Array.from({ length: 30 }, (_, n) => ({ id: `paged-${n}`, receivedAt: at + (n % 3) }));
    await Promise.all(before.map((call) => storeCall(api, call)));
    let extra = 0;
    const seen = await walk(`/api/v1/calls?limit=7&campaignId=campaign&fromTime=${at}`, () =>
      storeCall(api, { id: `newer-${extra++}`, receivedAt: at + 1_000 }),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
    expect(seen.filter((id) => id.startsWith('newer'))).toEqual([]);
  });

  test('a list can be narrowed', async () => {
    await storeCall(api, { id: 'rejected', receivedAt: 1_700_000_000_000, state: 'rejected' });
    const ids = async (query: string): Promise<unknown[]> => {
      const { body } = await api.ask('GET', `/api/v1/calls?${query}`);
      return (body['items'] as { id: string }[]).map(({ id }) => id);
    };
    expect(await ids('state=rejected')).toEqual(['rejected']);
    expect(await ids('toTime=1700000000000')).toEqual([]);
    expect(await ids('fromTime=1700000000000&toTime=1700000000001')).toEqual(['rejected']);
    expect(await ids('buyerId=nobody')).toEqual([]);
    const body = { number: '+1 (212) 555-0101', campaignId: 'campaign', sellerId: 'seller-account' };
    await api.ask('POST', '/api/v1/numbers', { body });
    const found = await api.ask('GET', `/api/v1/numbers?number=${encodeURIComponent('212-555-0101')}`);
    expect(found.body['items']).toMatchObject([{ number: '+12125550101' }]);
  });
});

describe('requests', () => {
  let limited: TestApi;
  let skipped = 0;
  beforeAll(async () => {
    limited = await startTestApi({ requestsPerMinute: 3, now: () => 1_000 + skipped });
  });
  afterAll(() => limited.close());

  test('beyond so many in a minute are 429 with Retry-After, each key for itself', async () => {
    const other = await limited.keyWith('*');
    const list = (key: string): Promise<Answer> => limited.ask('GET', '/api/v1/accounts', { key });
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await list(limited.admin));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['2', '1', '0', '0']);
    const refused = answers[3] as Answer;
    expect(refused.headers.get('retry-after')).toBe('20');
    expect(refused.headers.get('ratelimit-policy')).toBe('"default";q=3;w=60');
    expect(refused.headers.get('ratelimit')).toBe('"default";r=0;t=60');
    expect(refused.headers.get('x-ratelimit-limit')).toBe('3');
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(refused.body).toMatchObject({ status: 429, code: 'too_many_requests' });
    expect((await list(other)).status).toBe(200);

    skipped += 19_000;
    expect((await list(limited.admin)).headers.get('retry-after')).toBe('1');
    skipped += 1_000;
    expect((await list(limited.admin)).status).toBe(200);
  });

  test('with unknown keys are slowed down, while keys that are in use go on', async () => {
    skipped += 120_000;
    expect((await limited.ask('GET', '/api/v1/accounts')).status).toBe(200);
    const guess = (n: number): Promise<Answer> =>
      limited.ask('GET', '/api/v1/accounts', { key: `dce_guess-${n}-${'x'.repeat(20)}` });
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) {
      statuses.push(
        ...(await Promise.all(Array.from({ length: 11 }, (_, m) => guess(n * 11 + m)))).map(
          ({ status }) => status,
        ),
      );
    }
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(311);
    expect((await limited.ask('GET', '/api/v1/accounts')).status).toBe(200);
    skipped += 60_000;
    expect((await guess(1)).status).toBe(401);
  });

  test.each([
    ['keys', 300, '/api/v1/accounts', (key: string) => ({ key })],
    ['tokens of postbacks', 100, '/api/v1/postbacks', () => ({ key: null })],
  ])('with unknown %s are counted of the client that the proxy names', async (_what, free, path, as) => {
    skipped += 120_000;
    const from = (client: string, secret: string): Promise<Answer> =>
      limited.ask('GET', path === '/api/v1/accounts' ? path : `${path}?token=${secret}`, {
        ...as(secret),
        headers: { 'X-Forwarded-For': `192.0.2.99, ${client}, 10.1.1.1` },
      });
    for (let n = 0; n < free; n++) expect((await from('198.51.100.1', `dce_wrong-${n}`)).status).toBe(401);
    expect((await from('198.51.100.1', 'dce_wrong')).status).toBe(429);
    expect((await from('198.51.100.2', 'dce_wrong')).status).toBe(401);
    if (path === '/api/v1/accounts') {
      expect((await from('198.51.100.2', await limited.keyWith('*'))).status).toBe(200);
    }
  });
});
