import {
  AccountTermsBook,
  addAccountTerms,
  CLOSED_AFTER_MS,
  listAccountTerms,
  MAX_TERMS,
} from '../../../../src/billing';
import type { AddedTerms, NewTerms } from '../../../../src/billing';
import type { FeeRule } from '../../../../src/domain';
import type { Database, Queryable } from '../../../../src/storage';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

let own: TestDatabase;
let db: Database;
const START = Date.UTC(2024, 10, 21, 15);
const DAY_MS = 86_400_000;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await own.query(
    `insert into accounts (id, name, type) select 'account-' || n, 'Account', 'buyer' from generate_series(1, 9) n`,
  );
});
afterAll(async () => {
  await db.close();
  await own.drop();
});

const fee = (amount: number): FeeRule => ({
  code: 'platform',
  name: 'Platform fee',
  basis: 'per_call',
  amount: amount as FeeRule['amount'],
  shareBp: 0,
  on: 'connected',
});
const add = (
  accountId: string,
  effectiveFrom: number | undefined,
  amount: number,
  now = START,
): Promise<AddedTerms> => {
  const terms: NewTerms = {
    accountId,
    effectiveFrom,
    fees: [fee(amount)],
    taxes: [],
    note: undefined,
    createdBy: undefined,
  };
  return db.transaction((tx) => addAccountTerms(tx, terms, now));
};

/** A book, the time it goes by, and how often it asked the database. */
function bookOf(): {
  book: AccountTermsBook;
  clock: { now: number };
  asked: () => number;
  reader: Queryable;
} {
  const clock = { now: 0 };
  let queries = 0;
  const reader: Queryable = {
    query: (statement, values) => {
      queries++;
      return db.query(statement, values);
    },
  };
  const book = new AccountTermsBook({ now: () => clock.now });
  return { book, clock, asked: () => queries, reader };
}
async function amountAt(book: AccountTermsBook, reader: Queryable, id: string, at: number): Promise<unknown> {
  return (await book.at(reader, [id], at)).get(id)?.fees[0]?.amount;
}

test('the latest terms that have begun hold, from their instant on', async () => {
  await add('account-1', undefined, 1);
  await add('account-1', START + DAY_MS, 2);
  await add('account-1', START + 3 * DAY_MS, 4);
  // Put right before it began: of two from the same instant the later one.
  await add('account-1', START + DAY_MS, 3);
  const { book, reader } = bookOf();
  const held = [START - 1, START, START + DAY_MS - 1, START + DAY_MS, START + 2 * DAY_MS, START + 9 * DAY_MS];
  const amounts = await Promise.all(held.map((at) => amountAt(book, reader, 'account-1', at)));
  expect(amounts).toEqual([undefined, 1, 1, 3, 3, 4]);
});

test('nobody adds to a closed past, to an account that is not there, or without end', async () => {
  expect(await add('account-2', START - CLOSED_AFTER_MS - 1, 1)).toEqual({
    ok: false,
    reason: 'in_the_past',
  });
  expect(await add('account-2', START - CLOSED_AFTER_MS, 1)).toMatchObject({ ok: true });
  expect(await add('nobody', undefined, 1)).toEqual({ ok: false, reason: 'no_such_account' });
  await own.query(
    `insert into account_terms (account_id, effective_from, fees, taxes)
     select 'account-2', $1, '[]', '[]' from generate_series(2, $2)`,
    [START, MAX_TERMS],
  );
  expect(await add('account-2', undefined, 1)).toEqual({ ok: false, reason: 'too_many' });
});

test('what was added is never changed', async () => {
  await add('account-3', undefined, 1);
  for (const change of [
    'update account_terms set fees = fees',
    'delete from account_terms',
    'truncate account_terms',
  ]) {
    await expect(own.query(change)).rejects.toThrow('append-only');
  }
});

test('a batch is one statement, and what is known is not asked again for a moment', async () => {
  await add('account-4', undefined, 4);
  const { book, clock, asked, reader } = bookOf();
  const present = Date.now();
  const find = (): Promise<unknown> =>
    book
      .find(reader, [
        { accountId: 'account-4', at: present },
        { accountId: 'account-5', at: present },
        { accountId: 'account-4', at: START - 1 },
      ])
      .then((terms) => terms.map((one) => one?.fees[0]?.amount));
  expect(await find()).toEqual([4, undefined, undefined]);
  expect(asked()).toBe(1);
  await add('account-4', present, 44, present);
  clock.now = 999;
  expect(await find()).toEqual([4, undefined, undefined]);
  clock.now = 1_000;
  expect(await find()).toEqual([44, undefined, undefined]);
  expect(asked()).toBe(2);
});

test('of the closed past what was read holds for good', async () => {
  await add('account-6', undefined, 6);
  const { book, clock, asked, reader } = bookOf();
  await book.at(reader, ['account-6'], START);
  clock.now = 9_000_000;
  expect(await amountAt(book, reader, 'account-6', START)).toBe(6);
  expect(asked()).toBe(1);
  // By the clock of the database the present is not closed.
  expect(await amountAt(book, reader, 'account-6', Date.now())).toBe(6);
  expect(asked()).toBe(2);
});

test('a book forgets before it grows without end', async () => {
  const asked = { count: 0 };
  const reader: Queryable = {
    query: (statement, values) => {
      asked.count++;
      return db.query(statement, values);
    },
  };
  const book = new AccountTermsBook({ now: () => 0, accounts: 2 });
  for (const id of ['account-6', 'account-7', 'account-8', 'account-8']) await book.at(reader, [id], START);
  expect(asked.count).toBe(3);
  expect(await amountAt(book, reader, 'account-6', START)).toBe(6);
});

test('they are listed by when they begin, the latest first, a page at a time', async () => {
  const first = await listAccountTerms(db, 'account-1', { limit: 2 });
  const last = first.at(-1);
  if (!last) throw new Error('nothing was listed');
  const rest = await listAccountTerms(db, 'account-1', {
    limit: 9,
    before: { at: last.effectiveFrom, id: last.id },
  });
  expect([...first, ...rest].map(({ fees }) => fees[0]?.amount)).toEqual([4, 3, 2, 1]);
});
