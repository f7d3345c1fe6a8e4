import { OPERATOR_ACCOUNT } from '../../../src/domain';
import type { LedgerTransaction } from '../../../src/billing';
import {
  ledgerBalances,
  ledgerLinesOfCall,
  openLedgerAccounts,
  postTransaction,
  postTransactions,
  trialBalance,
} from '../../../src/billing';
import { BUYER_ACCOUNT, SELLER_ACCOUNT } from '../../support/call-records';
import { Books, posting, sale } from './support/ledger-books';

let books: Books;

beforeAll(async () => {
  books = await Books.open(['whale', 'newcomer', 'late-comer']);
});
afterAll(() => books.close());

const adjustment = (
  key: string,
  amount: number,
  more: Partial<LedgerTransaction> = {},
): LedgerTransaction => ({
  idempotencyKey: key,
  kind: 'adjustment',
  postings: sale(amount),
  ...more,
});
const walletOf = async (accountId: string): Promise<bigint> =>
  (await ledgerBalances(books.db, accountId)).find(({ purpose }) => purpose === 'wallet')?.balanceMicros ??
  0n;

describe('many at once', () => {
  test('are posted in one go, each with its own id, in the order in which they are told', async () => {
    const before = await walletOf(BUYER_ACCOUNT);
    const ids = await books.postAll([adjustment('b', 2), adjustment('a', 30), adjustment('c', 500)]);
    expect(new Set(ids).size).toBe(3);
    const rows = await books.own.query<{ id: string; key: string }>(
      `select id, idempotency_key as key from ledger_transactions where idempotency_key in ('a', 'b', 'c')`,
    );
    const byKey = new Map(rows.map(({ id, key }) => [key, Number(id)]));
    expect(ids).toEqual([byKey.get('b'), byKey.get('a'), byKey.get('c')]);
    expect((await walletOf(BUYER_ACCOUNT)) - before).toBe(532n);
  });

  test('of one key the first counts, and one posted before does not', async () => {
    await books.post('old', sale(1));
    const before = await walletOf(BUYER_ACCOUNT);
    const ids = await books.postAll([
      adjustment('twin', 10),
      adjustment('old', 1_000),
      adjustment('twin', 200),
      adjustment('single', 3),
    ]);
    expect(ids).toEqual([expect.any(Number), undefined, undefined, expect.any(Number)]);
    expect((await walletOf(BUYER_ACCOUNT)) - before).toBe(13n);
    expect(await books.postAll([adjustment('twin', 10), adjustment('old', 1)])).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('none of them: nothing is asked of the database', async () => {
    const nobody = { query: () => Promise.reject(new Error('asked')) };
    expect(await postTransactions(nobody, [])).toEqual([]);
  });

  test('however many, they are four statements, and two when the ledger accounts are there', async () => {
    const statements: string[] = [];
    const count = (key: string, accountId: string): Promise<void> =>
      books.db.transaction(async (tx) => {
        statements.length = 0;
        await postTransactions(
          {
            query: (statement, values) => {
              statements.push(typeof statement === 'string' ? statement : (statement.name ?? statement.text));
              return tx.query(statement, values);
            },
          },
          Array.from({ length: 200 }, (_, n) =>
            adjustment(`${key} ${n}`, n + 1, { postings: sale(n + 1, accountId) }),
          ),
        );
      });
    await count('first', 'newcomer');
    expect(statements).toEqual([
      'ledger-begin',
      'ledger-open-accounts',
      'ledger-find-accounts',
      'ledger-enter',
    ]);
    await count('second', 'newcomer');
    expect(statements).toEqual(['ledger-begin', 'ledger-enter']);
    expect(await walletOf('newcomer')).toBe(40_200n);
  });

  test('when one is wrong none is posted, and the place is told', async () => {
    const before = await trialBalance(books.db);
    await expect(
      books.postAll([
        adjustment('good', 1),
        adjustment('stranger', 1, {
          postings: [posting(OPERATOR_ACCOUNT, 'revenue', 5), posting('nobody', 'wallet', -5)],
        }),
      ]),
    ).rejects.toMatchObject({
      kind: 'unprocessable',
      code: 'ledger_account_unknown',
      details: { errors: [{ pointer: '/1/postings/1/accountId', message: 'there is no account nobody' }] },
    });
    await expect(
      books.postAll([adjustment('good', 1), adjustment('odd', 1, { postings: sale(1).slice(1) })]),
    ).rejects.toMatchObject({ details: { errors: [{ pointer: '/1/postings' }] } });
    expect(await trialBalance(books.db)).toEqual(before);
  });
});

describe('what a transaction says', () => {
  test('is kept with its lines', async () => {
    const original = (await books.post('fee', sale(90), { callId: 'call-9' })) as number;
    await books.post('fee back', sale(-90), {
      kind: 'reversal',
      callId: 'call-9',
      reason: 'the caller — “Zoë” — was right',
      reversesId: original,
      effectiveOn: '2024-03-31',
    });
    expect(await ledgerLinesOfCall(books.db, 'call-9')).toMatchObject([
      { idempotencyKey: 'fee', kind: 'adjustment', reason: null, reversesId: null, amountMicros: 90 },
      { idempotencyKey: 'fee', amountMicros: -90, accountId: OPERATOR_ACCOUNT },
      {
        idempotencyKey: 'fee back',
        kind: 'reversal',
        reason: 'the caller — “Zoë” — was right',
        reversesId: original,
        effectiveOn: '2024-03-31',
        amountMicros: -90,
        accountId: BUYER_ACCOUNT,
        account: `Account ${BUYER_ACCOUNT}: wallet`,
      },
      { idempotencyKey: 'fee back', amountMicros: 90 },
    ]);
  });

  test('belongs to the day of posting when it does not say', async () => {
    await books.post('today', sale(1), { callId: 'call-today' });
    const [row] = await books.own.query<{ today: string }>(
      `select ((now() at time zone 'utc')::date)::text as today`,
    );
    const [line] = await ledgerLinesOfCall(books.db, 'call-today');
    expect(line?.effectiveOn).toBe(row?.today);
  });

  test.each([
    ['a day to come', { effectiveOn: '2100-01-01' }, 'ledger_effective_later'],
    ['a reversal of what is to come', { reversesId: 999_999_999 }, 'ledger_reversed_unknown'],
  ])('%s is refused', async (what, more, code) => {
    await expect(books.post(what, sale(1), more)).rejects.toMatchObject({ kind: 'unprocessable', code });
    expect(
      await books.own.query('select 1 from ledger_transactions where idempotency_key = $1', [what]),
    ).toEqual([]);
  });
});

describe('amounts', () => {
  const MOST = Number.MAX_SAFE_INTEGER;

  test('sums beyond what a number holds are exact', async () => {
    for (let n = 0; n < 3; n++) await books.post(`large ${n}`, sale(MOST, 'whale'));
    await books.post('small', sale(2, 'whale'));
    expect(await walletOf('whale')).toBe(3n * BigInt(MOST) + 2n);
    const { debitsMicros, imbalanceMicros, wrongBalances } = await trialBalance(books.db);
    expect(debitsMicros).toBeGreaterThan(3n * BigInt(MOST));
    expect([imbalanceMicros, wrongBalances]).toEqual([0n, 0]);
  });

  test('a balance that would go beyond what the database holds is refused, and nothing is posted', async () => {
    const entries = Array.from({ length: 300 }, () => sale(MOST, 'late-comer')).flat();
    for (let n = 0; n < 3; n++) await books.post(`flood ${n}`, entries);
    const before = await trialBalance(books.db);
    const balance = await walletOf('late-comer');
    expect(balance).toBe(900n * BigInt(MOST));
    for (const postings of [
      entries,
      sale(MOST, 'late-comer').flatMap((one) => Array.from({ length: 100 }, () => one)),
    ]) {
      await expect(books.post('the last drop', postings)).rejects.toMatchObject({
        kind: 'unprocessable',
        code: 'ledger_overflow',
      });
    }
    expect(await walletOf('late-comer')).toBe(balance);
    expect(await trialBalance(books.db)).toEqual(before);
    expect(await books.findings()).toEqual([]);
  });
});

describe('the database takes no', () => {
  const REFUSED = '23001';
  const UNKNOWN = '23503';
  const begin = `insert into ledger_transactions (idempotency_key, kind) values ('by hand', 'adjustment')`;
  const entries = (columns: string, values: string): string =>
    `insert into ledger_entries (transaction_id, ledger_account_id, amount${columns})
     select t.id, a.id, case a.purpose when 'wallet' then 7 else -7 end${values}
     from ledger_transactions t, ledger_accounts a where t.idempotency_key = 'by hand' and a.currency = 'USD'
       and (a.account_id, a.purpose) in (('${BUYER_ACCOUNT}', 'wallet'), ('${OPERATOR_ACCOUNT}', 'revenue'))`;

  test('entries of another time than their transaction', async () => {
    expect(await books.refusal(begin, entries(', posted_at', `, '2024-01-01'`))).toBe(UNKNOWN);
    expect(await books.refusal(begin, entries('', ''), 'rollback')).toBeUndefined();
  });

  test('entries of a transaction or of a ledger account that there is not', async () => {
    const stray = (transaction: string, account: string): string =>
      `insert into ledger_entries (transaction_id, ledger_account_id, amount) values (${transaction}, ${account}, 5),
       (${transaction}, ${account}, -5)`;
    expect(await books.refusal(stray('999999999', '(select min(id) from ledger_accounts)'))).toBe(UNKNOWN);
    expect(
      await books.refusal(
        begin,
        stray(`(select id from ledger_transactions where idempotency_key = 'by hand')`, '999999999'),
      ),
    ).toBe(UNKNOWN);
  });

  test('entries added later by the same database transaction', async () => {
    expect(await books.refusal(begin, entries('', ''), entries('', ''))).toBe(REFUSED);
  });

  test('writer that looks at the past', async () => {
    expect(
      await books.refusal('rollback', 'begin isolation level repeatable read', begin, entries('', '')),
    ).toBe(REFUSED);
  });

  test.each([
    ['removed ledger account', 'delete from ledger_accounts'],
    ['emptied ledger accounts', 'truncate ledger_accounts cascade'],
    ['changed block', `update ledger_blocks set hash = decode(repeat('ab', 32), 'hex')`],
    ['removed block', 'delete from ledger_blocks'],
    ['emptied blocks', 'truncate ledger_blocks'],
    [
      'block of a client',
      `insert into ledger_blocks (account_id, seq, transaction_ids, prev_hash, hash)
       select '${BUYER_ACCOUNT}', 1000000, array[1], prev_hash, hash from ledger_blocks limit 1`,
    ],
    ['moved head', 'update ledger_chains set length = length + 1'],
    ['chain of a client', `insert into ledger_chains (account_id) values ('late-comer')`],
    ['removed chain', 'delete from ledger_chains'],
    ['emptied chains', 'truncate ledger_chains'],
  ])('%s', async (_what, statement) => {
    expect(await books.refusal(statement)).toBe(REFUSED);
  });
});

test('ledger accounts can be opened beforehand; of an account that there is not none is', async () => {
  await books.db.transaction((tx) =>
    openLedgerAccounts(tx, [
      posting(SELLER_ACCOUNT, 'payable', 1, 'CHF'),
      posting('nobody', 'payable', 1, 'CHF'),
    ]),
  );
  expect(
    await books.own.query(`select account_id, balance from ledger_accounts where currency = 'CHF'`),
  ).toEqual([{ account_id: SELLER_ACCOUNT, balance: '0' }]);
});

test('a transaction of a database transaction that is taken back was never there', async () => {
  const before = await trialBalance(books.db);
  const work = books.db.transaction(async (tx) => {
    expect(
      await postTransaction(tx, { idempotencyKey: 'undone', kind: 'adjustment', postings: sale(77) }),
    ).toEqual(expect.any(Number));
    throw new Error('changed its mind');
  });
  await expect(work).rejects.toThrow('changed its mind');
  expect(await trialBalance(books.db)).toEqual(before);
  expect(await books.findings()).toEqual([]);
  expect(await books.post('undone', sale(78))).toEqual(expect.any(Number));
});
