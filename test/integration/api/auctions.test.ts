import { openMarket } from './support/market-bodies';
import { storeCall } from './support/stored-calls';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(() => api.close());

const T = 1_790_000_000_000;
const ringTarget = (bidId: string, price: number): object => ({
  ...{ bidId, buyerId: `${bidId}-buyer`, buyerAccountId: 'buyer-account', targetId: `${bidId}-target` },
  ...{ kind: 'sip', uri: 'sip:x@192.0.2.1', price },
});
const SOLD = {
  ok: true,
  plan: [ringTarget('one', 12_000_000), ringTarget('two', 11_000_000)],
  trace: {
    ...{ decidedAt: T, seed: 7, findings: [] },
    bids: {
      total: 4,
      counts: { state: 1, below_reserve: 1 },
      listed: [
        {
          bidId: 'one',
          buyerId: 'one-buyer',
          price: 15_000_000,
          offer: 16_000_000,
          latencyMs: 40.5,
          rank: 1,
        },
        { bidId: 'two', buyerId: 'two-buyer', price: 11_000_000, rank: 2 },
        { bidId: 'three', buyerId: 'three-buyer', price: 9_000_000, ineligible: 'below_reserve' },
        { bidId: 'four', buyerId: 'four-buyer', price: 20_000_000, ineligible: 'state' },
      ],
    },
  },
};
const UNSOLD = {
  ...{ ok: false, reason: 'no_buyer', sipStatus: 480, detail: 'nobody buys it' },
  trace: { decidedAt: T, seed: 8, findings: [], bids: { total: 1, counts: { state: 1 }, listed: [] } },
};

/** A call of the campaign with its decision. */
async function store(id: string, receivedAt: number, decision: object, more: object = {}): Promise<void> {
  await storeCall(api, { id, receivedAt });
  const fields = { campaign_id: 'campaign', ...more };
  for (const [column, value] of Object.entries(fields)) {
    await api.database.query(`update calls set ${column} = $2 where id = $1`, [id, value]);
  }
  await api.database.query('insert into call_decisions values ($1, $2, 48)', [id, JSON.stringify(decision)]);
}

test('an auction tells who won it, at what price, and why the others did not', async () => {
  await store('sold', T, SOLD, { target_id: 'two-target', buyer_id: 'two-buyer' });
  await store('unsold', T + 1, UNSOLD, { end_reason: 'no_buyer' });
  // Refused before anybody was asked.
  await store('blocked', T + 2, { ...UNSOLD, reason: 'fraud' }, { end_reason: 'fraud' });
  await store('lost', T + 3, UNSOLD, { campaign_id: null });

  const { body } = await api.ask('GET', `/api/v1/auctions?fromTime=${T}`);
  expect(body['items']).toEqual([
    {
      ...{ id: 'unsold', campaignId: 'campaign', receivedAt: T + 1, sold: false },
      ...{ reason: 'no_buyer', detail: 'nobody buys it', bids: 1, ranked: 0, leftOut: { state: 1 } },
      ...{ winner: null, price: null, takenBy: null, reservePrice: 10_000_000, currency: 'USD' },
    },
    {
      ...{ id: 'sold', campaignId: 'campaign', receivedAt: T, sold: true, reason: null, detail: null },
      ...{ bids: 4, ranked: 2, leftOut: { state: 1, below_reserve: 1 } },
      winner: { bidId: 'one', buyerId: 'one-buyer', targetId: 'one-target' },
      ...{ price: 12_000_000, takenBy: 'two-target', reservePrice: 10_000_000, currency: 'USD' },
    },
  ]);
});

test('one tells the whole ranking', async () => {
  const { body } = await api.ask('GET', '/api/v1/auctions/sold');
  expect(body).toMatchObject({ id: 'sold', decidedAt: T, microseconds: 48, seed: 7 });
  const none = { offer: null, latencyMs: null, ineligible: null };
  expect(body['ranking']).toEqual([
    {
      ...{ bidId: 'one', buyerId: 'one-buyer', targetId: 'one-target', rank: 1, ineligible: null },
      ...{ price: 15_000_000, offer: 16_000_000, clearing: 12_000_000, latencyMs: 40.5 },
    },
    {
      ...{ ...none, bidId: 'two', buyerId: 'two-buyer', targetId: 'two-target', rank: 2 },
      ...{ price: 11_000_000, clearing: 11_000_000 },
    },
    {
      ...{ ...none, bidId: 'three', buyerId: 'three-buyer', targetId: null, rank: null },
      ...{ ineligible: 'below_reserve', price: 9_000_000, clearing: null },
    },
    {
      ...{ ...none, bidId: 'four', buyerId: 'four-buyer', targetId: null, rank: null },
      ...{ ineligible: 'state', price: 20_000_000, clearing: null },
    },
  ]);
  for (const id of ['blocked', 'lost', 'nobody']) {
    expect((await api.ask('GET', `/api/v1/auctions/${id}`)).status).toBe(404);
  }
});

test('the list is narrowed, and walked page by page', async () => {
  const found = async (query: string): Promise<unknown[]> => {
    const { body } = await api.ask('GET', `/api/v1/auctions?${query}`);
    return (body['items'] as { id: string }[]).map(({ id }) => id);
  };
  expect(await found('buyerId=two-buyer')).toEqual(['sold']);
  expect(await found('campaignId=another')).toEqual([]);
  expect(await found(`campaignId=campaign&toTime=${T + 1}`)).toEqual(['sold']);
  const first = await api.ask('GET', '/api/v1/auctions?limit=1');
  const cursor = String(first.body['nextCursor']);
  expect(await found(`limit=1&cursor=${cursor}`)).toEqual(['sold']);
  expect(await found('sort=receivedAt')).toEqual(['sold', 'unsold']);
  const other = await api.ask('GET', `/api/v1/auctions?sort=receivedAt&cursor=${cursor}`);
  expect(other).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
});
