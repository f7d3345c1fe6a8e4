import fc from 'fast-check';
import { openMarket } from './support/market-bodies';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

type Item = Readonly<Record<string, unknown>>;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
  await api.database.query(
    `insert into bids (id, campaign_id, buyer_id, target_id, plan, price, priority, created_at)
     select 'bid-' || n, 'campaign', 'buyer', 'target',
       jsonb_build_object('kind', 'per_call', 'amount', 1 + n % 3, 'afterMs', 0), 1 + n % 3, 1 + n % 2,
       -- Some within one millisecond.
       timestamptz '2026-01-01Z' + (n / 2) * interval '1 microsecond'
     from generate_series(1, 12) n`,
  );
  await create('campaigns', 'auto-ny', { name: 'Auto New York', status: 'active' });
  await create('campaigns', 'auto-fl', { name: 'auto Florida_50%', status: 'paused' });
  await create('campaigns', 'home', { name: 'Home Texas', status: 'archived' });
});
afterAll(() => api.close());

async function create(path: string, id: string, fields: object): Promise<void> {
  const money = { reservePrice: 1, payout: { kind: 'per_call', amount: 1, afterMs: 0 } };
  const body = { id, ...(path === 'campaigns' ? money : {}), ...fields };
  const { status, text } = await api.ask('POST', `/api/v1/${path}`, { body });
  if (status !== 201) throw new Error(text);
}

/** Every page of a list, one after the other. */
async function walk(path: string, query: string, between?: () => Promise<void>): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor = ''; ;) {
    const { status, body, text } = await api.ask('GET', `/api/v1/${path}?${query}${cursor}`);
    if (status !== 200) throw new Error(text);
    items.push(...(body['items'] as Item[]));
    if (body['nextCursor'] === null) return items;
    cursor = `&cursor=${String(body['nextCursor'])}`;
    await between?.();
  }
}
const idsOf = (items: readonly Item[]): unknown[] => items.map(({ id }) => id);
const list = async (path: string): Promise<Item[]> =>
  (await api.ask('GET', `/api/v1/${path}`)).body['items'] as Item[];

const BID_KEYS = ['price', 'priority', 'createdAt', 'updatedAt'] as const;

test('in any order and by pages of any size, each row is seen once and where it belongs', async () => {
  const sorts = fc.uniqueArray(fc.tuple(fc.constantFrom(...BID_KEYS), fc.boolean()), {
    maxLength: 3,
    selector: ([field]) => field,
  });
  await fc.assert(
    fc.asyncProperty(sorts, fc.integer({ min: 1, max: 13 }), async (keys, limit) => {
      const sort = keys.map(([field, descending]) => `${descending ? '-' : ''}${field}`).join();
      const query = sort === '' ? `limit=${limit}` : `limit=${limit}&sort=${sort}`;
      const whole = await walk('bids', query.replace(/limit=\d+/, 'limit=200'));
      expect(new Set(idsOf(whole)).size).toBe(12);
      expect(idsOf(await walk('bids', query))).toEqual(idsOf(whole));
      const [first] = keys;
      if (!first) return;
      const values = whole.map((bid) => bid[first[0]] as number | string);
      const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      expect(values).toEqual(first[1] ? sorted.reverse() : sorted);
    }),
    { numRuns: 25 },
  );
});

test('what was there is seen once, also while rows are added before and behind', async () => {
  let n = 0;
  const seen = await walk('accounts', 'limit=1&sort=-name&type=buyer', async () => {
    for (const name of [`AAA ${n}`, `ZZZ ${n}`]) {
      await create('accounts', `added-${n++}`, { name, type: 'buyer' });
    }
    if (n > 6) n = 1_000_000;
    if (n >= 1_000_000)
      await api.database.query(`update accounts set type = 'seller' where id like 'added-%'`);
  });
  expect(idsOf(seen).filter((id) => id === 'buyer-account')).toEqual(['buyer-account']);
});

test('a cursor goes with its order alone', async () => {
  const page = await api.ask('GET', '/api/v1/bids?limit=2&sort=price');
  const cursor = String(page.body['nextCursor']);
  expect((await api.ask('GET', `/api/v1/bids?sort=price&cursor=${cursor}`)).status).toBe(200);
  for (const other of ['', 'sort=-price&', 'sort=price,priority&', 'sort=priority&']) {
    const answer = await api.ask('GET', `/api/v1/bids?${other}cursor=${cursor}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor', errors: [{ pointer: '/cursor' }] },
    });
  }
});

test('a cursor that somebody made up is refused or harmless', async () => {
  const made = (...position: unknown[]): string =>
    Buffer.from(JSON.stringify(position)).toString('base64url');
  const position = fc.tuple(fc.constantFrom('createdAt', '-price', 'name'), fc.jsonValue(), fc.string());
  await fc.assert(
    fc.asyncProperty(position, async ([sort, value, id]) => {
      const path = sort === 'name' ? 'accounts' : 'bids';
      const { status } = await api.ask('GET', `/api/v1/${path}?sort=${sort}&cursor=${made(sort, value, id)}`);
      expect([200, 400]).toContain(status);
    }),
    { numRuns: 50 },
  );
  const { status } = await api.ask('GET', `/api/v1/bids?sort=price&cursor=${made('price', 1e15, 'x')}`);
  expect(status).toBe(200);
  expect(api.switch.bugs).toEqual([]);
});

test('what was put away for good is left out, until it is asked for', async () => {
  expect(idsOf(await list('campaigns'))).not.toContain('home');
  expect(idsOf(await list('campaigns?archived=false'))).not.toContain('home');
  expect(idsOf(await list('campaigns?archived=true'))).toEqual(expect.arrayContaining(['home', 'auto-ny']));
  expect(idsOf(await list('campaigns?status=archived'))).toEqual(['home']);
  expect((await api.ask('GET', '/api/v1/campaigns/home')).status).toBe(200);
});

test('what is disabled is so for a while, and is listed', async () => {
  await create('trunks', 'resting', {
    accountId: 'carrier-account',
    name: 'Resting',
    status: 'disabled',
    sources: ['192.0.2.1'],
    origin: 'callback',
  });
  expect(idsOf(await list('trunks'))).toContain('resting');
  expect(idsOf(await list('trunks?origin=callback&status=disabled'))).toEqual(['resting']);
  expect((await api.ask('GET', '/api/v1/trunks?archived=true')).status).toBe(400);
});

test.each([
  ['campaigns?q=AUTO', ['auto-fl', 'auto-ny']],
  ['campaigns?q=york', ['auto-ny']],
  ['campaigns?q=_50%25', ['auto-fl']],
  ['campaigns?q=%25', ['auto-fl']],
  ['campaigns?q=texas', []],
  ['campaigns?q=texas&archived=true', ['home']],
  ['campaigns?q=auto&status=paused&sort=-name', ['auto-fl']],
  ['bids?priceFrom=3&priceTo=4&sort=-createdAt', ['bid-11', 'bid-8', 'bid-5', 'bid-2']],
  ['bids?createdTo=1', []],
])('%s finds %j', async (query, ids) => {
  expect(idsOf(await list(query))).toEqual(ids);
});

test('numbers are found by their first digits, as they are', async () => {
  const of = { campaignId: 'campaign', sellerId: 'seller-account' };
  await create('numbers', 'in-ny', { number: '+12125550100', ...of });
  await create('numbers', 'in-uk', { number: '+442079460000', ...of });
  expect(idsOf(await list('numbers?q=1212'))).toEqual(['in-ny']);
  expect(idsOf(await list('numbers?q=%2B44207'))).toEqual(['in-uk']);
  expect(idsOf(await list('numbers?q=555'))).toEqual([]);
});

test('`fields` shows those alone, and always the id', async () => {
  const [bid] = await list('bids?fields=price,status&limit=1');
  expect(Object.keys(bid ?? {}).sort()).toEqual(['id', 'price', 'status']);
  const page = await api.ask('GET', '/api/v1/bids?fields=price&limit=5');
  expect(typeof page.body['nextCursor']).toBe('string');
});

test.each([
  ['bids?sort=', '/sort'],
  ['bids?sort=caps', '/sort'],
  ['bids?sort=price,price', '/sort'],
  ['bids?sort=price,-price', '/sort'],
  ['bids?sort=price,priority,createdAt,updatedAt', '/sort'],
  ['bids?sort=+price', '/sort'],
  ['bids?fields=', '/fields'],
  ['bids?fields=price,', '/fields'],
  ['bids?fields=secret', '/fields'],
  ['bids?fields=__proto__', '/fields'],
  ['bids?q=x', '/q'],
  ['campaigns?q=', '/q'],
  ['campaigns?q=%00', '/q'],
  ['campaigns?archived=yes', '/archived'],
  ['campaigns?createdFrom=yesterday', '/createdFrom'],
  ['numbers?q=abc', '/q'],
])('%s is 400 for %s', async (query, pointer) => {
  const answer = await api.ask('GET', `/api/v1/${query}`);
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'query', pointer }] } });
  expect(api.switch.bugs).toEqual([]);
});
