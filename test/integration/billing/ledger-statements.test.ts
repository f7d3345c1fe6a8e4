import { OPERATOR_ACCOUNT } from '../../../src/domain';
import type { LedgerCursor, LedgerLine, LedgerLineFilter } from '../../../src/billing';
import { balanceAt, ledgerBalances, ledgerLines, ledgerSums, listLedgerBalances } from '../../../src/billing';
import { BUYER_ACCOUNT } from '../../support/call-records';
import { Books, posting } from './support/ledger-books';

let books: Books;
const PAST = { effectiveOn: '2024-05-01' };

beforeAll(async () => {
  books = await Books.open(['quiet']);
  for (let n = 1; n <= 7; n++) {
    await books.post(
      `sale ${n}`,
      [
        posting(BUYER_ACCOUNT, 'held', n),
        posting(BUYER_ACCOUNT, 'wallet', 10 * n),
        posting(OPERATOR_ACCOUNT, 'revenue', -11 * n),
      ],
      PAST,
    );
  }
  await books.post(
    'euros',
    [posting(BUYER_ACCOUNT, 'wallet', 5, 'EUR'), posting(OPERATOR_ACCOUNT, 'revenue', -5, 'EUR')],
    PAST,
  );
  // Instants that can be named: one minute apart, the last two of the same.
  await books.tamper(
    ...['ledger_transactions', 'ledger_entries'].map(
      (table) => `update ${table} x set posted_at = timestamptz '2024-05-01 12:00:00.123456+00'
        + least(t.n, 7) * interval '1 minute'
       from (select id, row_number() over (order by id) as n from ledger_transactions) t
       where t.id = x.${table === 'ledger_entries' ? 'transaction_id' : 'id'}`,
    ),
  );
});
afterAll(() => books.close());

/** UTC epoch milliseconds of the microsecond before a minute's transactions. */
const minute = (n: number): number => Date.UTC(2024, 4, 1, 12, n, 0, 123);

async function all(filter: Omit<LedgerLineFilter, 'limit' | 'cursor'>, limit: number): Promise<LedgerLine[]> {
  const lines: LedgerLine[] = [];
  let cursor: LedgerCursor | undefined;
  do {
    const page = await ledgerLines(books.db, BUYER_ACCOUNT, { ...filter, limit, cursor });
    expect(page.lines.length).toBeLessThanOrEqual(limit);
    lines.push(...page.lines);
    cursor = page.next;
  } while (cursor);
  return lines;
}
const keysOf = (lines: readonly LedgerLine[]): string[] =>
  lines.map(({ idempotencyKey, purpose }) => `${idempotencyKey} ${purpose}`);

describe('the lines of an account', () => {
  test.each([1, 2, 3, 15, 100])('come in the order of posting, %i at a time, each once', async (limit) => {
    const lines = await all({}, limit);
    expect(keysOf(lines)).toEqual([
      ...Array.from({ length: 7 }, (_, n) => [`sale ${n + 1} held`, `sale ${n + 1} wallet`]).flat(),
      'euros wallet',
    ]);
    expect(lines.every(({ accountId }) => accountId === BUYER_ACCOUNT)).toBe(true);
  });

  test('of a time: what was posted from its first instant, and before its last', async () => {
    expect(keysOf(await all({ from: minute(2), to: minute(4), purpose: 'wallet' }, 2))).toEqual([
      'sale 2 wallet',
      'sale 3 wallet',
    ]);
    // One millisecond later the second minute is past.
    expect(keysOf(await all({ from: minute(2) + 1, to: minute(4) + 1, purpose: 'wallet' }, 2))).toEqual([
      'sale 3 wallet',
      'sale 4 wallet',
    ]);
    expect(await all({ from: minute(9) }, 5)).toEqual([]);
  });

  test('of a purpose and a currency', async () => {
    expect(keysOf(await all({ currency: 'EUR' }, 5))).toEqual(['euros wallet']);
    expect(keysOf(await all({ purpose: 'held', to: minute(3) }, 5))).toEqual(['sale 1 held', 'sale 2 held']);
  });

  test('of an account without any are none', async () => {
    expect(await ledgerLines(books.db, 'quiet', { limit: 5 })).toEqual({ lines: [], next: undefined });
    expect(await ledgerLines(books.db, 'nobody', { limit: 5 })).toEqual({ lines: [], next: undefined });
  });
});

test('a balance at an instant is the sum of what was posted before it', async () => {
  for (const [at, wallet] of [
    [0, 0n],
    [minute(1), 0n],
    [minute(1) + 1, 10n],
    [minute(3), 30n],
    [minute(3) + 1, 60n],
    [minute(7) + 1, 280n],
    [minute(60), 280n],
  ] as const) {
    expect([at, await balanceAt(books.db, BUYER_ACCOUNT, 'wallet', 'USD', at)]).toEqual([at, wallet]);
  }
  expect(await balanceAt(books.db, BUYER_ACCOUNT, 'wallet', 'EUR', minute(60))).toBe(5n);
  expect(await balanceAt(books.db, 'nobody', 'wallet', 'USD', minute(60))).toBe(0n);
  const lines = await all({ to: minute(5), purpose: 'wallet', currency: 'USD' }, 100);
  expect(await balanceAt(books.db, BUYER_ACCOUNT, 'wallet', 'USD', minute(5))).toBe(
    BigInt(lines.reduce((sum, line) => sum + line.amountMicros, 0)),
  );
});

test('balances by account, purpose and currency, page by page', async () => {
  const whole = await ledgerBalances(books.db);
  expect(whole).toEqual([
    { accountId: BUYER_ACCOUNT, purpose: 'held', currency: 'USD', balanceMicros: 28n },
    { accountId: BUYER_ACCOUNT, purpose: 'wallet', currency: 'EUR', balanceMicros: 5n },
    { accountId: BUYER_ACCOUNT, purpose: 'wallet', currency: 'USD', balanceMicros: 280n },
    { accountId: OPERATOR_ACCOUNT, purpose: 'revenue', currency: 'EUR', balanceMicros: -5n },
    { accountId: OPERATOR_ACCOUNT, purpose: 'revenue', currency: 'USD', balanceMicros: -308n },
  ]);
  const pages = [];
  for (let after; ; after = pages.at(-1)) {
    const [one] = await listLedgerBalances(books.db, { after, limit: 1 });
    if (!one) break;
    pages.push(one);
  }
  expect(pages).toEqual(whole);
  expect(await listLedgerBalances(books.db, { accountId: OPERATOR_ACCOUNT, limit: 9 })).toEqual(
    whole.slice(3),
  );
});

test('all balances of a currency come to nothing', async () => {
  expect([...(await ledgerSums(books.db))].sort()).toEqual([
    ['EUR', 0n],
    ['USD', 0n],
  ]);
});
