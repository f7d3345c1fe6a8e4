import { postTransaction } from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import type { HappyPath } from './happy-path';
import { beginTestRun } from './invoice-runs';
import type { TestApi } from './test-api';

const DAY_MS = 86_400_000;
const day = (ago: number): string => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);
/** Days that are over. */
export const PERIOD = `${day(9)}..${day(0)}`;
let count = 0;

/** An account that can be invoiced, and was charged two days ago. @returns its id */
export async function invoicedAccount(api: TestApi, id = `invoiced-${count++}`): Promise<string> {
  await api.pool.query(
    `insert into accounts (id, name, type) values ($1, 'Account ' || $1, 'buyer') on conflict do nothing`,
    [id],
  );
  for (const accountId of ['operator', id]) {
    await api.ask('POST', '/api/v1/invoice-profiles', {
      body: { accountId, legalName: `${accountId} Ltd`, period: 'manual' },
    });
  }
  const posting = { currency: 'USD' as const, accountId: id };
  const transactionId = await api.pool.transaction((tx) =>
    postTransaction(tx, {
      idempotencyKey: `charged ${id}`,
      kind: 'adjustment',
      reason: 'a fee',
      postings: [
        { ...posting, purpose: 'wallet', amount: micros(5_000_000) },
        { ...posting, purpose: 'fees', accountId: 'operator', amount: micros(-5_000_000) },
      ],
    }),
  );
  // The ledger posts now and never at another time.
  await api.database.force(
    `with moved as (
       update ledger_transactions set posted_at = now() - interval '2 days', effective_on = current_date - 2 where id = $1
       returning id, posted_at)
     update ledger_entries e set posted_at = moved.posted_at from moved where e.transaction_id = moved.id`,
    [transactionId],
  );
  return id;
}

/** Issues an invoice of an account of its own. @returns its number */
export async function issuedInvoice(api: TestApi): Promise<string> {
  const accountId = await invoicedAccount(api);
  const { body, text } = await api.ask('POST', '/api/v1/invoices', { body: { accountId, period: PERIOD } });
  if (typeof body['number'] !== 'string') throw new Error(text);
  return body['number'];
}

const PROFILE = { columns: { time: 'time', called: 'to', duration: 'seconds' } };
const RECORDS = 'time,to,seconds\n2026-11-21T12:00:00Z,18005550100,60\n';

async function profiledTrunk(api: TestApi): Promise<string> {
  const id = `cdr-trunk-${count++}`;
  await api.pool.query(
    `insert into trunks (id, account_id, name, sources, origin) values ($1, 'operator', 'Trunk', '{192.0.2.1}', 'unknown')`,
    [id],
  );
  await api.ask('POST', `/api/v1/trunks/${id}/cdr-profile`, { body: PROFILE });
  return id;
}

async function importedFile(api: TestApi): Promise<string> {
  const path = `/api/v1/trunks/${await profiledTrunk(api)}/cdr-files`;
  const { body } = await api.ask('POST', path, { raw: RECORDS, headers: { 'Content-Type': 'text/csv' } });
  return String(body['id']);
}

/** Makes what the cases below name. */
export async function openInvoices(api: TestApi): Promise<void> {
  await invoicedAccount(api, 'invoiced-buyer');
}

/** Invoices, statements and reconciliations. */
export function invoiceCases(api: () => TestApi): [string, HappyPath][] {
  const invoice = (): Promise<string> => issuedInvoice(api());
  const account = (): Promise<string> => invoicedAccount(api());
  const trunk = (): Promise<string> => profiledTrunk(api());
  const file = (): Promise<string> => importedFile(api());
  const run = async (): Promise<string> => (await beginTestRun(api())).run;
  const difference = async (): Promise<string> => (await beginTestRun(api())).difference;
  return [
    ['GET /api/v1/invoices', {}],
    ['POST /api/v1/invoices', { body: { accountId: 'invoiced-buyer', period: PERIOD } }],
    ['GET /api/v1/invoices/{id}', { id: invoice }],
    ['GET /api/v1/invoices/{id}/pdf', { id: invoice }],
    ['GET /api/v1/invoices/{id}/csv', { id: invoice }],
    [
      'POST /api/v1/invoices/{id}/credit-notes',
      { id: invoice, body: { reason: 'agreed', credit: { kind: 'rest' } } },
    ],
    ['GET /api/v1/accounts/{id}/invoice-draft', { id: account, query: `?period=${PERIOD}` }],
    ['GET /api/v1/invoice-profiles', {}],
    ['POST /api/v1/invoice-profiles', { body: { accountId: 'invoiced-buyer', legalName: 'Buyer Ltd' } }],
    ['GET /api/v1/invoice-profiles/{id}', { id: account }],
    ['GET /api/v1/statements/{id}', { id: account, query: `?period=${PERIOD}` }],
    ['GET /api/v1/statements/{id}/csv', { id: account, query: `?period=${PERIOD}` }],
    ['GET /api/v1/reconciliations', {}],
    ['POST /api/v1/reconciliations', { body: { kind: 'calls', from: 0, to: 86_400_000 } }],
    ['GET /api/v1/reconciliations/{id}', { id: run }],
    ['GET /api/v1/reconciliation-differences', {}],
    [
      'POST /api/v1/reconciliation-differences/{id}/explain',
      { id: difference, body: { note: 'a test call' } },
    ],
    ['GET /api/v1/trunks/{id}/cdr-profile', { id: trunk }],
    ['POST /api/v1/trunks/{id}/cdr-profile', { id: trunk, body: PROFILE }],
    ['POST /api/v1/trunks/{id}/cdr-files', { id: trunk, csv: RECORDS }],
    ['GET /api/v1/cdr-files', {}],
    ['DELETE /api/v1/cdr-files/{id}', { id: file }],
  ];
}
