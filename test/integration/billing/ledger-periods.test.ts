import { OPERATOR_ACCOUNT } from '../../../src/domain';
import {
  closePeriod,
  listPeriods,
  periodBalances,
  postTransaction,
  trialBalance,
} from '../../../src/billing';
import { BUYER_ACCOUNT, SELLER_ACCOUNT } from '../../support/call-records';
import { until } from '../../support/until';
import { Books, posting, sale } from './support/ledger-books';

let books: Books;

beforeAll(async () => {
  books = await Books.open();
  await books.remember();
});
afterEach(() => books.restore());
afterAll(() => books.close());

const payout = (amount: number): ReturnType<typeof sale> => [
  posting(OPERATOR_ACCOUNT, 'payout', amount),
  posting(SELLER_ACCOUNT, 'payable', -amount),
];
const wallet = { accountId: BUYER_ACCOUNT, purpose: 'wallet', currency: 'USD' };

/** January to March of 2024, with nothing in February, and something today. */
async function threeMonths(): Promise<void> {
  await books.post('january', sale(100), { effectiveOn: '2024-01-01' });
  await books.post('january back', sale(-30), { effectiveOn: '2024-01-31' });
  await books.post('march', sale(50), { effectiveOn: '2024-03-15' });
  await books.post('march payout', payout(20), { effectiveOn: '2024-03-31' });
  await books.post('now', sale(7));
}

test('a closed month says what every ledger account did in it, the next begins where it ended', async () => {
  await threeMonths();
  expect(await closePeriod(books.db, '2024-01', { by: 'controller' })).toEqual({
    month: '2024-01',
    state: 'closed',
    closedBy: 'controller',
    closedAt: expect.any(Date),
  });
  expect(await periodBalances(books.db, '2024-01')).toEqual([
    { ...wallet, opening: 0n, debits: 100n, credits: 30n, closing: 70n },
    {
      ...wallet,
      accountId: OPERATOR_ACCOUNT,
      purpose: 'revenue',
      opening: 0n,
      debits: 30n,
      credits: 100n,
      closing: -70n,
    },
  ]);
  // February has nothing of its own.
  await closePeriod(books.db, '2024-03');
  expect(await periodBalances(books.db, '2024-03', BUYER_ACCOUNT)).toEqual([
    { ...wallet, opening: 70n, debits: 50n, credits: 0n, closing: 120n },
  ]);
  expect(await periodBalances(books.db, '2024-03', SELLER_ACCOUNT)).toMatchObject([
    { purpose: 'payable', opening: 0n, debits: 0n, credits: 20n, closing: -20n },
  ]);
  expect((await listPeriods(books.db)).map(({ month, state }) => [month, state])).toEqual([
    ['2024-03', 'closed'],
    ['2024-01', 'closed'],
  ]);
  expect(await books.findings()).toEqual([]);
});

test('an account that did nothing in the month is carried on', async () => {
  await books.post('january', sale(100), { effectiveOn: '2024-01-10' });
  await books.post('february', payout(5), { effectiveOn: '2024-02-10' });
  await closePeriod(books.db, '2024-01');
  await closePeriod(books.db, '2024-02');
  expect(await periodBalances(books.db, '2024-02', BUYER_ACCOUNT)).toEqual([
    { ...wallet, opening: 100n, debits: 0n, credits: 0n, closing: 100n },
  ]);
  expect(await books.findings()).toEqual([]);
});

test('debits of a month may be more than a number holds, and than a balance', async () => {
  const most = Number.MAX_SAFE_INTEGER;
  const entries = Array.from({ length: 240 }, () => [...sale(most), ...sale(-most)]).flat();
  for (const n of [1, 2, 3, 4, 5]) await books.post(`swing ${n}`, entries, { effectiveOn: '2024-01-05' });
  await closePeriod(books.db, '2024-01');
  expect(await periodBalances(books.db, '2024-01', BUYER_ACCOUNT)).toMatchObject([
    { debits: 1_200n * BigInt(most), credits: 1_200n * BigInt(most), closing: 0n },
  ]);
  expect(await books.findings()).toEqual([]);
});

describe('after the close', () => {
  beforeEach(async () => {
    await threeMonths();
    await closePeriod(books.db, '2024-01');
    await closePeriod(books.db, '2024-03');
  });

  test.each(['2023-12-31', '2024-01-31', '2024-02-10', '2024-03-31'])(
    '%s is refused',
    async (effectiveOn) => {
      const before = await trialBalance(books.db);
      await expect(books.post('late', sale(1), { effectiveOn })).rejects.toMatchObject({
        kind: 'unprocessable',
        code: 'ledger_period_closed',
      });
      expect(await trialBalance(books.db)).toEqual(before);
    },
  );

  test('the day after is taken', async () => {
    expect(await books.post('in time', sale(1), { effectiveOn: '2024-04-01' })).toEqual(expect.any(Number));
  });

  test('one late transaction refuses all that come with it, also from behind the ledger', async () => {
    const late = { kind: 'adjustment', postings: sale(1) } as const;
    await expect(
      books.postAll([
        { ...late, idempotencyKey: 'good' },
        { ...late, idempotencyKey: 'bad', effectiveOn: '2024-02-01' },
      ]),
    ).rejects.toMatchObject({ code: 'ledger_period_closed' });
    expect(
      await books.refusal(
        `insert into ledger_transactions (idempotency_key, kind, effective_on) values ('x', 'refund', '2024-03-31')`,
      ),
    ).toBe('23001');
  });

  test('closing it again changes nothing, whoever does', async () => {
    const [first] = (await listPeriods(books.db)).slice(-1);
    expect(await closePeriod(books.db, '2024-01', { by: 'somebody else' })).toEqual(first);
  });

  test.each([
    ['changed', `update ledger_periods set closed_by = 'me'`],
    ['opened again', 'delete from ledger_periods'],
    ['emptied', 'truncate ledger_periods cascade'],
    ['given other balances', 'update ledger_period_balances set debits = debits + 1, closing = closing + 1'],
    ['robbed of balances', 'delete from ledger_period_balances'],
    ['emptied of balances', 'truncate ledger_period_balances'],
  ])('a period is not %s', async (_what, statement) => {
    expect(await books.refusal(statement)).toBe('23001');
  });

  test('verification finds balances that were changed', async () => {
    const account = `ledger_account_id = (select id from ledger_accounts where account_id = '${BUYER_ACCOUNT}')`;
    await books.tamper(
      `update ledger_period_balances set debits = debits + 5, closing = closing + 5 where month = '2024-01-01' and ${account}`,
    );
    expect(await books.findings()).toEqual([
      { problem: 'period_gap', ...wallet, month: '2024-03', found: 70n, expected: 75n },
      { problem: 'period_differs', ...wallet, month: '2024-01', found: 75n, expected: 70n },
      { problem: 'period_unbalanced', currency: 'USD', month: '2024-01', found: 5n, expected: 0n },
    ]);
  });

  test('verification finds balances that are gone, and months in which something was changed', async () => {
    const account = `ledger_account_id = (select id from ledger_accounts where account_id = '${BUYER_ACCOUNT}')`;
    await books.tamper(`delete from ledger_period_balances where month = '2024-03-01' and ${account}`);
    expect((await books.findings(BUYER_ACCOUNT)).map(({ problem, month }) => [problem, month])).toEqual([
      ['period_gap', '2024-03'],
      ['period_differs', '2024-03'],
    ]);
    await books.restore();
    await threeMonths();
    await closePeriod(books.db, '2024-01');
    await books.tamper(
      `update ledger_transactions set effective_on = '2024-01-05' where idempotency_key = 'now'`,
    );
    expect(await books.findings()).toContainEqual({
      problem: 'period_differs',
      ...wallet,
      month: '2024-01',
      found: 70n,
      expected: 77n,
    });
  });
});

describe('a month is not closed', () => {
  const code = async (month: string): Promise<unknown> =>
    closePeriod(books.db, month).then(
      () => undefined,
      (error: unknown) => (error as { code?: string }).code,
    );

  test('before it is over', async () => {
    const [row] = await books.own.query<{ month: string }>(
      `select to_char(now() at time zone 'utc', 'YYYY-MM') as month`,
    );
    expect(await code(row?.month as string)).toBe('ledger_period_not_over');
    expect(await code('2099-01')).toBe('ledger_period_not_over');
    expect(await listPeriods(books.db)).toEqual([]);
  });

  test('before an earlier one that has entries', async () => {
    await threeMonths();
    expect(await code('2024-03')).toBe('ledger_period_earlier_open');
    await closePeriod(books.db, '2024-01');
    expect(await code('2024-03')).toBeUndefined();
  });

  test('when it was closed with a later one', async () => {
    await threeMonths();
    await closePeriod(books.db, '2024-01');
    await closePeriod(books.db, '2024-03');
    expect(await code('2024-02')).toBe('ledger_period_earlier');
  });

  test.each([
    [
      'a balance is wrong',
      `update ledger_accounts set balance = balance + 1 where account_id = '${BUYER_ACCOUNT}'`,
    ],
    [
      'debits are not credits',
      `update ledger_entries e set amount = amount + 1 from ledger_transactions t
       where t.id = e.transaction_id and t.idempotency_key = 'january' and e.amount > 0`,
    ],
  ])('when %s, and stays open', async (_what, statement) => {
    await threeMonths();
    await books.tamper(statement);
    expect(await code('2024-01')).toBe('ledger_period_unbalanced');
    expect(await listPeriods(books.db)).toEqual([]);
    expect(await books.own.query('select 1 from ledger_period_balances')).toEqual([]);
    expect(await books.post('still open', sale(1), { effectiveOn: '2024-01-20' })).toEqual(
      expect.any(Number),
    );
  });

  test.each(['2026-13', '2026-1', '26-01', '2024-01-01', '', "2024-01'; drop table ledger_periods; --"])(
    'when there is no month %p',
    async (month) => {
      expect(await code(month)).toBe('ledger_no_month');
    },
  );
});

test('a close that died half-way shut the month, and goes on when it is asked for again', async () => {
  await threeMonths();
  await books.own.query(`insert into ledger_periods (month, closed_by) values ('2024-01-01', 'the first')`);
  await expect(books.post('late', sale(1), { effectiveOn: '2024-01-20' })).rejects.toMatchObject({
    code: 'ledger_period_closed',
  });
  await expect(closePeriod(books.db, '2024-03')).rejects.toMatchObject({
    code: 'ledger_period_earlier_open',
  });
  expect(await closePeriod(books.db, '2024-01', { by: 'the second' })).toMatchObject({
    state: 'closed',
    closedBy: 'the first',
  });
  expect(await books.findings()).toEqual([]);
});

test('who is posting when a month is closed is waited for, and counted', async () => {
  await threeMonths();
  let close: Promise<unknown> = Promise.resolve();
  await books.db.transaction(async (tx) => {
    await postTransaction(tx, {
      idempotencyKey: 'at the last moment',
      kind: 'adjustment',
      effectiveOn: '2024-01-31',
      postings: sale(1_000),
    });
    close = closePeriod(books.db, '2024-01');
    await until('the close waits', async () => {
      const rows = await books.own.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
  });
  await close;
  expect(await periodBalances(books.db, '2024-01', BUYER_ACCOUNT)).toMatchObject([
    { debits: 1_100n, closing: 1_070n },
  ]);
  expect(await books.findings()).toEqual([]);
});

test('who is posting and does not come to an end is not waited for: nothing is closed, and all goes on', async () => {
  await threeMonths();
  await books.db.transaction(async (tx) => {
    await postTransaction(tx, { idempotencyKey: 'endless', kind: 'adjustment', postings: sale(1) });
    await expect(closePeriod(books.db, '2024-01', { waitMs: 50 })).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'ledger_busy',
    });
  });
  expect(await listPeriods(books.db)).toEqual([]);
  expect(await books.post('after', sale(1), { effectiveOn: '2024-01-20' })).toEqual(expect.any(Number));
});

test('whoever posts while months are closed: what was taken is counted, what was not is refused', async () => {
  const days = ['2024-01-31', '2024-02-01', '2024-02-28', '2024-03-01'];
  await books.post('first', sale(1), { effectiveOn: '2024-01-01' });
  await books.post('second', sale(1), { effectiveOn: '2024-02-01' });
  const taken = new Map<string, number>();
  const posters = Array.from({ length: 6 }, async (_, worker) => {
    for (let n = 0; n < 12; n++) {
      const effectiveOn = days[(worker + n) % days.length] as string;
      const month = effectiveOn.slice(0, 7);
      await books.post(`${worker} ${n}`, sale(10), { effectiveOn }).then(
        () => taken.set(month, (taken.get(month) ?? 0) + 10),
        (error: unknown) => expect(error).toMatchObject({ code: 'ledger_period_closed' }),
      );
    }
  });
  const closers = Promise.all([closePeriod(books.db, '2024-01'), closePeriod(books.db, '2024-01')]).then(() =>
    closePeriod(books.db, '2024-02'),
  );
  await Promise.all([...posters, closers]);
  for (const month of ['2024-01', '2024-02']) {
    const [balance] = await periodBalances(books.db, month, BUYER_ACCOUNT);
    expect(balance?.debits).toBe(BigInt((taken.get(month) ?? 0) + 1));
  }
  expect(taken.get('2024-03')).toBe(180);
  expect(await books.findings()).toEqual([]);
});
