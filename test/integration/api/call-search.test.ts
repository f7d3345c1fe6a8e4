import { createApiKey } from '../../../src/storage';
import { storeCall } from './support/stored-calls';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const CALLER = '+12125550123';
let api: TestApi;
const keys: Record<string, string> = {};

beforeAll(async () => {
  api = await startTestApi();
  await api.pool.query(
    `insert into accounts (id, name, type) values ('acme-account', 'Acme', 'buyer'), ('pub', 'Pub', 'seller'),
       ('other-account', 'Other', 'buyer')`,
  );
  for (const id of ['open', 'closed']) {
    const body = {
      id,
      name: id,
      card: { number: id === 'open' ? 'answered' : 'never', price: true, tags: [] },
    };
    const terms = { reservePrice: 0, payout: { kind: 'per_call', amount: 1_000_000, afterMs: 0 } };
    expect(await api.ask('POST', '/api/v1/campaigns', { body: { ...body, ...terms } })).toMatchObject({
      status: 201,
    });
    await storeCall(api, { id: `of-${id}`, receivedAt: 1_700_000_000_000 });
    await api.pool.query(
      `update calls set campaign_id = $1, seller_id = 'pub', sale = '{"target": {"buyerAccountId": "acme-account"}}'
       where id = $2`,
      [id, `of-${id}`],
    );
  }
  keys['buyer'] = await createApiKey(api.pool, 'acme-account', 'buyer', ['*']);
  keys['other'] = await createApiKey(api.pool, 'other-account', 'buyer', ['*']);
  keys['seller'] = await createApiKey(api.pool, 'pub', 'seller', ['*']);
});
afterAll(() => api.close());

async function found(query: string, who?: string): Promise<string[]> {
  const key = who === undefined ? {} : { key: keys[who] ?? '' };
  const { body } = await api.ask('GET', `/api/v1/calls?${query}`, key);
  return (body['items'] as { id: string }[]).map(({ id }) => id).sort();
}

test('calls are found by who called, however the number is written', async () => {
  for (const written of [CALLER, '(212) 555-0123', '1 212 555 0123']) {
    expect(await found(`from=${encodeURIComponent(written)}`)).toEqual(['of-closed', 'of-open']);
  }
  expect(await found('from=212-555-0199')).toEqual([]);
});

test('parties find their own calls alone', async () => {
  const query = `from=${encodeURIComponent(CALLER)}`;
  expect(await found(query, 'seller')).toEqual(['of-closed', 'of-open']);
  expect(await found(query, 'other')).toEqual([]);
});

test('a caller whom a campaign keeps from its buyers is not told by a search either', async () => {
  expect(await found('', 'buyer')).toEqual(['of-closed', 'of-open']);
  expect(await found(`from=${encodeURIComponent(CALLER)}`, 'buyer')).toEqual(['of-open']);
});

test('a call that was made anonymous is found by no number', async () => {
  await api.pool.query(`update calls set caller = 'anon:0123456789abcdef012345' where id = 'of-open'`);
  expect(await found(`from=${encodeURIComponent(CALLER)}`)).toEqual(['of-closed']);
});
