import * as fc from 'fast-check';
import type { LedgerPurpose, Posting } from '../../../src/billing';
import { ledgerBalances, trialBalance } from '../../../src/billing';
import { OPERATOR_ACCOUNT, AppError } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import { BUYER_ACCOUNT, SELLER_ACCOUNT } from '../../support/call-records';
import type { TestDatabase } from '../../support/test-database';
import { Books, posting, sale } from './support/ledger-books';

let books: Books;
let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  books = await Books.open(['other-buyer', 'other-seller']);
  ({ own, db } = books);
});
afterAll(() => books.close());

const post = (key: string, postings: readonly Posting[]): Promise<number | undefined> =>
  books.post(key, postings);

const REFUSED = '23001';
const CHECKED = '23514';
const refusal = (...statements: string[]): Promise<string | undefined> => books.refusal(...statements);

describe('the database refuses', () => {
  let id: number;
  let ledgerAccount: number;

  beforeAll(async () => {
    id = (await post('sealed', sale(5_000_000))) as number;
    const [account] = await own.query<{ id: string }>(
      `select id from ledger_accounts where account_id = $1 and purpose = 'wallet'`,
      [BUYER_ACCOUNT],
    );
    ledgerAccount = Number(account?.id);
  });
  afterEach(async () => {
    expect(await trialBalance(db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  });

  const begin = (key: string): string =>
    `insert into ledger_transactions (idempotency_key, kind) values ('${key}', 'adjustment')`;

  test('entries that do not balance', async () => {
    const entries = `insert into ledger_entries (transaction_id, ledger_account_id, amount)
      select t.id, a.id, case a.purpose when 'wallet' then 7 else -6 end
      from ledger_transactions t, ledger_accounts a
      where t.idempotency_key = 'uneven' and a.purpose in ('wallet', 'revenue') and a.currency = 'USD'`;
    expect(await refusal(begin('uneven'), entries)).toBe(CHECKED);
  });

  test('entries that balance over currencies only', async () => {
    await post('euros', [
      posting(BUYER_ACCOUNT, 'wallet', 1, 'EUR'),
      posting(OPERATOR_ACCOUNT, 'revenue', -1, 'EUR'),
    ]);
    const entries = `insert into ledger_entries (transaction_id, ledger_account_id, amount)
      select t.id, a.id, case a.purpose when 'wallet' then 7 else -7 end
      from ledger_transactions t, ledger_accounts a
      where t.idempotency_key = 'mixed' and (a.purpose, a.currency) in (('wallet', 'EUR'), ('revenue', 'USD'))`;
    expect(await refusal(begin('mixed'), entries)).toBe(CHECKED);
  });

  test('a transaction without entries', async () => {
    expect(await refusal(begin('empty'))).toBe(CHECKED);
  });

  test('an entry of nothing', async () => {
    expect(
      await refusal(
        begin('nothing'),
        `insert into ledger_entries (transaction_id, ledger_account_id, amount)
         select id, ${ledgerAccount}, 0 from ledger_transactions where idempotency_key = 'nothing'`,
      ),
    ).toBe(CHECKED);
  });

  test('entries added later, even balanced ones', async () => {
    expect(
      await refusal(`insert into ledger_entries (transaction_id, ledger_account_id, amount)
        values (${id}, ${ledgerAccount}, 9), (${id}, ${ledgerAccount}, -9)`),
    ).toBe(REFUSED);
  });

  test.each([
    ['changed entries', 'update ledger_entries set amount = amount * 2'],
    ['removed entries', 'delete from ledger_entries'],
    ['emptied entries', 'truncate ledger_entries'],
    ['changed transactions', `update ledger_transactions set kind = 'reversal'`],
    ['removed transactions', 'delete from ledger_transactions'],
    ['emptied transactions', 'truncate ledger_transactions cascade'],
    ['changed balances', 'update ledger_accounts set balance = balance + 1'],
  ])('%s', async (_what, statement) => {
    expect(await refusal(statement)).toBe(REFUSED);
  });

  test('an account that opens with money', async () => {
    expect(
      await refusal(`insert into ledger_accounts (account_id, purpose, currency, balance)
        values ('other-buyer', 'wallet', 'USD', 5)`),
    ).toBe(CHECKED);
  });
});

describe('posting', () => {
  test.each([
    ['nothing', []],
    ['one side', [posting(BUYER_ACCOUNT, 'wallet', 5)]],
    ['unequal sides', [...sale(5), posting(BUYER_ACCOUNT, 'wallet', 1)]],
    [
      'two currencies against each other',
      [posting(BUYER_ACCOUNT, 'wallet', 5), posting(OPERATOR_ACCOUNT, 'revenue', -5, 'EUR')],
    ],
  ])('%s is refused before it reaches the database', async (what, postings) => {
    await expect(post(`refused ${what}`, postings)).rejects.toThrow(AppError);
  });

  test('an account that is not known is refused, and nothing is left of it', async () => {
    const before = await trialBalance(db);
    const postings = [posting('nobody', 'wallet', 5), posting(OPERATOR_ACCOUNT, 'revenue', -5)];
    await expect(post('stranger', postings)).rejects.toThrow('there is no account');
    expect(await trialBalance(db)).toEqual(before);
  });

  test('a key posts once, however many ask at once, whatever the second says', async () => {
    const before = await trialBalance(db);
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => post('once', sale(1_000 + n))));
    expect(ids.filter((id) => id !== undefined)).toHaveLength(1);
    const { debitsMicros } = await trialBalance(db);
    expect(debitsMicros - before.debitsMicros).toBeGreaterThanOrEqual(1_000n);
    expect(debitsMicros - before.debitsMicros).toBeLessThan(1_020n);
  });

  test('an account may be on several lines', async () => {
    const before = await ledgerBalances(db, BUYER_ACCOUNT);
    await post('thrice', [...sale(7), ...sale(11), ...sale(13)]);
    const dollars = (balances: typeof before): bigint =>
      balances.find((b) => b.currency === 'USD' && b.purpose === 'wallet')?.balanceMicros ?? 0n;
    expect(dollars(await ledgerBalances(db, BUYER_ACCOUNT)) - dollars(before)).toBe(31n);
  });

  test('whatever is posted at once, in whatever order of accounts, the books balance and agree', async () => {
    const accounts = fc.constantFrom(
      [BUYER_ACCOUNT, 'wallet'],
      ['other-buyer', 'wallet'],
      [SELLER_ACCOUNT, 'payable'],
      ['other-seller', 'payable'],
      [OPERATOR_ACCOUNT, 'revenue'],
      [OPERATOR_ACCOUNT, 'payout'],
    ) as fc.Arbitrary<[string, LedgerPurpose]>;
    const move = fc.tuple(
      accounts,
      accounts,
      fc.integer({ min: 1, max: 1e9 }),
      fc.constantFrom('USD', 'EUR'),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.array(move, { minLength: 1, maxLength: 4 })), {
          minLength: 1,
          maxLength: 24,
        }),
        async (transactions) => {
          const series = run++;
          const expected = new Map<string, number>();
          const keys = new Set<string>();
          await Promise.all(
            transactions.map(async ([number, moves]) => {
              const key = `law ${series} ${number}`;
              const postings = moves.flatMap(([from, to, amount, currency]) => [
                posting(...from, amount, currency),
                posting(...to, -amount, currency),
              ]);
              const id = await post(key, postings);
              if (id === undefined) return;
              expect(keys.has(key)).toBe(false);
              keys.add(key);
              for (const { accountId, purpose, currency, amount } of postings) {
                const name = `${accountId} ${purpose} ${currency}`;
                expected.set(name, (expected.get(name) ?? 0) + amount);
              }
            }),
          );
          // One of each key.
          expect(keys.size).toBe(new Set(transactions.map(([number]) => number)).size);
          const rows = await own.query<{ name: string; sum: string }>(
            `select a.account_id || ' ' || a.purpose || ' ' || a.currency as name, sum(e.amount) as sum
             from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
             join ledger_accounts a on a.id = e.ledger_account_id
             where t.idempotency_key like $1 group by 1`,
            [`law ${series} %`],
          );
          expect(new Map(rows.map((row) => [row.name, Number(row.sum)]))).toEqual(expected);
          expect(await trialBalance(db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
        },
      ),
      { numRuns: 15 },
    );
  });
});
