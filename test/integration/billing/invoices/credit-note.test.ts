import type { CreditNoteRequest } from '../../../../src/billing';
import {
  getDocument,
  issueCreditNote,
  issueInvoice,
  ledgerLinesOfCall,
  trialBalance,
} from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { BillingRoom, CALL_COST } from './support/billing-room';

let room: BillingRoom;
let invoiceNumber: string;
let calls: string[];
let invoicedTo: number;

beforeEach(async () => {
  room = await BillingRoom.open();
  calls = await room.calls(4);
  const asked = await room.untilNow();
  invoicedTo = asked.period.to;
  const issued = await issueInvoice(room.db, { accountId: BUYER_ACCOUNT, ...asked });
  if (!issued.ok) throw new Error(issued.reason);
  invoiceNumber = issued.number;
});
afterEach(() => room.close());

const credit = (wanted: CreditNoteRequest['credit'], reason = 'agreed') =>
  issueCreditNote(room.db, { invoiceNumber, reason, credit: wanted, now: Date.now() });
const lines = (...wanted: [no: number, amount: number][]): CreditNoteRequest['credit'] => ({
  kind: 'lines',
  lines: wanted.map(([no, amount]) => ({ no, amount: micros(amount) })),
});

/** Gives back a whole call, as a dispute does: a reversal with what it was of. @returns the transaction */
async function giveBack(callId: string): Promise<number> {
  const settled = (await ledgerLinesOfCall(room.db, callId))[0];
  const id = await room.move(-CALL_COST, {
    kind: 'reversal',
    callId,
    ...(settled && { reversesId: settled.transactionId }),
    reason: 'disputed',
    against: 'revenue',
  });
  await room.own.query(
    `insert into settlement_revisions (call_id, n, kind, cause, transaction_id, lines, revenue, payout, fees, taxes, carrier_cost)
     select call_id, 1, 'reversal', 'dispute:' || call_id, $2, (
         select jsonb_agg(l || jsonb_build_object('amount', -(l ->> 'amount')::bigint)) from jsonb_array_elements(lines) l
         where l ->> 'accountId' = $3),
       -revenue, 0, -fees, -taxes, 0
     from settlements where call_id = $1`,
    [callId, id, BUYER_ACCOUNT],
  );
  return id;
}

test('lines are credited by an adjustment that gives the money back, of taxes what was tax', async () => {
  const before = await room.balance();
  const note = await credit(lines([1, 25_000_000], [3, 2_000_000]));
  expect(note.number).toMatch(/^CN-\d{4}-000001$/);
  expect(await room.balance()).toBe(before - 27_000_000);
  const postings = await room.own.query(
    `select a.account_id, a.purpose, e.amount::text from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
     where e.transaction_id = $1 order by a.purpose`,
    [note.transactionId],
  );
  expect(postings).toEqual([
    { account_id: 'operator', purpose: 'adjustments', amount: '25000000' },
    { account_id: 'operator', purpose: 'tax', amount: '2000000' },
    { account_id: BUYER_ACCOUNT, purpose: 'wallet', amount: '-27000000' },
  ]);
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  const found = await getDocument(room.db, note.number, Date.now());
  expect(found).toMatchObject({
    kind: 'credit_note',
    invoiceNumber,
    chargedMicros: 27_000_000,
    closingMicros: before - 27_000_000,
  });
  expect(await getDocument(room.db, invoiceNumber, Date.now())).toMatchObject({ creditedMicros: 27_000_000 });
});

test('never more than is left of a line or of the invoice', async () => {
  await credit(lines([1, 99_000_000]));
  await expect(credit(lines([1, 1_000_001]))).rejects.toMatchObject({
    code: 'more_than_is_left',
    details: {
      errors: [
        { pointer: '/credit/lines/0', message: expect.stringContaining('1.00 USD is left') as unknown },
      ],
    },
  });
  await expect(credit(lines([1, 1_000_000], [9, 1], [1, 1], [2, 0]))).rejects.toMatchObject({
    code: 'not_creditable',
    details: {
      errors: [
        { pointer: '/credit/lines/1/no' },
        { pointer: '/credit/lines/2/no' },
        { pointer: '/credit/lines/3/amount' },
      ],
    },
  });
  await credit({ kind: 'rest' });
  await expect(credit({ kind: 'rest' })).rejects.toMatchObject({ code: 'not_creditable' });
  expect(await room.balance()).toBe(0);
});

test('who credits at the same time does not credit more together', async () => {
  const all = await Promise.allSettled(Array.from({ length: 5 }, () => credit(lines([1, 40_000_000]))));
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  const numbers = await room.own.query<{ number: string }>(
    `select number from billing_documents where kind = 'credit_note' order by id`,
  );
  expect(numbers.map(({ number }) => number.slice(-6))).toEqual(['000001', '000002']);
});

test('what disputes gave back is documented to the line, and is on no invoice after that', async () => {
  const [first, second] = calls as [string, string];
  const ids = [await giveBack(first), await giveBack(second)];
  const before = await room.balance();
  const note = await credit({ kind: 'transactions', ids: ids.slice(0, 1) }, 'dispute of a call');
  expect(await room.balance()).toBe(before);
  expect(note.transactionId).toBeUndefined();
  expect(note.content.lines.map(({ kind, amount, creditsLine }) => [kind, amount, creditsLine])).toEqual([
    ['call', 25_000_000, 1],
    ['fee', 500_000, 2],
    ['tax', 2_263_125, 3],
  ]);
  await expect(credit({ kind: 'transactions', ids: ids.slice(0, 1) })).rejects.toMatchObject({
    details: { errors: [{ pointer: '/credit/ids/0', message: `is on ${note.number}` }] },
  });
  // The other one was not documented: it is on the next invoice.
  const next = await issueInvoice(room.db, {
    accountId: BUYER_ACCOUNT,
    ...(await room.untilNow(invoicedTo)),
  });
  expect(next).toMatchObject({
    ok: true,
    content: {
      previousBalance: 4 * CALL_COST,
      creditNotes: [{ number: note.number, amount: -CALL_COST }],
      totals: { adjustments: -25_000_000, fees: -500_000, taxes: -2_263_125, charges: -CALL_COST },
      closingBalance: 2 * CALL_COST,
    },
  });
  await expect(credit({ kind: 'transactions', ids: ids.slice(1) })).rejects.toMatchObject({
    details: { errors: [{ message: expect.stringMatching(/^is on INV-/) as unknown }] },
  });
});

test('only what gave back something of this invoice can be on its credit note', async () => {
  const other = await room.calls(1);
  const wrong: [number, RegExp][] = [
    [await giveBack(other[0] ?? ''), /gives back nothing of a call on/],
    [await room.move(-5_000_000, { reason: 'goodwill' }), /gives back nothing of a call on/],
    [await room.move(5_000_000), /gives nothing back/],
    [await room.move(-5_000_000, { accountId: 'other-buyer' }), /is no transaction of/],
    [999_999, /is no transaction of/],
  ];
  await expect(credit({ kind: 'transactions', ids: wrong.map(([id]) => id) })).rejects.toMatchObject({
    details: {
      errors: wrong.map(([, message], n) => ({
        pointer: `/credit/ids/${n}`,
        message: expect.stringMatching(message) as unknown,
      })),
    },
  });
});

test.each(['INV-2001-000001', 'CN'])('%s is no invoice to credit', async (what) => {
  const number = what === 'CN' ? (await credit(lines([1, 1]))).number : what;
  await expect(
    issueCreditNote(room.db, {
      invoiceNumber: number,
      reason: 'x',
      credit: { kind: 'rest' },
      now: Date.now(),
    }),
  ).rejects.toMatchObject({ code: what === 'CN' ? 'not_an_invoice' : 'document_not_found' });
});
