import * as fc from 'fast-check';
import type { LedgerTransaction, Posting, ReversalOptions } from '../../../src/billing';
import { ledgerBalances, postTransaction, reversalOf } from '../../../src/billing';
import { OPERATOR_ACCOUNT, micros } from '../../../src/domain';
import { BUYER_ACCOUNT, SELLER_ACCOUNT } from '../../support/call-records';
import { Books, posting, sale } from './support/ledger-books';

let books: Books;
let count = 0;

beforeAll(async () => {
  books = await Books.open();
});
afterAll(() => books.close());

/** A settled call: 30 were held, 25.17 is paid, 8 of it paid on. */
const CALL = [
  posting(BUYER_ACCOUNT, 'held', 30_000_000),
  posting(BUYER_ACCOUNT, 'wallet', 25_170_000 - 30_000_000),
  posting(OPERATOR_ACCOUNT, 'revenue', -25_000_000),
  posting(OPERATOR_ACCOUNT, 'fees', -100_000),
  posting(OPERATOR_ACCOUNT, 'tax', -70_000),
  posting(OPERATOR_ACCOUNT, 'payout', 8_000_000),
  posting(SELLER_ACCOUNT, 'payable', -8_000_000),
];

async function settled(
  postings: readonly Posting[] = CALL,
  more: Partial<LedgerTransaction> = {},
): Promise<number> {
  const id = await books.post(`call ${count++}`, postings, {
    kind: 'call_settlement',
    callId: 'c-1',
    ...more,
  });
  return id as number;
}
const reverse = (id: number, options?: ReversalOptions): Promise<readonly Posting[]> =>
  books.db.transaction(async (tx) => {
    const reversal = await reversalOf(tx, id, options);
    expect([reversal.reversesId, reversal.callId]).toEqual([id, 'c-1']);
    await postTransaction(tx, {
      ...reversal,
      idempotencyKey: `back ${count++}`,
      kind: 'reversal',
      reason: 'disputed',
    });
    return reversal.postings;
  });
const short = (postings: readonly Posting[]): Record<string, number> =>
  Object.fromEntries(postings.map(({ purpose, amount }) => [purpose, amount]));

test('a whole transaction is taken back; what had been held goes to the wallet', async () => {
  const before = await ledgerBalances(books.db);
  const id = await settled();
  expect(short(await reverse(id))).toEqual({
    wallet: -25_170_000,
    revenue: 25_000_000,
    fees: 100_000,
    tax: 70_000,
    payout: -8_000_000,
    payable: 8_000_000,
  });
  await expect(reverse(id)).rejects.toMatchObject({ kind: 'conflict', code: 'ledger_reversed' });
  const nonzero = (balances: typeof before): object[] =>
    balances.filter(
      ({ balanceMicros, purpose }) => balanceMicros !== 0n && !['held', 'wallet'].includes(purpose),
    );
  expect(nonzero(await ledgerBalances(books.db))).toEqual(nonzero(before));
  expect(await books.findings()).toEqual([]);
});

test('a part, and then what is left', async () => {
  const id = await settled();
  expect(short(await reverse(id, { portion: { part: 1, of: 5 } }))).toEqual({
    wallet: -5_034_000,
    revenue: 5_000_000,
    fees: 20_000,
    tax: 14_000,
    payout: -1_600_000,
    payable: 1_600_000,
  });
  await expect(reverse(id, { portion: { part: 5, of: 5 } })).rejects.toMatchObject({
    code: 'ledger_reversed',
  });
  expect(short(await reverse(id))).toMatchObject({ wallet: -20_136_000, payable: 6_400_000 });
  await expect(reverse(id, { portion: { part: 1, of: 1_000 } })).rejects.toMatchObject({
    code: 'ledger_reversed',
  });
});

test("one side of a call: the buyer's money, and not what was paid on", async () => {
  const id = await settled();
  const only: ReversalOptions['only'] = ({ purpose }) => !['payout', 'payable'].includes(purpose);
  expect(Object.keys(short(await reverse(id, { only }))).sort()).toEqual([
    'fees',
    'revenue',
    'tax',
    'wallet',
  ]);
  await expect(reverse(id, { only })).rejects.toMatchObject({ code: 'ledger_reversed' });
  expect(short(await reverse(id))).toEqual({ payout: -8_000_000, payable: 8_000_000 });
  await expect(reverse(id, { only: ({ purpose }) => purpose === 'payout' })).rejects.toMatchObject({
    kind: 'unprocessable',
    code: 'ledger_not_reversible',
  });
});

test.each(['hold', 'hold_extension', 'hold_release'] as const)('a %s is not reversed', async (kind) => {
  const id = await settled(sale(1), { kind });
  await expect(reverse(id)).rejects.toMatchObject({ kind: 'unprocessable', code: 'ledger_not_reversible' });
});

test('what is not there is not reversed', async () => {
  await expect(reverse(999_999_999)).rejects.toMatchObject({
    kind: 'not_found',
    code: 'ledger_transaction_not_found',
  });
});

test.each([
  [0, 5],
  [6, 5],
  [-1, 5],
  [0.5, 5],
  [1, 0],
])('%d of %d is no portion', async (part, of) => {
  await expect(reverse(1, { portion: { part, of } })).rejects.toThrow(RangeError);
});

test('two who take back the same at once: one does', async () => {
  const id = await settled();
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => reverse(id)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ledger_reversed' });
  }
});

test('whatever the amounts and the portions, parts balance, never come to more, and the rest completes them', async () => {
  const amount = fc.integer({ min: 1, max: 1_000 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(amount, { minLength: 1, maxLength: 4 }),
      fc.array(amount, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
      async (revenues, fees, parts) => {
        const total = [...revenues, ...fees].reduce((sum, one) => sum + one, 0);
        const original = [
          posting(BUYER_ACCOUNT, 'wallet', total),
          ...revenues.map((one) => posting(OPERATOR_ACCOUNT, 'revenue', -one)),
          ...fees.map((one, n) => posting(n % 2 === 0 ? SELLER_ACCOUNT : OPERATOR_ACCOUNT, 'fees', -one)),
        ];
        const id = await settled(original);
        const back: Posting[] = [];
        let tried = 0;
        for (const part of parts) {
          tried += part;
          const postings = await reverse(id, { portion: { part, of: 40 } }).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'ledger_reversed' });
            // Too much, or too little to be anything.
            expect(tried > 40 || part * total < 40).toBe(true);
            tried -= part;
            return [];
          });
          back.push(...postings);
        }
        back.push(...(await reverse(id).catch(() => [])));
        const sums = new Map<string, number>();
        for (const one of [...original, ...back]) {
          const key = `${one.accountId} ${one.purpose}`;
          sums.set(key, (sums.get(key) ?? 0) + one.amount);
        }
        expect([...sums.values()].every((sum) => sum === 0)).toBe(true);
        expect(back.every((one) => micros(one.amount) !== 0)).toBe(true);
      },
    ),
    { numRuns: 25 },
  );
  expect(await books.findings()).toEqual([]);
});
