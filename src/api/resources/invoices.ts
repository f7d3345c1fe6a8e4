import { z } from 'zod';
import type { CreditWanted, DocumentSummary, IssuedDocument, StoredInvoiceProfile } from '../../billing';
import {
  accountTimezone,
  DOCUMENT_KINDS,
  documentNotFound,
  draftInvoice,
  getDocument,
  getDocumentFile,
  getInvoiceProfile,
  INVOICE_RHYTHMS,
  issueCreditNote,
  issueInvoice,
  LINE_KINDS,
  listDocuments,
  listInvoiceProfiles,
  INVOICE_STATES,
  putInvoiceProfile,
  readPeriod,
  writeDocumentCsv,
} from '../../billing';
import { AppError, allows, TENANT_ROLES } from '../../domain';
import type { Queryable } from '../../storage';
import { asExchange } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import { numbered, RowList } from '../lists/row-list';
import { isOfOthers } from '../own-account';
import { mistakeInBody } from '../problem';
import type { Route } from '../route';
import { route } from '../route';
import { currency, id, listOf, page, printable, text } from '../schemas';
import { sendFile } from '../send-file';

const params = z.strictObject({ id });
const amount = z.number().int().describe('Micro-units');
const epoch = z.number().int().describe('UTC epoch milliseconds');

const summary = z.object({
  number: z.string(),
  kind: z.enum(DOCUMENT_KINDS),
  accountId: z.string(),
  currency: z.string(),
  periodFrom: epoch.nullable(),
  periodTo: epoch.nullable().describe('The first instant after it'),
  issuedAt: epoch,
  dueAt: epoch.nullable(),
  chargedMicros: amount.describe('Without payments; of a credit note, what it takes back'),
  closingMicros: amount.describe('What the account owed after it; negative is credit'),
  creditedMicros: amount.describe('Taken back by credit notes'),
  outstandingMicros: amount.describe('What of the closing balance was not paid since'),
  payment: z.enum(INVOICE_STATES).nullable(),
  invoiceNumber: z.string().nullable().describe('Of a credit note: what it is to'),
  transactions: z.number().int().describe('Of the ledger that are on it'),
  contentSha256: z.string(),
  fileSha256: z.string().describe('Of the PDF'),
});

const line = z.object({
  no: z.number().int(),
  kind: z.enum(LINE_KINDS),
  key: z.string(),
  text: z.string(),
  quantity: z.number().int(),
  durationMs: z.number().int().nullable(),
  ratePpm: z.number().int().nullable().describe('Of a tax, millionths'),
  base: amount.nullable().describe('Of a tax, what it is on'),
  amount,
  creditsLine: z.number().int().nullable(),
});
const party = z.object({
  accountId: z.string(),
  legalName: z.string(),
  address: z.array(z.string()),
  taxId: z.string().nullable(),
  email: z.string().nullable(),
});
const content = z.object({
  kind: z.enum(DOCUMENT_KINDS),
  number: z.string().nullable(),
  issuer: party.extend({ paymentLines: z.array(z.string()) }),
  recipient: party,
  currency: z.string(),
  locale: z.string(),
  timezone: z.string(),
  issuedAt: epoch,
  dueAt: epoch.nullable(),
  period: z.object({ from: epoch, to: epoch }).nullable(),
  earlier: z.number().int().describe('Transactions from before the period that were on no invoice'),
  lines: z.array(line),
  totals: z.object({
    calls: amount,
    fees: amount,
    taxes: amount,
    reratings: amount,
    adjustments: amount,
    charges: amount,
    payments: amount,
  }),
  previousBalance: amount,
  creditNotes: z.array(z.object({ number: z.string(), amount })),
  closingBalance: amount,
  credits: z.object({ invoiceNumber: z.string(), reason: z.string() }).nullable(),
});
const issued = summary.extend({ content });

const period = z
  .string()
  .max(24)
  .describe('By the calendar of the account: 2026-11, 2026-W47, 2026-11-21 or 2026-11-01..2026-11-16');

const locale = z
  .string()
  .max(35)
  .regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/, 'not a locale such as en-US');
const oneLine = printable(z.string().trim().min(1).max(100));
const profileFields = {
  legalName: printable(z.string().trim().min(1).max(200)),
  address: z.array(oneLine).max(6).default([]),
  taxId: printable(z.string().trim().min(1).max(60)).nullable().default(null),
  email: z.email().max(254).nullable().default(null),
  period: z.enum(INVOICE_RHYTHMS).default('monthly').describe('When invoices are issued by themselves'),
  termsDays: z.number().int().min(0).max(365).default(14).describe('Days until an invoice is due'),
  locale: locale.default('en-US').describe('Paper, numbers and dates'),
  paymentLines: z.array(oneLine).max(8).default([]).describe('Of the operator: where to pay'),
};
const profileBody = z.strictObject({ accountId: id, ...profileFields });
const profile = z.object({
  ...profileBody.shape,
  version: z.number().int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const credit = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('lines'),
      lines: z
        .array(
          z.strictObject({
            no: z.number().int().min(1).max(1_000_000).describe('Of the invoice'),
            amount: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).describe('Micro-units'),
          }),
        )
        .min(1)
        .max(1_000),
    }),
    z.strictObject({ kind: z.literal('rest') }),
    z.strictObject({
      kind: z.literal('transactions'),
      ids: z.array(z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)).min(1).max(1_000),
    }),
  ])
  .describe(
    'Lines of the invoice, or the rest of it, for which money is given back; or transactions of the ledger that gave it back already',
  );

const list = new RowList({
  filters: {
    accountId: id.optional(),
    kind: z.enum(DOCUMENT_KINDS).optional(),
    currency: currency.optional(),
  },
  ranges: { issuedAt: 'instant', dueAt: 'instant', chargedMicros: 'number', closingMicros: 'number' },
  sortable: { issuedAt: 'instant', chargedMicros: 'number', closingMicros: 'number' },
  tie: numbered,
});

const noSuchAccount = mistakeInBody('account_not_found', '/accountId');

const PDF = 'application/pdf';
const CSV = 'text/csv';

/**
 * Invoices and credit notes, and what parties are called on them.
 * @param now - UTC epoch milliseconds
 */
export function invoiceRoutes(now: () => number): Route[] {
  return [
    route({
      method: 'get',
      path: '/invoices',
      operationId: 'listInvoices',
      tag: 'invoices',
      summary: 'Invoices and credit notes, newest first unless `sort` says otherwise',
      scope: 'invoices:read',
      tenants: TENANT_ROLES,
      query: list.query,
      reply: listOf(summary),
      handle: async ({ db, query, own }) => ({
        body: await list.page(query, own, (wanted) => listDocuments(db, wanted, now()), shown),
      }),
    }),
    route({
      method: 'post',
      path: '/invoices',
      operationId: 'issueInvoice',
      tag: 'invoices',
      summary: 'Issue the invoice of a period that is over: everything that is on none yet',
      scope: 'invoices:write',
      body: z.strictObject({ accountId: id, period, currency: currency.optional() }),
      reply: issued,
      status: 201,
      idempotent: true,
      handle: async ({ db, body }) => {
        const wanted = await readRequest(db, body.accountId, body.period, '/period').catch(noSuchAccount);
        const outcome = await issueInvoice(db, { ...wanted, currency: body.currency, now: now() });
        if (!outcome.ok) throw refused(outcome);
        return {
          body: await issuedDocument(db, outcome.number, now()),
          location: `/invoices/${outcome.number}`,
        };
      },
    }),
    route({
      method: 'get',
      path: '/invoices/:id',
      operationId: 'getInvoice',
      tag: 'invoices',
      summary: 'An invoice or credit note, as it was issued',
      scope: 'invoices:read',
      tenants: TENANT_ROLES,
      params,
      reply: issued,
      handle: async ({ db, params: { id: number }, own }) => ({
        body: await issuedDocument(db, number, now(), own),
      }),
    }),
    route({
      method: 'get',
      path: '/invoices/:id/pdf',
      operationId: 'getInvoicePdf',
      tag: 'invoices',
      summary: 'The document as it was issued',
      scope: 'invoices:read',
      tenants: TENANT_ROLES,
      params,
      reply: z.unknown(),
      streams: true,
      produces: PDF,
      handle: async ({ db, params: { id: number }, response, own }) => {
        if (own !== undefined) await documentOf(db, number, now(), own);
        const file = await getDocumentFile(db, number);
        if (!file) throw documentNotFound(number);
        await sendFile(response, { type: PDF, name: `${number}.pdf` }, (write) => write(file));
        return { body: undefined };
      },
    }),
    route({
      method: 'get',
      path: '/invoices/:id/csv',
      operationId: 'getInvoiceCsv',
      tag: 'invoices',
      summary:
        'Every call and every other transaction on it; whole numbers of callers are for the exchange, with calls:read',
      scope: 'invoices:read',
      tenants: TENANT_ROLES,
      params,
      reply: z.unknown(),
      streams: true,
      produces: CSV,
      handle: async ({ db, params: { id: number }, caller, response, own }) => {
        const found = await documentOf(db, number, now(), own);
        // Which numbers a party may see is for each campaign to say.
        const whole = own === undefined && allows(caller.scopes, 'calls:read');
        await sendFile(response, { type: `${CSV}; charset=utf-8`, name: `${number}.csv` }, (write) =>
          // Its calls lie among what they were sold on; it tells of them what its account paid.
          asExchange(db, (all) => writeDocumentCsv(all, found, whole, write)),
        );
        return { body: undefined };
      },
    }),
    route({
      method: 'post',
      path: '/invoices/:id/credit-notes',
      operationId: 'issueCreditNote',
      tag: 'invoices',
      summary: 'Issue a credit note to an invoice',
      scope: 'invoices:write',
      params,
      body: z.strictObject({ reason: text, credit }),
      reply: issued.extend({
        transactionId: z.number().int().nullable().describe('The adjustment that gave the money back'),
      }),
      status: 201,
      idempotent: true,
      handle: async ({ db, params: { id: invoiceNumber }, body }) => {
        const note = await issueCreditNote(db, {
          invoiceNumber,
          reason: body.reason,
          credit: body.credit as CreditWanted,
          now: now(),
        });
        const document = await issuedDocument(db, note.number, now());
        return {
          body: { ...document, transactionId: note.transactionId ?? null },
          location: `/invoices/${note.number}`,
        };
      },
    }),
    route({
      method: 'get',
      path: '/accounts/:id/invoice-draft',
      operationId: 'draftInvoice',
      tag: 'invoices',
      summary: 'The invoice that would be issued of a period now; nothing is stored',
      scope: 'invoices:read',
      params,
      query: z.strictObject({ period, currency: currency.optional() }),
      reply: content,
      handle: async ({ db, params: { id: accountId }, query }) => {
        const wanted = await readRequest(db, accountId, query.period, '/period');
        return {
          body: (await draftInvoice(db, { ...wanted, currency: query.currency, now: now() })) as never,
        };
      },
    }),
    ...profileRoutes(),
  ];
}

function profileRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/invoice-profiles',
      operationId: 'listInvoiceProfiles',
      tag: 'invoices',
      summary: 'What parties are called on invoices, and how they are invoiced',
      scope: 'invoices:read',
      query: page,
      reply: listOf(profile),
      handle: async ({ db, query: { limit, cursor } }) => {
        const after = readCursor(cursor, z.tuple([z.string()]))?.[0] ?? '';
        const rows = await listInvoiceProfiles(db, after, limit + 1);
        return { body: pageOf(rows, limit, shownProfile, (last) => [last.accountId]) };
      },
    }),
    route({
      method: 'post',
      path: '/invoice-profiles',
      operationId: 'putInvoiceProfile',
      tag: 'invoices',
      summary:
        'Store the profile of an account in place of the one before; issued documents stay as they are',
      scope: 'invoices:write',
      body: profileBody,
      reply: profile,
      status: 201,
      idempotent: true,
      handle: async ({ db, body }) => {
        const stored = await putInvoiceProfile(db, body).catch(noSuchAccount);
        return { body: shownProfile(stored), location: `/invoice-profiles/${stored.accountId}` };
      },
    }),
    route({
      method: 'get',
      path: '/invoice-profiles/:id',
      operationId: 'getInvoiceProfile',
      tag: 'invoices',
      summary: 'The profile of an account',
      scope: 'invoices:read',
      tenants: TENANT_ROLES,
      params,
      reply: profile,
      handle: async ({ db, params: { id: accountId }, own }) => {
        const stored = await getInvoiceProfile(db, accountId);
        if (!stored || isOfOthers(own, accountId)) {
          throw new AppError('not_found', 'invoice_profile_not_found', `account ${accountId} has no profile`);
        }
        return { body: shownProfile(stored) };
      },
    }),
  ];
}

/** A document with its content, as it is shown. @throws AppError `not_found` */
async function issuedDocument(
  db: Queryable,
  number: string,
  now: number,
  own?: string,
): Promise<z.input<typeof issued>> {
  const found = await documentOf(db, number, now, own);
  return { ...shown(found), content: found.content as never };
}

/** @throws AppError `not_found`, also for what is another account's */
async function documentOf(
  db: Queryable,
  number: string,
  now: number,
  own: string | undefined,
): Promise<IssuedDocument> {
  const found = await getDocument(db, number, now);
  if (!found || isOfOthers(own, found.accountId)) throw documentNotFound(number);
  return found;
}

/** A period by an account's calendar. @throws AppError with the place of what is wrong */
async function readRequest(db: Queryable, accountId: string, wanted: string, pointer: string) {
  const read = readPeriod(wanted, await accountTimezone(db, accountId));
  if (!read) {
    throw new AppError('validation', 'invalid_period', `${wanted} is no period`, {
      errors: [
        { pointer, message: 'must look like 2026-11, 2026-W47, 2026-11-21 or 2026-11-01..2026-11-16' },
      ],
    });
  }
  return { accountId, period: read };
}

function refused(outcome: Extract<Awaited<ReturnType<typeof issueInvoice>>, { ok: false }>): AppError {
  const detail =
    outcome.reason === 'nothing'
      ? 'nothing was posted that is not on an invoice'
      : outcome.reason === 'too_early'
        ? 'the period is not over'
        : `there is an invoice up to ${new Date(outcome.invoicedTo).toISOString()}`;
  return new AppError('unprocessable', `invoice_${outcome.reason}`, detail, {
    errors: [{ in: 'body', pointer: '/period', message: detail }],
  });
}

function shown({
  id: _id,
  ...document
}: DocumentSummary & { readonly content?: unknown }): z.input<typeof summary> {
  const { content: _content, ...rest } = document;
  return rest;
}

function shownProfile({ createdAt, updatedAt, ...rest }: StoredInvoiceProfile): z.input<typeof profile> {
  return {
    ...rest,
    address: [...rest.address],
    paymentLines: [...rest.paymentLines],
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
