import { z } from 'zod';
import type { LeftOut, PayoutBatch, PayoutItem, PayoutTerms } from '../../billing';
import {
  approvePayouts,
  BATCH_STATES,
  cancelPayouts,
  exportPayouts,
  failItems,
  getPayoutBatch,
  getPayoutTerms,
  ITEM_STATES,
  itemsOfBatch,
  LEFT_OUT,
  listPayoutBatches,
  listPayoutItems,
  listPayoutTerms,
  PAYOUT_PERIODS,
  payItems,
  preparePayouts,
  putPayoutTerms,
} from '../../billing';
import { AppError, ZERO_MICROS } from '../../domain';
import type { Queryable } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import { numbered, RowList } from '../lists/row-list';
import { actorOf } from '../money-rules';
import type { Route } from '../route';
import { route } from '../route';
import { isOfOthers, NOTHING } from '../own-account';
import { currency, id, instant, listOf, money, page, printable, stored, text } from '../schemas';
import { sendFile } from '../send-file';

const params = z.strictObject({ id });
const amountMicros = z.number().int();
const MAX_SHOWN = 1_000;
const MAX_ERRORS = 50;

const termsBody = z.strictObject({
  currency: currency.optional().describe("The account's own by default"),
  period: z
    .enum(PAYOUT_PERIODS)
    .describe("What was earned until the end of the last week or month, by the account's time zone, is due"),
  minimumMicros: money.default(ZERO_MICROS).describe('Micro-units; less than this waits'),
  holdBackDays: z
    .number()
    .int()
    .min(0)
    .max(365)
    .default(0)
    .describe('Money earned within so many days before the end of the period is not paid yet'),
  method: printable(z.string().trim().min(1).max(200)).describe(
    'Where to, as whoever sends the money knows it',
  ),
});
const terms = z.object({
  accountId: z.string(),
  currency: z.string(),
  period: z.enum(PAYOUT_PERIODS),
  minimumMicros: amountMicros,
  holdBackDays: z.number().int(),
  method: z.string(),
  updatedBy: z.string().nullable(),
  ...stored,
});

const actor = z.object({ keyId: z.string(), accountId: z.string(), at: z.iso.datetime() });
const batch = z.object({
  id: z.string(),
  currency: z.string(),
  upTo: z.iso.datetime(),
  state: z.enum(BATCH_STATES),
  totalMicros: amountMicros,
  paidMicros: amountMicros,
  items: z.number().int(),
  openItems: z.number().int(),
  prepared: actor,
  approved: actor.nullable(),
  closedBy: z.string().nullable(),
  closedAt: z.iso.datetime().nullable(),
  version: z.number().int(),
});
const item = z.object({
  id: z.string(),
  batchId: z.string(),
  accountId: z.string(),
  accountName: z.string(),
  currency: z.string(),
  amountMicros,
  method: z.string(),
  state: z.enum(ITEM_STATES),
  reference: z.string().nullable().describe("The bank's name of the transfer"),
  failure: z.string().nullable(),
  transactionId: z.number().int().nullable().describe('Of the ledger'),
  closedBy: z.string().nullable(),
  closedAt: z.iso.datetime().nullable(),
});
const leftOut = z.object({
  accountId: z.string(),
  reason: z.enum(LEFT_OUT),
  owedMicros: amountMicros.describe('Negative when the account owes the exchange'),
  dueMicros: amountMicros,
});
const whole = batch.extend({ payouts: z.array(item) });
const batches = new RowList({
  filters: { state: z.enum(BATCH_STATES).optional(), currency: currency.optional() },
  ranges: { upTo: 'instant', preparedAt: 'instant' },
  sortable: { upTo: 'instant', preparedAt: 'instant' },
  tie: numbered,
});
const items = new RowList({
  filters: {
    accountId: id.optional(),
    batchId: id.optional(),
    currency: currency.optional(),
    state: z.enum(ITEM_STATES).optional(),
  },
  ranges: { amountMicros: 'number', closedAt: 'instant' },
  sortable: { amountMicros: 'number' },
  tie: numbered,
});
const itemIds = z.array(id).min(1).max(MAX_SHOWN);
const bankReference = printable(z.string().trim().min(1).max(200));

/**
 * Terms of sellers and carriers, and the batches that they are paid in. What is disputed is not paid.
 * @param now - UTC epoch milliseconds
 */
export function payoutRoutes(now: () => number): Route[] {
  return [...termsRoutes(), ...readRoutes(), ...workRoutes(now)];
}

function termsRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/payout-terms',
      operationId: 'listPayoutTerms',
      tag: 'payouts',
      summary: 'How sellers and carriers are paid',
      scope: 'payouts:read',
      tenants: ['seller', 'carrier'],
      query: page.extend({ accountId: id.optional() }),
      reply: listOf(terms),
      handle: async ({ db, query: { limit, cursor, accountId }, own }) => {
        if (isOfOthers(own, accountId)) return { body: NOTHING };
        const after = readCursor(cursor, z.tuple([id, currency]));
        const rows = await listPayoutTerms(db, { accountId: own ?? accountId, after, limit: limit + 1 });
        return { body: pageOf(rows, limit, termsShown, (last) => [last.accountId, last.currency]) };
      },
    }),
    route({
      method: 'get',
      path: '/payout-terms/:id',
      operationId: 'getPayoutTerms',
      tag: 'payouts',
      summary: 'How one account is paid',
      scope: 'payouts:read',
      tenants: ['seller', 'carrier'],
      params,
      query: z.strictObject({ currency: currency.optional().describe("The account's own by default") }),
      reply: terms,
      handle: async ({ db, params: { id: accountId }, query, own }) => {
        const theirs = !isOfOthers(own, accountId);
        const found = theirs ? await getPayoutTerms(db, accountId, query.currency) : undefined;
        if (!found) {
          throw new AppError('not_found', 'payout_terms_not_found', `account ${accountId} has no such terms`);
        }
        return { body: termsShown(found), etag: found.version };
      },
    }),
    route({
      method: 'put',
      path: '/payout-terms/:id',
      operationId: 'putPayoutTerms',
      tag: 'payouts',
      summary: 'Say how an account is paid from the next batch on',
      scope: 'payouts:write',
      params,
      body: termsBody,
      reply: terms,
      conditional: true,
      handle: async ({ db, params: { id: accountId }, body, caller, ifMatch }) => {
        const { minimumMicros, ...rest } = body;
        const before = ifMatch && (await getPayoutTerms(db, accountId, body.currency));
        // Version 0 is none: what was never said has no version to name.
        ifMatch?.check(before?.version ?? 0);
        const said = { ...rest, accountId, minimumAmount: minimumMicros, updatedBy: caller.accountId };
        const put = await putPayoutTerms(db, said, before?.version);
        return { body: termsShown(put), etag: put.version };
      },
    }),
  ];
}

function readRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/publisher-payouts',
      operationId: 'listPublisherPayouts',
      tag: 'payouts',
      summary: 'Batches of payouts, newest first unless `sort` says otherwise',
      scope: 'payouts:read',
      query: batches.query,
      reply: listOf(batch),
      handle: async ({ db, query }) => ({
        body: await batches.page(query, undefined, (wanted) => listPayoutBatches(db, wanted), batchShown),
      }),
    }),
    route({
      method: 'get',
      path: '/publisher-payouts/:id',
      operationId: 'getPublisherPayout',
      tag: 'payouts',
      summary: 'One batch, with what each account is paid',
      scope: 'payouts:read',
      params,
      reply: whole,
      handle: async ({ db, params: { id: wanted } }) => wholeReply(db, await getPayoutBatch(db, wanted)),
    }),
    route({
      method: 'get',
      path: '/publisher-payouts/:id/csv',
      operationId: 'exportPublisherPayout',
      tag: 'payouts',
      summary: 'A batch that is approved, as a table for the bank',
      scope: 'payouts:read',
      params,
      reply: z.unknown(),
      streams: true,
      produces: 'text/csv',
      handle: async ({ db, params: { id: wanted }, response }) => {
        const table = await exportPayouts(db, wanted);
        await sendFile(
          response,
          { type: 'text/csv; charset=utf-8', name: `payouts-${wanted}.csv` },
          (write) => write(table),
        );
        return { body: undefined };
      },
    }),
    route({
      method: 'get',
      path: '/payout-items',
      operationId: 'listPayoutItems',
      tag: 'payouts',
      summary: 'What accounts were and are to be paid, newest first unless `sort` says otherwise',
      scope: 'payouts:read',
      tenants: ['seller', 'carrier'],
      query: items.query,
      reply: listOf(item),
      handle: async ({ db, query, own }) => ({
        body: await items.page(query, own, (wanted) => listPayoutItems(db, wanted), itemShown),
      }),
    }),
  ];
}

function workRoutes(now: () => number): Route[] {
  return [
    route({
      method: 'post',
      path: '/publisher-payouts',
      operationId: 'preparePublisherPayouts',
      tag: 'payouts',
      summary: 'Prepare a batch of what is due; that money is set aside for it',
      scope: 'payouts:write',
      body: z.strictObject({
        currency,
        upTo: instant.optional().describe('Periods that were over then are paid; now by default'),
        accountIds: z.array(id).min(1).max(MAX_SHOWN).optional().describe('Only these; all by default'),
      }),
      reply: whole.extend({ leftOut: z.array(leftOut) }),
      status: 201,
      idempotent: true,
      handle: async ({ db, body, caller }) => {
        const at = now();
        const wish = { ...body, upTo: body.upTo ?? at, by: actorOf(caller) };
        const prepared = await preparePayouts(db, wish, at);
        if (!prepared.batch) throw nothingDue(prepared.leftOut);
        const reply = await wholeReply(db, prepared.batch);
        const others = prepared.leftOut.slice(0, MAX_SHOWN).map(leftOutShown);
        return {
          ...reply,
          body: { ...reply.body, leftOut: others },
          location: `/publisher-payouts/${prepared.batch.id}`,
        };
      },
    }),
    route({
      method: 'post',
      path: '/publisher-payouts/:id/approve',
      operationId: 'approvePublisherPayout',
      tag: 'payouts',
      summary: 'Let a batch be sent; by another API key than the one that prepared it',
      scope: 'payouts:write',
      params,
      reply: whole,
      idempotent: true,
      handle: async ({ db, params: { id: wanted }, caller }) =>
        wholeReply(db, await approvePayouts(db, wanted, actorOf(caller))),
    }),
    route({
      method: 'post',
      path: '/publisher-payouts/:id/cancel',
      operationId: 'cancelPublisherPayout',
      tag: 'payouts',
      summary: 'Give up what is not paid of a batch; that money is due again',
      scope: 'payouts:write',
      params,
      reply: whole,
      idempotent: true,
      handle: async ({ db, params: { id: wanted }, caller }) =>
        wholeReply(db, await cancelPayouts(db, wanted, actorOf(caller))),
    }),
    route({
      method: 'post',
      path: '/publisher-payouts/:id/paid',
      operationId: 'payPublisherPayout',
      tag: 'payouts',
      summary: 'Book what the bank paid of a batch that is approved',
      scope: 'payouts:write',
      params,
      body: z.strictObject({
        reference: bankReference.describe("The bank's name of the transfer"),
        items: itemIds.optional().describe('Ids of items; all that are open by default'),
      }),
      reply: whole,
      idempotent: true,
      handle: async ({ db, params: { id: batchId }, body, caller }) => {
        const paid = { batchId, itemIds: body.items, reference: body.reference, by: actorOf(caller) };
        return wholeReply(db, await payItems(db, paid));
      },
    }),
    route({
      method: 'post',
      path: '/publisher-payouts/:id/failed',
      operationId: 'failPublisherPayout',
      tag: 'payouts',
      summary: 'Note what the bank did not pay, or what came back; that money is due again',
      scope: 'payouts:write',
      params,
      body: z.strictObject({
        items: itemIds.optional().describe('Ids of items; all that are open by default'),
        reason: text,
      }),
      reply: whole,
      idempotent: true,
      handle: async ({ db, params: { id: batchId }, body, caller }) => {
        const failed = { batchId, itemIds: body.items, reason: body.reason, by: actorOf(caller) };
        return wholeReply(db, await failItems(db, failed));
      },
    }),
  ];
}

async function wholeReply(
  db: Queryable,
  row: PayoutBatch,
): Promise<{ body: z.input<typeof whole>; etag: number }> {
  const payouts = (await itemsOfBatch(db, row.id)).map(itemShown);
  return { body: { ...batchShown(row), payouts }, etag: row.version };
}

function nothingDue(others: readonly LeftOut[]): AppError {
  const errors = others.slice(0, MAX_ERRORS).map(({ accountId, reason, owed, due }) => ({
    pointer: '/accountIds',
    message: `${accountId}: ${reason} (owed ${owed}, due ${due} micro-units)`,
  }));
  if (errors.length === 0)
    errors.push({ pointer: '/currency', message: 'no account has terms and a balance in it' });
  return new AppError('unprocessable', 'nothing_due', 'no account is to be paid anything', { errors });
}

function termsShown({ minimumAmount, createdAt, updatedAt, ...row }: PayoutTerms): z.input<typeof terms> {
  return {
    ...row,
    minimumMicros: minimumAmount,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function batchShown(row: PayoutBatch): z.input<typeof batch> {
  const { id: batchId, currency: code, state, items, openItems, closedBy, version } = row;
  const { approvedKey, approvedBy, approvedAt } = row;
  return {
    id: batchId,
    currency: code,
    upTo: row.upTo.toISOString(),
    state,
    totalMicros: row.total,
    paidMicros: row.paid,
    items,
    openItems,
    prepared: { keyId: row.preparedKey, accountId: row.preparedBy, at: row.preparedAt.toISOString() },
    approved:
      approvedKey === null || approvedBy === null || approvedAt === null
        ? null
        : { keyId: approvedKey, accountId: approvedBy, at: approvedAt.toISOString() },
    closedBy,
    closedAt: row.closedAt?.toISOString() ?? null,
    version,
  };
}

function itemShown({ seq: _seq, amount, closedAt, ...row }: PayoutItem): z.input<typeof item> {
  return { ...row, amountMicros: amount, closedAt: closedAt?.toISOString() ?? null };
}

function leftOutShown({ owed, due, ...row }: LeftOut): z.input<typeof leftOut> {
  return { ...row, owedMicros: owed, dueMicros: due };
}
