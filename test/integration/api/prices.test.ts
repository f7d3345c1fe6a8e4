import { bodyOf, openMarket } from './support/market-bodies';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(() => api.close());

const bands = (...edges: readonly (number | null)[]): object[] =>
  edges.map((toMs, n) => ({ fromMs: n === 0 ? 0 : edges[n - 1], toMs, amount: (n + 1) * 1_000_000 }));
const perCall = (amount: number): object => ({ kind: 'per_call', amount, afterMs: 0 });
const sale = { kind: 'postback', anyOf: ['sale'] };

let made = 0;
async function post(path: string, over: object): Promise<Answer> {
  const body = { ...(await bodyOf(api, path, ++made)), ...over };
  return api.ask('POST', `/api/v1/${path}`, { body });
}
const pointers = ({ body }: Answer): unknown[] =>
  (body['errors'] as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer) ?? [];

describe('what a buyer pays', () => {
  test.each<[string, object]>([
    ['by bands', { kind: 'banded', afterMs: 0, bands: bands(30_000, 90_000, null) }],
    [
      'by graduated minutes, from the ring on, between two amounts',
      {
        kind: 'graduated',
        clock: 'ring',
        minimum: 1_000_000,
        maximum: 9_000_000,
        firstIncrementMs: 30_000,
        nextIncrementMs: 6_000,
        afterMs: 5_000,
        bands: [
          { fromMs: 0, toMs: 60_000, ratePerMinute: 500_000 },
          { fromMs: 60_000, toMs: null, ratePerMinute: 250_000 },
        ],
      },
    ],
    [
      'by the minute with a fee',
      {
        kind: 'per_minute',
        ratePerMinute: 500_000,
        connectFee: 100_000,
        firstIncrementMs: 60_000,
        nextIncrementMs: 60_000,
        afterMs: 0,
      },
    ],
  ])('%s is kept as it was said, at any price', async (_what, plan) => {
    const created = await post('bids', { plan, price: 7_000_000 });
    expect(created).toMatchObject({ status: 201, body: { plan, price: 7_000_000 } });
  });

  test('by the call is its price, unless something goes before it', async () => {
    const plan = perCall(5_000_000);
    expect(pointers(await post('bids', { plan, price: 7_000_000 }))).toEqual(['/price']);
    const conversions = [
      { when: sale, plan: perCall(90_000_000) },
      { when: { kind: 'duration', clock: 'incoming', atLeastMs: 90_000 }, plan: perCall(20_000_000) },
    ];
    const created = await post('bids', { plan, conversions, price: 7_000_000 });
    expect(created).toMatchObject({ status: 201, body: { plan, conversions, price: 7_000_000 } });
    const path = `/api/v1/bids/${String(created.body['id'])}`;
    // Taken away, the plan is the price again.
    expect(pointers(await api.ask('PATCH', path, { body: { conversions: null } }))).toEqual(['/price']);
    const both = await api.ask('PATCH', path, { body: { conversions: null, price: 5_000_000 } });
    expect(both.body).not.toHaveProperty('conversions');
  });

  test.each<[string, object, string]>([
    [
      'a hole',
      { kind: 'banded', afterMs: 0, bands: [bands(30_000, null)[0], bands(31_000, null)[1]] },
      '/plan/bands/1',
    ],
    [
      'amounts that fall',
      {
        kind: 'banded',
        afterMs: 0,
        bands: bands(30_000, null).map((band, n) => ({ ...band, amount: 5 - n })),
      },
      '/plan/bands/1/amount',
    ],
    ['an end', { kind: 'banded', afterMs: 0, bands: bands(30_000, 60_000) }, '/plan/bands/1'],
    ['no bands', { kind: 'banded', afterMs: 0, bands: [] }, '/plan/bands'],
    ['a negative amount', { kind: 'per_call', amount: -1, afterMs: 0 }, '/plan/amount'],
    ['an amount that cannot be counted', { kind: 'per_call', amount: 1e17, afterMs: 0 }, '/plan/amount'],
    ['a minimum above its maximum', { ...perCall(1_000_000), minimum: 5, maximum: 4 }, '/plan/maximum'],
    ['a kind of its own', { kind: 'per_lead', amount: 5, afterMs: 0 }, '/plan/kind'],
    ['a share of itself', { kind: 'share', shareBp: 5_000, afterMs: 0 }, '/plan/kind'],
  ])('with %s is refused at its place', async (_what, plan, pointer) => {
    const refused = await post('bids', { plan, price: 1_000_000 });
    expect([refused.status, [...new Set(pointers(refused))]]).toEqual([400, [pointer]]);
  });

  test('in a rule is refused at its place', async () => {
    const conversions = [
      { when: sale, plan: perCall(1) },
      { when: sale, plan: { kind: 'banded', afterMs: 0, bands: bands(1_000, 2_000) } },
    ];
    expect(pointers(await post('bids', { conversions }))).toEqual(['/conversions/1/plan/bands/1']);
    expect(
      pointers(
        await post('bids', { conversions: [{ when: { kind: 'postback', anyOf: [] }, plan: perCall(1) }] }),
      ),
    ).toEqual(['/conversions/0/when/anyOf']);
  });
});

describe('what a seller earns', () => {
  const share = { kind: 'share', shareBp: 7_500, afterMs: 0, minimum: 1_000_000 };

  test('in a campaign may be a share, with rules before it, nothing of short calls, and free duplicates', async () => {
    const terms = {
      payout: share,
      conversions: [{ when: sale, plan: { ...share, shareBp: 9_000 } }],
      shortCallMs: 20_000,
      duplicates: { windowMs: 86_400_000, after: 'converted', scope: 'target', then: 'free' },
    };
    expect(await post('campaigns', terms)).toMatchObject({ status: 201, body: terms });
  });

  test('by its own contract, and who shares in it', async () => {
    const agency = { id: 'agency', name: 'An agency', type: 'seller' };
    expect((await api.ask('POST', '/api/v1/accounts', { body: agency })).status).toBe(201);
    const contract = {
      payouts: { campaign: { payout: share, conversions: [{ when: sale, plan: perCall(5) }] } },
      splits: [{ accountId: 'agency', shareBp: 2_500 }],
    };
    const created = await post('sellers', contract);
    expect(created).toMatchObject({ status: 201, body: contract });
    const path = `/api/v1/sellers/${String(created.body['id'])}`;
    const refused = async (change: object): Promise<unknown[]> =>
      pointers(await api.ask('PATCH', path, { body: change }));
    expect(await refused({ splits: [{ accountId: 'nobody', shareBp: 1 }] })).toEqual(['/splits/0/accountId']);
    expect(await refused({ splits: [{ accountId: created.body['id'], shareBp: 1 }] })).toEqual([
      '/splits/0/accountId',
    ]);
    expect(
      await refused({
        splits: [
          { accountId: 'agency', shareBp: 6_000 },
          { accountId: 'agency', shareBp: 4_001 },
        ],
      }),
    ).toEqual(['/splits/1/accountId', '/splits/1/shareBp']);
    expect(await refused({ payouts: { elsewhere: { payout: share } } })).toEqual(['/payouts/elsewhere']);
    const shorter = { ...share, shareBp: 10_001 };
    expect(await refused({ payouts: { campaign: { payout: shorter } } })).toEqual([
      '/payouts/campaign/payout/shareBp',
    ]);
    expect((await api.ask('GET', path)).body).toEqual(created.body);
  });
});

test('an account is on account unless its wallet must cover its calls, and its funds are not for clients to say', async () => {
  const open = await post('accounts', {});
  expect(open.body).toMatchObject({ funding: 'open' });
  const covered = await post('accounts', { funding: 'wallet' });
  expect(covered.body).toMatchObject({ funding: 'wallet' });
  await api.database.query(`update accounts set funds = 'stopped' where id = $1`, [covered.body['id']]);
  const stopped = await api.ask('GET', `/api/v1/accounts/${String(covered.body['id'])}`);
  expect(stopped.body).toMatchObject({ funding: 'wallet', funds: 'stopped' });
  expect((await post('accounts', { funds: 'stopped' })).status).toBe(400);
  expect((await post('accounts', { funding: 'credit' })).status).toBe(400);
});

test('a target names the trunk over whose rates it is reached', async () => {
  const trunk = await post('trunks', { id: 'way-out' });
  expect(trunk.status).toBe(201);
  expect(await post('targets', { trunkId: 'way-out' })).toMatchObject({
    status: 201,
    body: { trunkId: 'way-out' },
  });
  const refused = await post('targets', { trunkId: 'nowhere' });
  expect([refused.status, pointers(refused)]).toEqual([422, ['/trunkId']]);
});
