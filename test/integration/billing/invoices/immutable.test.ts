import { issueCreditNote, issueInvoice } from '../../../../src/billing';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { refusalOf } from '../support/refusal';
import { BillingRoom } from './support/billing-room';

let room: BillingRoom;

beforeAll(async () => {
  room = await BillingRoom.open();
  await room.calls(2);
  const issued = await issueInvoice(room.db, { accountId: BUYER_ACCOUNT, ...(await room.untilNow()) });
  if (!issued.ok) throw new Error(issued.reason);
  await issueCreditNote(room.db, {
    invoiceNumber: issued.number,
    reason: 'half of a call',
    credit: { kind: 'lines', lines: [{ no: 1, amount: 12_500_000 as never }] },
    now: Date.now(),
  });
});
afterAll(() => room.close());

/** The SQLSTATE with which the database refuses statements that end a transaction. */
const refusal = (...statements: string[]): Promise<string | undefined> => refusalOf(room.db, statements);

const TABLES = [
  'billing_documents',
  'billing_document_lines',
  'billing_document_transactions',
  'billing_document_files',
];

test.each(TABLES)('%s is neither changed nor emptied', async (table) => {
  const [column] = await room.own.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_name = $1 order by ordinal_position limit 1`,
    [table],
  );
  for (const statement of [
    `update ${table} set ${column?.name} = ${column?.name}`,
    `delete from ${table}`,
    `truncate ${table} cascade`,
  ]) {
    expect([statement, await refusal(statement)]).toEqual([statement, '23001']);
  }
});

test.each([
  [
    'a line',
    `insert into billing_document_lines (document_id, no, kind, key, amount) values (1, 99, 'fee', 'fee/x', 5)`,
  ],
  [
    'a transaction',
    `insert into billing_document_transactions (account_id, currency, transaction_id, document_id, amount)
     select 'other-buyer', 'USD', min(id), 1, 5 from ledger_transactions`,
  ],
])('%s cannot be added to what was issued', async (_what, statement) => {
  expect(await refusal(statement)).toBe('23001');
});

test.each([
  ['skipped', `update billing_document_numbers set last = last + 2 where kind = 'invoice'`],
  ['counted back', `update billing_document_numbers set last = last - 1 where kind = 'invoice'`],
  ['begun in between', `insert into billing_document_numbers values ('operator', 'invoice', 2001, 7)`],
  ['forgotten', `delete from billing_document_numbers`],
  ['forgotten at once', `truncate billing_document_numbers`],
])('numbers are not %s', async (_what, statement) => {
  expect(await refusal(statement)).toBe('23001');
});

/** The first invoice once more under the next number, with something other than it should be. */
const another = (changed: Readonly<Record<string, string>>): string[] => {
  const value = (column: string, as: string): string => changed[column] ?? as;
  return [
    `insert into billing_documents (id, kind, number, issuer_id, year, sequence, account_id, currency, position, period_from,
       period_to, issued_at, due_at, opening, movements, closing, charged, credits, transactions, content, content_sha256, file_sha256)
     select 1000, kind, ${value('number', `'INV-X'`)}, issuer_id, year, ${value('sequence', '2')}, ${value('account_id', `'other-buyer'`)},
       currency, ${value('position', '1')}, period_from, period_to, issued_at, due_at, ${value('opening', '0')}, ${value('movements', '0')},
       ${value('closing', '0')}, 0, ${value('credits', '0')}, ${value('transactions', '0')}, content, content_sha256, file_sha256
     from billing_documents where id = 1`,
    ...(changed['file'] === undefined ? [`insert into billing_document_files values (1000, 'x')`] : []),
    ...(changed['counter'] === undefined
      ? [`update billing_document_numbers set last = last + 1 where kind = 'invoice'`]
      : []),
  ];
};

test('a document that adds up is taken by the database', async () => {
  await expect(
    room.db.transaction(async (tx) => {
      for (const statement of another({})) await tx.query(statement);
      await tx.query('set constraints all immediate');
      throw new Error('taken');
    }),
  ).rejects.toThrow('taken');
});

test.each([
  ['does not open with what the one before closed with', { opening: '5', closing: '5' }],
  ['has a place in its chain that is not the next', { position: '3' }],
  ['says more than its transactions', { movements: '5', closing: '5' }],
  ['says more credits than its transactions', { credits: '5' }],
  ['says more transactions than it has', { transactions: '1' }],
  ['has no file', { file: '' }],
  ['has a number that was not given', { counter: '' }],
])('a document is refused that %s', async (_what, changed) => {
  expect(await refusal(...another(changed))).toBe('23514');
});

test('an entry is not on two documents', async () => {
  expect(
    await refusal(
      ...another({}).slice(0, 2),
      `insert into billing_document_transactions select account_id, currency, transaction_id, 1000, amount
       from billing_document_transactions where document_id = 1`,
    ),
  ).toBe('23505');
});
