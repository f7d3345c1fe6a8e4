import * as fc from 'fast-check';
import { readStatement, writeStatementCsv } from '../../../src/billing';
import type { StatementPosition } from '../../../src/billing';
import { BUYER_ACCOUNT, SELLER_ACCOUNT } from '../../support/call-records';
import { BillingRoom, CALL_COST } from './invoices/support/billing-room';

let room: BillingRoom;

beforeAll(async () => {
  room = await BillingRoom.open();
});
afterAll(() => room.close());

/** Every page of a statement, so many movements each. */
async function pages(accountId: string, from: number, to: number, limit: number) {
  const movements = [];
  let after: StatementPosition | undefined;
  for (;;) {
    const page = await readStatement(room.db, { accountId, period: { from, to } }, limit, after);
    movements.push(...page.movements);
    if (!page.next) return { ...page, movements };
    after = page.next;
  }
}

async function csv(accountId: string, from: number, to: number): Promise<string[][]> {
  let text = '';
  await writeStatementCsv(room.db, { accountId, period: { from, to } }, (piece) => {
    text += piece;
    return Promise.resolve();
  });
  return text
    .trim()
    .split('\r\n')
    .map((line) => line.split(','));
}

test('a statement leads from the opening to the closing balance, however it is paged', async () => {
  const amounts = fc.array(
    fc.integer({ min: -9e12, max: 9e12 }).filter((n) => n !== 0),
    { maxLength: 12, size: 'max' },
  );
  await fc.assert(
    fc.asyncProperty(
      amounts,
      amounts,
      amounts,
      fc.integer({ min: 1, max: 7 }),
      async (before, within, after, limit) => {
        const opening = await room.balance('other-buyer');
        for (const amount of before) await room.move(amount, { accountId: 'other-buyer' });
        const from = await room.pause();
        for (const amount of within) await room.move(amount, { accountId: 'other-buyer' });
        const to = await room.pause();
        for (const amount of after) await room.move(amount, { accountId: 'other-buyer' });
        const sum = (list: readonly number[]): bigint => list.reduce((all, n) => all + BigInt(n), 0n);
        const statement = await pages('other-buyer', from, to, limit);
        expect(statement.openingMicros).toBe(BigInt(opening) + sum(before));
        expect(statement.closingMicros).toBe(statement.openingMicros + sum(within));
        expect(statement.movements.map(({ amountMicros }) => amountMicros)).toEqual(within);
        let balance = statement.openingMicros;
        for (const movement of statement.movements) {
          balance += BigInt(movement.amountMicros);
          expect(movement.balanceMicros).toBe(balance);
        }
        const rows = await csv('other-buyer', from, to);
        expect(rows).toHaveLength(within.length + 3);
        expect(rows.at(-1)?.[2]).toBe('closing_balance');
        expect(rows.at(-1)?.[6]).toBe(rows.at(-2)?.[6]);
      },
    ),
    { numRuns: 8 },
  );
});

test('it tells calls, payments and what sellers earn', async () => {
  const [call] = await room.calls(1);
  await room.move(-50_000_000, { kind: 'top_up', against: 'cash', reason: 'paid, with "thanks"' });
  const to = await room.pause();
  const buyer = await pages(BUYER_ACCOUNT, 0, to, 50);
  expect(buyer.movements).toMatchObject([
    { kind: 'call_settlement', callId: call, amountMicros: CALL_COST, balanceMicros: BigInt(CALL_COST) },
    { kind: 'top_up', amountMicros: -50_000_000, balanceMicros: BigInt(CALL_COST - 50_000_000) },
  ]);
  const seller = await pages(SELLER_ACCOUNT, 0, to, 50);
  expect(seller.movements).toMatchObject([{ callId: call, amountMicros: -8_000_000 }]);
  expect(await csv(SELLER_ACCOUNT, 0, to)).toMatchObject([
    ['posted_at', 'transaction', 'kind', 'call_id', 'text', 'amount', 'balance', 'currency'],
    { 2: 'opening_balance', 6: '0.00' },
    { 2: 'call_settlement', 3: call, 5: '-8.00', 6: '-8.00', 7: 'USD' },
    { 2: 'closing_balance', 6: '-8.00' },
  ]);
});

test('of an account that there is not there is no statement', async () => {
  await expect(pages('nobody', 0, 1, 1)).rejects.toMatchObject({ code: 'account_not_found' });
});
