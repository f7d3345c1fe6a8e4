import { heldDifferences, PostgresFunds, trialBalance } from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import type { Answer, TestApi } from '../../api/support/test-api';
import { startTestApi } from '../../api/support/test-api';

const UNIT = 1_000_000;
let api: TestApi;
let count = 0;
beforeAll(async () => {
  api = await startTestApi();
});
afterEach(async () => {
  expect(await heldDifferences(api.pool)).toEqual([]);
  expect(await trialBalance(api.pool)).toMatchObject({ wrongBalances: 0 });
  expect(api.switch.bugs).toEqual([]);
});
afterAll(() => api.close());

async function account(more: Record<string, unknown> = {}): Promise<string> {
  const id = `account-${count++}`;
  const body = { id, name: id, type: 'buyer', funding: 'wallet', ...more };
  expect((await api.ask('POST', '/api/v1/accounts', { body })).status).toBe(201);
  return id;
}

async function wallet(more: Record<string, unknown> = {}): Promise<string> {
  const accountId = await account();
  const answer = await api.ask('POST', '/api/v1/wallets', { body: { accountId, currency: 'USD', ...more } });
  expect(answer.status).toBe(201);
  return accountId;
}

function topUp(
  id: string,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return api.ask('POST', `/api/v1/wallets/${id}/top-ups`, { body: { currency: 'USD', ...body }, headers });
}

const get = (path: string): Promise<Answer> => api.ask('GET', `/api/v1/wallets${path}`);
const pointersOf = ({ body }: Answer): unknown[] =>
  ((body['errors'] ?? []) as { pointer: string }[]).map(({ pointer }) => pointer);

test('a wallet is opened empty, found by its account, and changed field by field', async () => {
  const accountId = await account();
  const created = await api.ask('POST', '/api/v1/wallets', { body: { accountId, currency: 'USD' } });
  expect([created.status, created.headers.get('Location')]).toEqual([
    201,
    `/api/v1/wallets/${accountId}?currency=USD`,
  ]);
  const empty = {
    accountId,
    currency: 'USD',
    kind: 'prepaid',
    creditLimit: 0,
    lowBalanceAt: null,
    stopBelow: 0,
    onExhausted: 'finish',
    topUp: null,
    balance: 0,
    held: 0,
    available: 0,
    version: 1,
  };
  expect(created.body).toMatchObject(empty);
  expect((await get(`/${accountId}`)).body).toEqual(created.body);
  expect((await get(`/${accountId}?currency=USD`)).body).toEqual(created.body);
  const body = {
    kind: 'credit',
    creditLimit: 50 * UNIT,
    lowBalanceAt: 10 * UNIT,
    topUp: { below: 5 * UNIT, amount: 100 * UNIT, paymentMethod: 'card-1' },
  };
  const path = `/api/v1/wallets/${accountId}`;
  const changed = await api.ask('PATCH', path, { body, headers: { 'If-Match': '"1"' } });
  expect(changed.body).toMatchObject({
    ...empty,
    ...body,
    topUp: { ...body.topUp, aDay: 3 },
    available: 50 * UNIT,
    version: 2,
  });
  const stale = await api.ask('PATCH', path, { body, headers: { 'If-Match': '"1"' } });
  expect([stale.status, stale.body['code']]).toEqual([412, 'changed_meanwhile']);
  const without = await api.ask('PATCH', path, { body: { lowBalanceAt: null, topUp: null } });
  expect(without.body).toMatchObject({ lowBalanceAt: null, topUp: null, kind: 'credit', version: 3 });
});

test('what cannot be is refused with its place, and nothing is half done', async () => {
  const seller = await account({ type: 'seller', funding: 'open' });
  const buyer = await wallet();
  const cases: [Record<string, unknown>, number, string][] = [
    [{ accountId: 'nobody', currency: 'USD' }, 422, '/accountId'],
    [{ accountId: seller, currency: 'USD' }, 422, '/accountId'],
    [{ accountId: buyer, currency: 'USD' }, 409, '/currency'],
    [{ accountId: buyer, currency: 'XXX' }, 400, '/currency'],
    [{ accountId: buyer, currency: 'EUR', creditLimit: 1 }, 422, '/creditLimit'],
    [{ accountId: buyer, currency: 'EUR', creditLimit: -1 }, 400, '/creditLimit'],
    [{ accountId: buyer, currency: 'EUR', kind: 'credit', creditLimit: 1e13 }, 400, '/creditLimit'],
    [{ accountId: buyer, currency: 'EUR', stopBelow: 0.5 }, 400, '/stopBelow'],
    [
      { accountId: buyer, currency: 'EUR', topUp: { below: 1, amount: 0, paymentMethod: 'x' } },
      400,
      '/topUp/amount',
    ],
  ];
  for (const [body, status, pointer] of cases) {
    const answer = await api.ask('POST', '/api/v1/wallets', { body });
    expect([body, answer.status, pointersOf(answer)]).toEqual([body, status, [pointer]]);
  }
  const prepaid = await api.ask('PATCH', `/api/v1/wallets/${buyer}`, { body: { creditLimit: UNIT } });
  expect([prepaid.status, pointersOf(prepaid)]).toEqual([422, ['/creditLimit']]);
  for (const path of ['/nobody', `/${buyer}?currency=EUR`, '/nobody/holds', `/${seller}/top-ups`]) {
    expect([path, (await get(path)).body['code']]).toEqual([path, 'wallet_not_found']);
  }
  expect((await get(`?accountId=${buyer}`)).body['items']).toHaveLength(1);
});

test('money that came in is booked once for each reference, whatever is sent again', async () => {
  const id = await wallet();
  const first = await topUp(id, { amount: 30 * UNIT, reference: 'wire 1', note: 'from the bank' });
  expect(first.status).toBe(201);
  expect(first.body).toMatchObject({
    reference: 'wire 1',
    amount: 30 * UNIT,
    note: 'from the bank',
    receivedBy: 'operator',
  });
  expect((await topUp(id, { amount: 30 * UNIT, reference: 'wire 1' })).body).toEqual(first.body);
  const other = await topUp(id, { amount: 31 * UNIT, reference: 'wire 1' });
  expect([other.status, other.body['code'], pointersOf(other)]).toEqual([
    409,
    'reference_taken',
    ['/reference'],
  ]);
  const headers = { 'Idempotency-Key': 'top-up-2' };
  const [second, again] = [
    await topUp(id, { amount: UNIT, reference: 'wire 2' }, headers),
    await topUp(id, { amount: UNIT, reference: 'wire 2' }, headers),
  ];
  expect(again.text).toBe(second.text);
  const at = await Promise.all([1, 2, 3, 4].map(() => topUp(id, { amount: UNIT, reference: 'wire 3' })));
  expect(new Set(at.map(({ body }) => body['id'])).size).toBe(1);
  expect((await get(`/${id}`)).body).toMatchObject({ balance: 32 * UNIT, available: 32 * UNIT });
  const page = await get(`/${id}/top-ups?limit=2`);
  expect((page.body['items'] as { reference: string }[]).map(({ reference }) => reference)).toEqual([
    'wire 3',
    'wire 2',
  ]);
  const next = await get(`/${id}/top-ups?limit=2&cursor=${String(page.body['nextCursor'])}`);
  expect((next.body['items'] as { reference: string }[]).map(({ reference }) => reference)).toEqual([
    'wire 1',
  ]);
});

test('no amount below one, none beyond all bounds, none for a wallet that there is not', async () => {
  const id = await wallet();
  for (const amount of [0, -UNIT, 0.5, 1e13, '5', null]) {
    const answer = await topUp(id, { amount, reference: 'x' });
    expect([amount, answer.status, pointersOf(answer)]).toEqual([amount, 400, ['/amount']]);
  }
  expect((await topUp('nobody', { amount: UNIT, reference: 'x' })).status).toBe(404);
  expect((await topUp(id, { amount: UNIT, reference: 'x', currency: 'EUR' })).status).toBe(404);
  expect((await get(`/${id}`)).body['balance']).toBe(0);
});

test('what is held is seen in the wallet and listed with its call', async () => {
  const id = await wallet();
  await topUp(id, { amount: 30 * UNIT, reference: 'first' });
  const funds = new PostgresFunds(api.pool, { nodeId: 'node', bootId: 'boot' });
  for (const n of [1, 2]) {
    const hold = { id: `call-${n}/1`, callId: `call-${n}`, accountId: id, currency: 'USD' } as const;
    await funds.hold({ ...hold, amount: micros(n * UNIT) });
  }
  funds.release('call-1/1');
  await funds.close();
  expect((await get(`/${id}`)).body).toMatchObject({
    balance: 28 * UNIT,
    held: 2 * UNIT,
    available: 28 * UNIT,
  });
  const page = await get(`/${id}/holds?limit=1`);
  expect(page.body['items']).toMatchObject([
    { id: 'call-2/1', callId: 'call-2', amount: 2 * UNIT, state: 'open' },
  ]);
  const next = await get(
    `/${id}/holds?limit=1&cursor=${encodeURIComponent(String(page.body['nextCursor']))}`,
  );
  expect(next.body).toMatchObject({ items: [{ id: 'call-1/1', state: 'released' }], nextCursor: null });
  expect((await get(`/${id}/holds?state=captured`)).body['items']).toEqual([]);
});

test('wallets are listed page by page, and by whether they are stopped', async () => {
  const ids = [await wallet(), await wallet()];
  await api.pool.query('update wallets set stopped_since = now() where account_id = $1', [ids[1]]);
  const stopped = (await get('?stopped=true')).body['items'] as { accountId: string }[];
  expect(stopped.map(({ accountId }) => accountId)).toEqual([ids[1]]);
  const seen: string[] = [];
  for (let cursor = ''; ;) {
    const { body } = await get(`?limit=2${cursor}`);
    seen.push(...(body['items'] as { accountId: string }[]).map(({ accountId }) => accountId));
    if (body['nextCursor'] === null) break;
    cursor = `&cursor=${String(body['nextCursor'])}`;
  }
  expect(seen).toEqual([...seen].sort());
  expect(seen).toEqual(expect.arrayContaining(ids));
});

test('who may read wallets may not fill them', async () => {
  const id = await wallet();
  const key = await api.keyWith('wallets:read');
  expect((await api.ask('GET', `/api/v1/wallets/${id}`, { key })).status).toBe(200);
  const body = { currency: 'USD', amount: UNIT, reference: 'x' };
  expect((await api.ask('POST', `/api/v1/wallets/${id}/top-ups`, { key, body })).status).toBe(403);
});
