import { createHash } from 'node:crypto';
import { issueInvoice, settleCalls } from '../../../src/billing';
import { endedRecord, ringTarget, saleTerms, storeEnded } from '../../support/call-records';
import { invoicedAccount, issuedInvoice, PERIOD } from './support/invoice-cases';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

test('the file is the one that was issued, and is offered under its number', async () => {
  const number = await issuedInvoice(api);
  const invoice = (await api.ask('GET', `/api/v1/invoices/${number}`)).body;
  const response = await fetch(`${api.url}/api/v1/invoices/${number}/pdf`, {
    headers: { 'X-API-Key': api.admin },
  });
  const file = Buffer.from(await response.arrayBuffer());
  expect(response.headers.get('content-type')).toBe('application/pdf');
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${number}.pdf"`);
  expect(createHash('sha256').update(file).digest('hex')).toBe(invoice['fileSha256']);
});

test('an invoice is issued once, also when the request is repeated', async () => {
  const accountId = await invoicedAccount(api);
  const ask = (key: string) =>
    api.ask('POST', '/api/v1/invoices', {
      body: { accountId, period: PERIOD },
      headers: { 'Idempotency-Key': key },
    });
  const [first, again] = [await ask('one'), await ask('one')];
  expect(first).toMatchObject({ status: 201, body: { payment: 'open', outstandingMicros: 5_000_000 } });
  expect(again.body).toEqual(first.body);
  expect(await ask('another')).toMatchObject({ status: 422, body: { code: 'invoice_overlaps' } });
});

test('a credit note gives the money back, never more than is left', async () => {
  const number = await issuedInvoice(api);
  const credit = (body: unknown) => api.ask('POST', `/api/v1/invoices/${number}/credit-notes`, { body });
  const lines = (amount: number) => ({
    reason: 'agreed',
    credit: { kind: 'lines', lines: [{ no: 1, amount }] },
  });
  expect(await credit(lines(5_000_001))).toMatchObject({
    status: 422,
    body: { code: 'more_than_is_left', errors: [{ pointer: '/credit/lines/0' }] },
  });
  const note = await credit(lines(2_000_000));
  expect(note).toMatchObject({
    status: 201,
    body: { kind: 'credit_note', invoiceNumber: number, closingMicros: 3_000_000 },
  });
  expect((await api.ask('GET', `/api/v1/invoices/${number}`)).body).toMatchObject({
    creditedMicros: 2_000_000,
    outstandingMicros: 3_000_000,
    payment: 'partly_paid',
  });
});

test.each([
  [{ accountId: 'nobody', period: PERIOD }, '/accountId'],
  [{ accountId: 'operator', period: 'November' }, '/period'],
  [{ accountId: 'operator', period: '2999-01' }, '/period'],
  [{ accountId: 'operator' }, '/period'],
])('%j is refused at %s', async (body, pointer) => {
  const answer = await api.ask('POST', '/api/v1/invoices', { body });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.body['errors']).toMatchObject([{ pointer }]);
});

test('callers are whole for who may see calls, and masked for others', async () => {
  const accountId = await invoicedAccount(api);
  const sale = {
    target: ringTarget({ buyerAccountId: accountId }),
    terms: saleTerms({ sellerId: 'operator' }),
  };
  const ids = ['masked-1', 'masked-2'];
  const records = ids.map((callId) => endedRecord(callId, { sale }));
  await storeEnded(api.pool, records);
  await settleCalls(api.pool, ids);
  const to = Date.now() + 5;
  await new Promise((resolve) => setTimeout(resolve, 10));
  const issued = await issueInvoice(api.pool, { accountId, period: { from: 0, to }, now: to });
  if (!issued.ok) throw new Error(issued.reason);
  const csv = async (...scopes: string[]): Promise<string[]> =>
    (
      await api.ask('GET', `/api/v1/invoices/${issued.number}/csv`, { key: await api.keyWith(...scopes) })
    ).text
      .trim()
      .split('\r\n');
  const [head, ...masked] = await csv('invoices:read');
  expect(head).toMatch(/^document,transaction,kind,posted_at,call_id,/);
  expect(masked).toHaveLength(3);
  const of = (rows: readonly string[]): string | undefined => rows.find((row) => row.includes('masked-1'));
  expect(of(masked)).toContain(',+18005550100,1212xxxxxxx,60.000,plan,25.00,0.00,0.00,25.00,USD');
  expect(masked.join()).not.toContain('2125550123');
  expect(of(await csv('invoices:read', 'calls:read'))).toContain(',+12125550123,60.000,');
});

test('a statement can be paged and had as one file', async () => {
  const id = await invoicedAccount(api);
  const page = await api.ask('GET', `/api/v1/statements/${id}?period=${PERIOD}&limit=1`);
  expect(page.body).toMatchObject({
    openingMicros: '0',
    closingMicros: '5000000',
    movements: [{ kind: 'adjustment', amountMicros: 5_000_000, balanceMicros: '5000000' }],
    nextCursor: null,
  });
  const csv = await api.ask('GET', `/api/v1/statements/${id}/csv?from=0&to=${Date.now()}`);
  expect(csv.text.trim().split('\r\n')).toHaveLength(4);
  for (const query of ['', '?period=x', '?from=5&to=5', `?period=${PERIOD}&from=1`]) {
    const wrong = await api.ask('GET', `/api/v1/statements/${id}${query}`);
    expect(wrong).toMatchObject({ status: 400, body: { code: 'invalid_period' } });
  }
});
