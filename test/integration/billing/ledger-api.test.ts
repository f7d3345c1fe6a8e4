import type { LedgerTransaction } from '../../../src/billing';
import { postTransaction } from '../../../src/billing';
import type { TestApi } from '../api/support/test-api';
import { startTestApi } from '../api/support/test-api';
import { BUYER_ACCOUNT, insertParties } from '../../support/call-records';
import { until } from '../../support/until';
import { posting, sale } from './support/ledger-books';

let api: TestApi;

const post = (key: string, postings: LedgerTransaction['postings'], more: Partial<LedgerTransaction> = {}) =>
  api.pool.transaction((tx) =>
    postTransaction(tx, { idempotencyKey: key, kind: 'adjustment', postings, ...more }),
  );
const get = async (path: string): Promise<Record<string, unknown>> => {
  const { status, body } = await api.ask('GET', `/api/v1/ledger/${path}`);
  expect([path, status]).toEqual([path, 200]);
  return body;
};
type Items = Record<string, unknown>[];

beforeAll(async () => {
  api = await startTestApi();
  await insertParties(api.pool);
  await post('may', sale(40), { effectiveOn: '2024-05-06', callId: 'call-1' });
  for (let n = 0; n < 3; n++) await post(`large ${n}`, sale(Number.MAX_SAFE_INTEGER));
  await post('reasoned', [posting(BUYER_ACCOUNT, 'held', 1), ...sale(-1).slice(0, 1)], {
    reason: 'for “fun”',
  });
});
afterAll(() => api.close());

test('balances and sums are exact, as texts', async () => {
  const { items } = await get('accounts');
  expect(items).toEqual([
    { accountId: BUYER_ACCOUNT, purpose: 'held', currency: 'USD', balanceMicros: '1' },
    { accountId: BUYER_ACCOUNT, purpose: 'wallet', currency: 'USD', balanceMicros: '27021597764223012' },
    { accountId: 'operator', purpose: 'revenue', currency: 'USD', balanceMicros: '-27021597764223013' },
  ]);
  expect(await get('trial-balance')).toEqual({
    debitsMicros: '27021597764223014',
    creditsMicros: '27021597764223014',
    imbalanceMicros: '0',
    wrongBalances: 0,
  });
});

test('pages of accounts and of entries follow each other', async () => {
  for (const [path, count] of [
    ['accounts?limit=1', 3],
    [`entries?limit=2&accountId=${BUYER_ACCOUNT}`, 6],
  ] as const) {
    const whole = (await get(path.replace(/limit=\d/, 'limit=200')))['items'] as Items;
    expect(whole).toHaveLength(count);
    const pages: Items = [];
    let cursor: unknown = '';
    do {
      const page = await get(`${path}${cursor === '' ? '' : `&cursor=${String(cursor)}`}`);
      pages.push(...(page['items'] as Items));
      cursor = page['nextCursor'];
    } while (cursor !== null);
    expect(pages).toEqual(whole);
  }
});

test('entries say what their transaction says', async () => {
  const { items } = await get(`entries?accountId=${BUYER_ACCOUNT}&purpose=wallet`);
  const [first] = items as Items;
  expect(first).toEqual({
    entryId: expect.any(Number),
    transactionId: expect.any(Number),
    idempotencyKey: 'may',
    kind: 'adjustment',
    callId: 'call-1',
    reason: null,
    reversesId: null,
    accountId: BUYER_ACCOUNT,
    purpose: 'wallet',
    currency: 'USD',
    amountMicros: 40,
    postedAt: expect.stringMatching(/Z$/),
    effectiveOn: '2024-05-06',
  });
  expect((items as Items).at(-1)).toMatchObject({
    idempotencyKey: 'reasoned',
    reason: 'for “fun”',
    amountMicros: -1,
  });
  expect((await get(`entries?accountId=${BUYER_ACCOUNT}&toTime=1000`))['items']).toEqual([]);
});

test.each([
  ['GET', 'entries', 400],
  ['GET', 'entries?accountId=x&fromTime=yesterday', 400],
  ['GET', 'entries?accountId=x&cursor=WzFd', 400],
  ['GET', 'entries?accountId=x&currency=XXX', 400],
  ['GET', 'accounts?cursor=abc', 400],
  ['GET', 'verification?accountId=nobody', 404],
  ['GET', 'verification?blocks=1001', 400],
  ['POST', 'periods/2024-13/close', 400],
  ['POST', 'periods/2099-01/close', 409],
])('%s %s is answered with %d', async (method, path, status) => {
  const answer = await api.ask(method, `/api/v1/ledger/${path}`);
  expect(answer.status).toBe(status);
  expect(api.switch.bugs).toEqual([]);
});

/** What the audit log says of closing months, once it says so much. */
async function closings(count: number): Promise<object[]> {
  let rows: object[] = [];
  await until(`${count} entries of the audit log`, async () => {
    rows = await api.database.query(
      `select subject_id as month, status, changes, reason from audit_entries
       where action = 'closeLedgerPeriod' order by id`,
    );
    return rows.length >= count;
  });
  return rows;
}

test('a close that dies half-way is in the audit log, since the month is shut by it', async () => {
  await api.database.query(`create function break_down() returns trigger language plpgsql as
    $$ begin raise exception 'broken'; end $$`);
  await api.database.query(
    `create trigger broken before update on ledger_periods for each row execute function break_down()`,
  );
  expect((await api.ask('POST', '/api/v1/ledger/periods/2024-05/close')).status).toBe(500);
  expect(api.switch.bugs.splice(0)).toHaveLength(1);
  expect((await get('periods'))['items']).toMatchObject([{ month: '2024-05', state: 'closing' }]);
  const failed = { month: '2024-05', status: 500, changes: null, reason: 'internal_error' };
  expect(await closings(1)).toEqual([failed]);

  await api.database.query('drop trigger broken on ledger_periods');
  await api.database.query('drop function break_down');
  expect((await api.ask('POST', '/api/v1/ledger/periods/2024-05/close')).status).toBe(200);
  const done = { month: '2024-05', status: 200, changes: { state: { after: 'closed' } }, reason: null };
  expect(await closings(2)).toEqual([failed, done]);
});

test('a month is closed, listed, and taken from then on from nobody', async () => {
  const closed = await api.ask('POST', '/api/v1/ledger/periods/2024-05/close');
  expect([closed.status, closed.body]).toEqual([
    200,
    { month: '2024-05', state: 'closed', closedBy: 'operator', closedAt: expect.stringMatching(/Z$/) },
  ]);
  expect((await get('periods'))['items']).toEqual([closed.body]);
  expect((await get(`periods/2024-05/balances?accountId=${BUYER_ACCOUNT}`))['items']).toEqual([
    {
      accountId: BUYER_ACCOUNT,
      purpose: 'wallet',
      currency: 'USD',
      openingMicros: '0',
      debitsMicros: '40',
      creditsMicros: '0',
      closingMicros: '40',
    },
  ]);
  await expect(post('late', sale(1), { effectiveOn: '2024-05-31' })).rejects.toMatchObject({
    code: 'ledger_period_closed',
  });
});

test('the newest blocks of an account are verified, and what is wrong is told', async () => {
  const { head, ...verified } = await get(`verification?accountId=${BUYER_ACCOUNT}&blocks=2`);
  expect(head).toMatch(/^[0-9a-f]{64}$/);
  expect(verified).toEqual({
    accountId: BUYER_ACCOUNT,
    ok: true,
    length: 5,
    blocks: 2,
    entries: 3,
    findings: [],
  });
  expect(await get('verification')).toMatchObject({ accountId: 'operator', ok: true, length: 4 });
  await api.database.force(
    `update ledger_transactions set reason = 'for profit' where idempotency_key = 'reasoned'`,
  );
  expect(await get(`verification?accountId=${BUYER_ACCOUNT}`)).toMatchObject({
    ok: false,
    findings: [
      {
        problem: 'block_changed',
        block: 5,
        transactionId: null,
        detail: `account ${BUYER_ACCOUNT} block 5: the hash of the block is not what its entries say`,
      },
    ],
  });
});
