import { OPERATOR_ACCOUNT } from '../../../src/domain';
import * as fc from 'fast-check';
import { Client } from 'pg';
import type { LedgerPurpose, LedgerTransaction, Posting } from '../../../src/billing';
import { ledgerSums, postTransactions, trialBalance, verifyLedger } from '../../../src/billing';
import { BUYER_ACCOUNT, SELLER_ACCOUNT } from '../../support/call-records';
import { Books, posting, sale } from './support/ledger-books';

let books: Books;

beforeAll(async () => {
  books = await Books.open(['other-buyer', 'other-seller']);
});
afterAll(() => books.close());

const ACCOUNTS: [string, LedgerPurpose][] = [
  [BUYER_ACCOUNT, 'wallet'],
  [BUYER_ACCOUNT, 'held'],
  ['other-buyer', 'wallet'],
  [SELLER_ACCOUNT, 'payable'],
  ['other-seller', 'payable'],
  [OPERATOR_ACCOUNT, 'revenue'],
  [OPERATOR_ACCOUNT, 'payout'],
];

const move = fc
  .tuple(
    fc.constantFrom(...ACCOUNTS),
    fc.constantFrom(...ACCOUNTS),
    fc.integer({ min: 1, max: 1e9 }),
    fc.constantFrom('USD', 'EUR'),
  )
  .map(([from, to, amount, currency]): Posting[] => [
    posting(...from, amount, currency),
    posting(...to, -amount, currency),
  ]);
const one = fc.record({
  key: fc.integer({ min: 0, max: 30 }),
  moves: fc.array(move, { minLength: 1, maxLength: 4, size: 'max' }),
});
/** What one caller does in one database transaction, and whether it changes its mind before the end. */
const caller = fc.record({
  batch: fc.array(one, { minLength: 1, maxLength: 6, size: 'max' }),
  fails: fc.boolean(),
  /** It gives up at one that cannot be posted. */
  stumbles: fc.boolean(),
});

class ChangedItsMind extends Error {}

test('whatever is posted at once, some of it failing midway, some of it twice: the books balance, agree and verify', async () => {
  let series = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(caller, { minLength: 2, maxLength: 10, size: 'max' }), async (callers) => {
      const run = series++;
      const posted: LedgerTransaction[] = [];
      await Promise.all(
        callers.map(async ({ batch, fails, stumbles }) => {
          const transactions = batch.map(({ key, moves }) => ({
            idempotencyKey: `law ${run} ${key}`,
            kind: 'adjustment' as const,
            postings: moves.flat(),
          }));
          if (stumbles) {
            const stranger = [posting('nobody', 'wallet', 5), posting(BUYER_ACCOUNT, 'wallet', -5)];
            transactions.push({
              idempotencyKey: `law ${run} stranger`,
              kind: 'adjustment',
              postings: stranger,
            });
          }
          try {
            const ids = await books.db.transaction(async (tx) => {
              const done = await postTransactions(tx, transactions);
              if (fails) throw new ChangedItsMind();
              return done;
            });
            posted.push(...transactions.filter((_, n) => ids[n] !== undefined));
          } catch (error) {
            const expected = stumbles ? { code: 'ledger_account_unknown' } : new ChangedItsMind();
            expect(error).toMatchObject(expected);
          }
        }),
      );
      // Each key once, and every key that anybody posted to the end.
      const keys = posted.map(({ idempotencyKey }) => idempotencyKey);
      expect(new Set(keys).size).toBe(keys.length);
      const wanted = callers
        .filter(({ fails, stumbles }) => !fails && !stumbles)
        .flatMap(({ batch }) => batch.map(({ key }) => `law ${run} ${key}`));
      expect(new Set(keys)).toEqual(new Set(wanted));
      // Each ledger account moved by what the posted ones say.
      const expected = new Map<string, number>();
      for (const { accountId, purpose, currency, amount } of posted.flatMap(({ postings }) => postings)) {
        const name = `${accountId} ${purpose} ${currency}`;
        expected.set(name, (expected.get(name) ?? 0) + amount);
      }
      const rows = await books.own.query<{ name: string; sum: string }>(
        `select a.account_id || ' ' || a.purpose || ' ' || a.currency as name, sum(e.amount) as sum
         from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
         join ledger_accounts a on a.id = e.ledger_account_id
         where t.idempotency_key like $1 group by 1`,
        [`law ${run} %`],
      );
      expect(new Map(rows.map((row) => [row.name, Number(row.sum)]))).toEqual(expected);
      expect([...(await ledgerSums(books.db)).values()].every((sum) => sum === 0n)).toBe(true);
      expect(await trialBalance(books.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
      expect((await verifyLedger(books.db)).findings).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('a caller that is gone in the middle leaves nothing, wherever that is', async () => {
  const before = await trialBalance(books.db);
  const transactions = Array.from({ length: 5 }, (_, n) => ({
    idempotencyKey: `gone ${n}`,
    kind: 'adjustment' as const,
    // Ledger accounts that are not there yet.
    postings: sale(n + 1).map((half) => ({ ...half, currency: 'CAD' as const })),
  }));
  // Begun; accounts opened; found; and with everything done but the commit.
  for (const dieAfter of [1, 2, 3, 4]) {
    const client = new Client({ connectionString: books.own.url });
    client.on('error', () => undefined);
    await client.connect();
    let asked = 0;
    const dying = {
      query: async (statement: string | { text: string; values?: readonly unknown[] }) => {
        const result = await client.query(statement as never);
        if (++asked === dieAfter) {
          await books.own.query('select pg_terminate_backend($1)', [
            (client as unknown as { processID: number }).processID,
          ]);
        }
        return result;
      },
    };
    const work = async (): Promise<void> => {
      await client.query('begin');
      await postTransactions(dying as never, transactions);
      await client.query('select 1');
      await client.query('commit');
    };
    await expect(work()).rejects.toThrow();
    await client.end().catch(() => undefined);
    expect(await trialBalance(books.db)).toEqual(before);
    expect((await verifyLedger(books.db)).findings).toEqual([]);
  }
  expect(await books.postAll(transactions)).toEqual(transactions.map(() => expect.any(Number)));
});

test('posting while it is verified, and verified while posting goes on: every look finds the books right', async () => {
  let busy = true;
  const posters = Array.from({ length: 4 }, async (_, worker) => {
    for (let n = 0; n < 25; n++) {
      await books.postAll(
        Array.from({ length: 4 }, (_, k) => ({
          idempotencyKey: `busy ${worker} ${n} ${k}`,
          kind: 'adjustment' as const,
          postings: sale(k + 1, k % 2 === 0 ? BUYER_ACCOUNT : 'other-buyer'),
        })),
      );
    }
  });
  const posting = Promise.all(posters).finally(() => (busy = false));
  let looks = 0;
  do {
    expect((await verifyLedger(books.db)).findings).toEqual([]);
    expect(await trialBalance(books.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
    looks++;
  } while (busy);
  await posting;
  expect(looks).toBeGreaterThan(0);
  expect((await verifyLedger(books.db)).findings).toEqual([]);
});
