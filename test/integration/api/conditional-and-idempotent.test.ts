import { MARKET_RESOURCES, openMarket } from './support/market-bodies';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const ACCOUNTS = '/api/v1/accounts';
/** Else fetch says `no-cache`, which asks for the whole answer. */
const REVALIDATE = { 'Cache-Control': 'max-age=0' };

let api: TestApi;
let count = 0;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(() => api.close());

const newBody = (): Record<string, unknown> => ({ name: `Account ${count++}`, type: 'buyer' });
async function newAccount(): Promise<string> {
  const { body } = await api.ask('POST', ACCOUNTS, { body: newBody() });
  return `${ACCOUNTS}/${String(body['id'])}`;
}
const named = (name: string) => async (): Promise<number> => {
  const rows = await api.database.query<{ n: number }>(
    'select count(*)::integer as n from accounts where name = $1',
    [name],
  );
  return rows[0]?.n ?? 0;
};

describe('If-Match', () => {
  const change = (path: string, ifMatch: string, method = 'PATCH'): Promise<Answer> =>
    api.ask(method, path, {
      headers: { 'If-Match': ifMatch },
      ...(method === 'PATCH' ? { body: { name: 'Changed' } } : {}),
    });

  test.each(['PATCH', 'DELETE'])(
    '%s goes through for the version that there is, and for any',
    async (method) => {
      for (const tag of ['"1"', '*', '"7", "1"', 'W/"1", "1"']) {
        expect((await change(await newAccount(), tag, method)).status).toBe(method === 'PATCH' ? 200 : 204);
      }
    },
  );

  test.each(['PATCH', 'DELETE'])('%s is 412 for another version, and changes nothing', async (method) => {
    const path = await newAccount();
    // A weak tag never matches (RFC 9110 §13.1.1).
    for (const tag of ['"2"', '"0"', 'W/"1"', '"99999999999999999999"', '"abc"', '""', '"2", "3"']) {
      const answer = await change(path, tag, method);
      expect([tag, answer.status, answer.body['code']]).toEqual([tag, 412, 'changed_meanwhile']);
    }
    expect((await api.ask('GET', path)).body).toMatchObject({ version: 1, status: 'active' });
  });

  test.each(['1', '"1', 'W/1', '"1" "2"', '"1 "', '"1",', 'x'.repeat(2000)])(
    '%s is no list of tags: 400',
    async (tag) => {
      const answer = await change(await newAccount(), tag);
      expect([answer.status, answer.body['code']]).toEqual([400, 'invalid_if_match']);
    },
  );

  test('of many who change the same version at once, one does', async () => {
    const path = await newAccount();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        api.ask('PATCH', path, { body: { name: `Racer ${n}` }, headers: { 'If-Match': '"1"' } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(412)]);
    expect((await api.ask('GET', path)).body['version']).toBe(2);
  });

  test('a DNC entry that was changed is not removed', async () => {
    const { body } = await api.ask('POST', '/api/v1/dnc', { body: { number: '+12125550177' } });
    const path = `/api/v1/dnc/${encodeURIComponent(String(body['id']))}`;
    await api.ask('PATCH', path, { body: { expiresAt: 1_900_000_000_000 } });
    expect((await change(path, '"1"', 'DELETE')).status).toBe(412);
    expect((await change(path, '"2"', 'DELETE')).status).toBe(204);
  });

  test('If-None-Match with the version that there is gets 304 and no body', async () => {
    const path = await newAccount();
    const same = await api.ask('GET', path, { headers: { ...REVALIDATE, 'If-None-Match': '"1"' } });
    expect([same.status, same.text]).toEqual([304, '']);
    expect((await api.ask('GET', path, { headers: { ...REVALIDATE, 'If-None-Match': '"2"' } })).status).toBe(
      200,
    );
  });
});

describe('changes', () => {
  test('what was not sent stays, what may be absent is taken away by null', async () => {
    const body = MARKET_RESOURCES.find(({ path }) => path === 'targets')?.body(1);
    const created = await api.ask('POST', '/api/v1/targets', {
      body: { ...body, settings: { ringTimeoutMs: 9_000 } },
    });
    const path = `/api/v1/targets/${String(created.body['id'])}`;
    const paused = await api.ask('PATCH', path, { body: { status: 'paused' } });
    expect(paused.body).toMatchObject({ ...body, status: 'paused', settings: { ringTimeoutMs: 9_000 } });
    const cleared = await api.ask('PATCH', path, { body: { settings: null } });
    expect(cleared.body).toMatchObject({ ...body, status: 'paused', version: 3 });
    expect(cleared.body).not.toHaveProperty('settings');
    const kept = await api.ask('PATCH', path, { body: { name: null } });
    expect(kept).toMatchObject({ status: 400, body: { errors: [{ pointer: '/name' }] } });
  });

  test('without If-Match, changes of different fields at once are all made', async () => {
    const path = await newAccount();
    const changes = [{ name: 'All of it' }, { timezone: 'Asia/Tokyo' }, { currency: 'JPY' }];
    const answers = await Promise.all(changes.map((body) => api.ask('PATCH', path, { body })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await api.ask('GET', path)).body).toMatchObject({ ...Object.assign({}, ...changes), version: 4 });
  });

  test('a bid never ends up with a price that is not its plan’s, whoever changes what at once', async () => {
    const pay = (amount: number) => ({ price: amount, plan: { kind: 'per_call', amount, afterMs: 0 } });
    const bid = MARKET_RESOURCES.find(({ path }) => path === 'bids')?.body(1);
    const { body } = await api.ask('POST', '/api/v1/bids', { body: { ...bid, ...pay(1) } });
    const path = `/api/v1/bids/${String(body['id'])}`;
    for (let round = 1; round <= 25; round++) {
      // Each is right by itself, for the bid as it is now.
      const changes = [pay(round + 1), { price: round }, { plan: pay(round).plan }];
      const answers = await Promise.all(changes.map((change) => api.ask('PATCH', path, { body: change })));
      for (const { status } of answers) expect([200, 422]).toContain(status);
      const now = (await api.ask('GET', path)).body as { price: number; plan: { amount: number } };
      expect(now.plan.amount).toBe(now.price);
      await api.ask('PATCH', path, { body: pay(round + 1) });
    }
    const refused = await api.ask('PATCH', path, { body: { price: 1 } });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/price' }] } });
  });

  test('what a DNC entry is called by does not change', async () => {
    const { body } = await api.ask('POST', '/api/v1/dnc', { body: { number: '(212) 555-0144' } });
    expect(body).toMatchObject({ id: '+12125550144/internal', number: '+12125550144' });
    const path = `/api/v1/dnc/${encodeURIComponent('+12125550144/internal')}`;
    const answer = await api.ask('PATCH', path, { body: { number: '+12125550145' } });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/number' }] } });
  });
});

describe('conflicts', () => {
  test.each([
    ['accounts', { id: 'buyer-account' }, 409, '/id'],
    ['numbers', { number: '+12125550888' }, 409, '/number'],
    ['dnc', { number: '+12125550999' }, 409, '/number'],
    ['trunks', { accountId: 'nobody' }, 422, '/accountId'],
    ['numbers', { campaignId: 'nobody' }, 422, '/campaignId'],
    ['buyers', { accountId: 'nobody' }, 422, '/accountId'],
    ['targets', { buyerId: 'nobody' }, 422, '/buyerId'],
    ['bids', { targetId: 'nobody' }, 422, '/targetId'],
    ['bids', { price: 1 }, 422, '/price'],
  ])('%s with %j is %d for %s', async (path, field, status, pointer) => {
    const body = { ...MARKET_RESOURCES.find((resource) => resource.path === path)?.body(status), ...field };
    if (status === 409) await api.ask('POST', `/api/v1/${path}`, { body });
    const answer = await api.ask('POST', `/api/v1/${path}`, { body });
    expect(answer.status).toBe(status);
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ pointer }));
    expect(answer.text).not.toMatch(/_id|constraint|relation|Key \(/);
  });

  test('a bid for a target of another buyer is 422', async () => {
    await api.ask('POST', '/api/v1/buyers', {
      body: { id: 'other', accountId: 'buyer-account', name: 'Other' },
    });
    const bid = MARKET_RESOURCES.find(({ path }) => path === 'bids')?.body(2);
    const answer = await api.ask('POST', '/api/v1/bids', { body: { ...bid, buyerId: 'other' } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/targetId' }] } });
  });
});

describe('Idempotency-Key', () => {
  const post = (key: string, body: unknown, apiKey = api.admin): Promise<Answer> =>
    api.ask('POST', ACCOUNTS, { key: apiKey, body, headers: { 'Idempotency-Key': key } });
  const seen = ({ status, text, headers }: Answer): unknown => [
    status,
    text,
    headers.get('etag'),
    headers.get('location'),
  ];

  test('a repeat gets the first answer, to the letter, whatever became of the entity', async () => {
    const body = newBody();
    const first = await post('repeat', body);
    expect(first.headers.get('location')).toBe(`${ACCOUNTS}/${String(first.body['id'])}`);
    expect(first.headers.has('idempotency-replayed')).toBe(false);
    await api.ask('PATCH', `${ACCOUNTS}/${String(first.body['id'])}`, { body: { status: 'closed' } });
    const again = await post('repeat', body);
    expect(seen(again)).toEqual(seen(first));
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await named(String(body['name']))()).toBe(1);
  });

  test('another body, or another resource, with the same key is refused', async () => {
    await post('reused', newBody());
    const other = await post('reused', newBody());
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused']);
    const elsewhere = await api.ask('POST', '/api/v1/campaigns', {
      body: MARKET_RESOURCES.find(({ path }) => path === 'campaigns')?.body(5),
      headers: { 'Idempotency-Key': 'reused' },
    });
    expect([elsewhere.status, elsewhere.body['code']]).toEqual([422, 'idempotency_key_reused']);
  });

  test('each API key has its own', async () => {
    const other = await api.keyWith('accounts:write');
    const [mine, theirs] = [newBody(), newBody()];
    expect((await post('shared', mine)).status).toBe(201);
    expect((await post('shared', theirs, other)).status).toBe(201);
  });

  test('many at once with one key create one, and all get the same answer', async () => {
    const body = newBody();
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('at-once', body)));
    expect(new Set(answers.map((answer) => JSON.stringify(seen(answer)))).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(answers.filter(({ headers }) => headers.has('idempotency-replayed'))).toHaveLength(11);
    expect(await named(String(body['name']))()).toBe(1);
  });

  test('many at once with one key and different bodies create one; the others are refused', async () => {
    const bodies = Array.from({ length: 6 }, newBody);
    const answers = await Promise.all(bodies.map((body) => post('at-odds', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(5).fill(422)]);
  });

  test('what failed left no trace: the same key may try again', async () => {
    const body = { ...newBody(), id: 'buyer-account' };
    expect((await post('failed', body)).status).toBe(409);
    expect((await post('failed', { ...body, id: 'not-taken' })).status).toBe(201);
  });

  test('after a day a key is new, and old answers are forgotten', async () => {
    const body = newBody();
    await post('old', body);
    await post('older', newBody());
    await api.pool.query(
      `update api_idempotency set created_at = now() - interval '25 hours' where key like 'old%'`,
    );
    const again = await post('old', newBody());
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, null]);
    const kept = await api.database.query<{ key: string }>(
      `select key from api_idempotency where key like 'old%'`,
    );
    expect(kept).toEqual([{ key: 'old' }]);
  });

  test.each(['', ' ', 'a b', 'x'.repeat(129), 'é'])('%j cannot be a key', async (key) => {
    const answer = await post(key, newBody());
    // A header of blanks arrives empty, and an empty one is still a header.
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid_idempotency_key']);
  });
});
