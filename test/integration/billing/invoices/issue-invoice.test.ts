import {
  draftInvoice,
  getDocument,
  getDocumentFile,
  issueInvoice,
  listDocuments,
  renderDocument,
} from '../../../../src/billing';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { BillingRoom, CALL_COST } from './support/billing-room';
import { listed } from '../../../support/listed';

let room: BillingRoom;

beforeEach(async () => {
  room = await BillingRoom.open();
});
afterEach(() => room.close());

const request = async (from = 0) => ({ accountId: BUYER_ACCOUNT, ...(await room.untilNow(from)) });

test('an invoice tells calls by campaign, fees, taxes and payments, and comes to what the ledger says', async () => {
  await room.calls(3);
  await room.calls(2, 'campaign-2');
  await room.move(-100_000_000, { kind: 'top_up', against: 'cash' });
  await room.move(-1_500_000, { reason: 'one-way audio' });
  const issued = await issueInvoice(room.db, await request());
  expect(issued).toMatchObject({ ok: true, number: `INV-${new Date().getUTCFullYear()}-000001` });
  const { content } = issued as Extract<typeof issued, { ok: true }>;
  const lines = content.lines.map(({ kind, text, quantity, durationMs, amount }) => [
    kind,
    text,
    quantity,
    durationMs,
    amount,
  ]);
  expect(lines).toEqual([
    ['call', 'Auto insurance', 3, 180_000, 75_000_000],
    ['call', 'Roofing', 2, 120_000, 50_000_000],
    ['fee', 'Platform fee', 5, null, 2_500_000],
    [
      'adjustment',
      expect.stringMatching(/^Adjustment, \d{4}-\d\d-\d\d: one-way audio$/),
      1,
      null,
      -1_500_000,
    ],
    ['tax', 'Sales tax', 5, null, 5 * 2_263_125],
    ['payment', expect.stringMatching(/^Payment, /), 1, null, -100_000_000],
  ]);
  expect(content.lines.find(({ kind }) => kind === 'tax')).toMatchObject({
    ratePpm: 88_750,
    base: 127_500_000,
  });
  expect(content.totals).toEqual({
    calls: 125_000_000,
    fees: 2_500_000,
    taxes: 11_315_625,
    reratings: 0,
    adjustments: -1_500_000,
    charges: 5 * CALL_COST - 1_500_000,
    payments: -100_000_000,
  });
  expect(content.closingBalance).toBe(await room.balance());
});

test('what is issued is told to others, and can be had again to the byte', async () => {
  await room.calls(1);
  const asked = await request();
  await issueInvoice(room.db, asked);
  const [summary] = await listed(listDocuments(room.db, { limit: 10 }, asked.now));
  const found = await getDocument(room.db, summary?.number ?? '', asked.now);
  const file = await getDocumentFile(room.db, summary?.number ?? '');
  expect(file?.subarray(0, 5).toString()).toBe('%PDF-');
  expect(found && (await renderDocument(found.content)).equals(file as Buffer)).toBe(true);
  const [event] = await room.own.query<{ payload: object }>(
    `select payload from outbox where type = 'invoice.issued'`,
  );
  expect(event?.payload).toMatchObject({
    number: found?.number,
    accountId: BUYER_ACCOUNT,
    chargedMicros: CALL_COST,
  });
});

test('nothing is on two invoices; what is posted late is on the next one', async () => {
  await room.calls(2);
  const first = await request();
  await issueInvoice(room.db, first);
  await room.calls(1);
  const second = await request(first.period.to);
  // Posted after the end of its period: it waits.
  await room.calls(1);
  const issued = await issueInvoice(room.db, second);
  expect(issued).toMatchObject({
    ok: true,
    content: { previousBalance: 2 * CALL_COST, closingBalance: 3 * CALL_COST },
  });
  const third = await request(await room.pause());
  expect(await issueInvoice(room.db, third)).toMatchObject({
    ok: true,
    content: { earlier: 1, closingBalance: 4 * CALL_COST },
  });
  expect(await issueInvoice(room.db, await request(third.period.to))).toEqual({
    ok: false,
    reason: 'nothing',
  });
});

test('periods are over and do not overlap', async () => {
  await room.calls(1);
  const asked = await request();
  expect(await issueInvoice(room.db, { ...asked, now: asked.now - 1 })).toEqual({
    ok: false,
    reason: 'too_early',
  });
  await issueInvoice(room.db, asked);
  await room.calls(1);
  expect(await issueInvoice(room.db, await request())).toEqual({
    ok: false,
    reason: 'overlaps',
    invoicedTo: asked.period.to,
  });
});

test('a draft is what would be issued; it stores nothing and uses up no number', async () => {
  await room.calls(2);
  const asked = await request();
  const draft = await draftInvoice(room.db, asked);
  expect(await draftInvoice(room.db, asked)).toEqual(draft);
  expect(await listed(listDocuments(room.db, { limit: 10 }, 0))).toEqual([]);
  const issued = await issueInvoice(room.db, asked);
  expect(issued).toMatchObject({
    ok: true,
    content: { ...draft, number: expect.stringMatching(/-000001$/) as unknown },
  });
});

test('an invoice that does not come to what the ledger says is refused, with the difference', async () => {
  const [call] = await room.calls(2);
  await room.own.query(
    `update settlements set lines = jsonb_set(lines, '{0,amount}', '24000000') where call_id = $1`,
    [call],
  );
  await expect(issueInvoice(room.db, await request())).rejects.toMatchObject({
    code: 'invoice_does_not_add_up',
    message: expect.stringContaining('-1.00 USD') as unknown,
  });
  expect(await listed(listDocuments(room.db, { limit: 10 }, 0))).toEqual([]);
});

test('calls that ring hold money, which is on no invoice', async () => {
  await room.db.query(
    `with t as (insert into ledger_transactions (idempotency_key, kind) values ('hold-1', 'hold') returning id),
       a as (insert into ledger_accounts (account_id, purpose, currency) values ($1, 'wallet', 'USD'), ($1, 'held', 'USD') returning id, purpose)
     insert into ledger_entries (transaction_id, ledger_account_id, amount)
     select t.id, a.id, case a.purpose when 'held' then -5000000 else 5000000 end from t, a`,
    [BUYER_ACCOUNT],
  );
  expect(await issueInvoice(room.db, await request())).toEqual({ ok: false, reason: 'nothing' });
});

test.each([
  ['an account that there is not', { accountId: 'nobody' }, 'account_not_found'],
  ['an account without a profile', { accountId: 'seller-account' }, 'invoice_profile_missing'],
  ['the operator', { accountId: 'operator' }, 'not_a_buyer'],
])('%s is not invoiced', async (_what, more, code) => {
  await expect(issueInvoice(room.db, { ...(await request()), ...more })).rejects.toMatchObject({ code });
});

test('payments after an invoice pay it, the oldest first', async () => {
  await room.calls(1);
  const first = await request();
  await issueInvoice(room.db, first);
  await room.calls(1);
  const second = await request(first.period.to);
  await issueInvoice(room.db, second);
  const states = async (now = second.now): Promise<unknown[]> =>
    (await listed(listDocuments(room.db, { limit: 10 }, now))).map(({ payment, outstandingMicros }) => [
      payment,
      outstandingMicros,
    ]);
  expect(await states()).toEqual([
    ['open', 2 * CALL_COST],
    ['open', CALL_COST],
  ]);
  await room.move(-CALL_COST - 1_000, { kind: 'top_up', against: 'cash' });
  expect(await states()).toEqual([
    ['partly_paid', CALL_COST - 1_000],
    ['paid', 0],
  ]);
  expect(await states(second.now + 16 * 86_400_000)).toEqual([
    ['overdue', CALL_COST - 1_000],
    ['paid', 0],
  ]);
  await room.calls(1);
  await issueInvoice(room.db, await request(second.period.to));
  await room.move(-10 * CALL_COST, { kind: 'top_up', against: 'cash' });
  expect(await states()).toEqual([
    ['paid', 0],
    ['paid', 0],
    ['paid', 0],
  ]);
});
