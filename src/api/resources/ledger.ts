import { z } from 'zod';
import {
  closePeriod,
  describeFinding,
  LEDGER_KINDS,
  LEDGER_PROBLEMS,
  LEDGER_PURPOSES,
  ledgerLines,
  listLedgerBalances,
  listPeriods,
  periodBalances,
  trialBalance,
  verifyNewestBlocks,
} from '../../billing';
import { AppError, CURRENCIES } from '../../domain';
import type { Queryable, SortKey } from '../../storage';
import { Database } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import { readPosition, sortParam, writePosition } from '../lists/list-order';
import { numbered } from '../lists/row-list';
import type { Route } from '../route';
import { route } from '../route';
import { currency, id, listOf, page, queryInstant } from '../schemas';

/** A sum may be more than a number of JSON holds exactly. */
const exactMicros = z
  .string()
  .regex(/^-?\d+$/)
  .describe('Micro-units as a decimal text; debits are positive, credits negative');
const purpose = z.enum(LEDGER_PURPOSES);
const month = z
  .string()
  .regex(/^20\d\d-(0[1-9]|1[0-2])$/)
  .describe('YYYY-MM');
const ledgerAccount = { accountId: z.string(), purpose, currency: z.string() };

const balance = z.object({ ...ledgerAccount, balanceMicros: exactMicros });

/** What was posted to a ledger account. */
export const ledgerEntry = z.object({
  entryId: z.number().int(),
  transactionId: z.number().int(),
  idempotencyKey: z.string(),
  kind: z.enum(LEDGER_KINDS),
  callId: z.string().nullable(),
  reason: z.string().nullable(),
  reversesId: z.number().int().nullable().describe('Transaction that this one takes back'),
  ...ledgerAccount,
  amountMicros: z.number().int().describe('Debits are positive, credits negative'),
  postedAt: z.iso.datetime(),
  effectiveOn: z.string().describe('YYYY-MM-DD: the day whose books it belongs to'),
});

const period = z.object({
  month: z.string(),
  state: z.enum(['closing', 'closed']),
  closedBy: z.string().nullable(),
  closedAt: z.iso.datetime().nullable(),
});

const finding = z.object({
  problem: z.enum(Object.keys(LEDGER_PROBLEMS) as [keyof typeof LEDGER_PROBLEMS]),
  block: z.number().int().nullable(),
  transactionId: z.number().int().nullable(),
  detail: z.string(),
});

const accountPlace = z.tuple([z.string(), purpose, z.enum(CURRENCIES)]);
const OLDEST: readonly SortKey[] = [{ field: 'postedAt', kind: 'instant', descending: false }];

/** The books. */
export function ledgerRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/ledger/accounts',
      operationId: 'listLedgerAccounts',
      tag: 'ledger',
      summary: 'Ledger accounts with their balances',
      scope: 'ledger:read',
      query: page.extend({ accountId: id.optional() }),
      reply: listOf(balance),
      handle: async ({ db, query: { limit, cursor, accountId } }) => {
        const at = readCursor(cursor, accountPlace);
        const after = at && { accountId: at[0], purpose: at[1], currency: at[2] };
        const balances = await listLedgerBalances(db, { accountId, after, limit: limit + 1 });
        const shown = (one: (typeof balances)[number]) => ({
          ...one,
          balanceMicros: String(one.balanceMicros),
        });
        return {
          body: pageOf(balances, limit, shown, (last) => [last.accountId, last.purpose, last.currency]),
        };
      },
    }),
    route({
      method: 'get',
      path: '/ledger/entries',
      operationId: 'listLedgerEntries',
      tag: 'ledger',
      summary:
        'What was posted to the ledger accounts of an account, oldest first unless `sort` says otherwise',
      scope: 'ledger:read',
      query: page.extend({
        accountId: id,
        purpose: purpose.optional(),
        currency: currency.optional(),
        fromTime: queryInstant.optional().describe('UTC epoch milliseconds, inclusive'),
        toTime: queryInstant.optional().describe('UTC epoch milliseconds, exclusive'),
        sort: sortParam({ postedAt: 'instant' }),
      }),
      reply: listOf(ledgerEntry),
      handle: async ({ db, query: { accountId, fromTime, toTime, cursor, sort = OLDEST, ...filter } }) => {
        const at = readPosition(cursor, sort, numbered) as readonly [number, number] | undefined;
        const { lines, next } = await ledgerLines(db, accountId, {
          ...filter,
          from: fromTime,
          to: toTime,
          newestFirst: sort.some(({ descending }) => descending),
          cursor: at && { postedAt: at[0], entryId: at[1] },
        });
        const items = lines.map(({ account: _account, ...line }) => ({
          ...line,
          postedAt: line.postedAt.toISOString(),
        }));
        return {
          body: { items, nextCursor: next ? writePosition(sort, [next.postedAt, next.entryId]) : null },
        };
      },
    }),
    route({
      method: 'get',
      path: '/ledger/trial-balance',
      operationId: 'getTrialBalance',
      tag: 'ledger',
      summary: 'Debits, credits, and what is wrong with them (nothing)',
      scope: 'ledger:read',
      reply: z.object({
        debitsMicros: exactMicros,
        creditsMicros: exactMicros,
        imbalanceMicros: exactMicros,
        wrongBalances: z.number().int(),
      }),
      handle: async ({ db }) => {
        const { debitsMicros, creditsMicros, imbalanceMicros, wrongBalances } = await trialBalance(db);
        return {
          body: {
            debitsMicros: String(debitsMicros),
            creditsMicros: String(creditsMicros),
            imbalanceMicros: String(imbalanceMicros),
            wrongBalances,
          },
        };
      },
    }),
    route({
      method: 'get',
      path: '/ledger/verification',
      operationId: 'verifyLedgerChain',
      problems: [404],
      tag: 'ledger',
      summary: 'Hash the newest blocks of an account anew (dce ledger verify goes through all)',
      scope: 'ledger:read',
      query: z.strictObject({
        accountId: id.default('operator'),
        blocks: z.coerce.number().int().min(1).max(1_000).default(100),
      }),
      reply: z.object({
        accountId: z.string(),
        ok: z.boolean(),
        length: z.number().int().describe('Blocks of the chain'),
        blocks: z.number().int().describe('Blocks looked at'),
        entries: z.number().int().describe('Entries looked at'),
        head: z.string().describe('Hash of the last block, in hexadecimal: to be kept elsewhere'),
        findings: z.array(finding),
      }),
      handle: async ({ db, query: { accountId, blocks } }) => {
        const verified = await verifyNewestBlocks(db, accountId, blocks);
        if (!verified) {
          throw new AppError(
            'not_found',
            'ledger_chain_not_found',
            `nothing was ever posted to ${accountId}`,
          );
        }
        const findings = verified.findings.map((one) => ({
          problem: one.problem,
          block: one.block ?? null,
          transactionId: one.transactionId ?? null,
          detail: describeFinding(one),
        }));
        return { body: { ...verified, ok: findings.length === 0, findings } };
      },
    }),
    ...periodRoutes(),
  ];
}

/** Months whose books are closed. */
function periodRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/ledger/periods',
      operationId: 'listLedgerPeriods',
      tag: 'ledger',
      summary: 'Months whose books are closed, newest first',
      scope: 'ledger:read',
      reply: z.object({ items: z.array(period) }),
      handle: async ({ db }) => ({ body: { items: (await listPeriods(db)).map(periodBody) } }),
    }),
    route({
      method: 'get',
      path: '/ledger/periods/:month/balances',
      operationId: 'listPeriodBalances',
      tag: 'ledger',
      summary: 'What the ledger accounts of an account did in a closed month',
      scope: 'ledger:read',
      params: z.strictObject({ month }),
      query: z.strictObject({ accountId: id }),
      reply: z.object({
        items: z.array(
          z.object({
            ...ledgerAccount,
            openingMicros: exactMicros,
            debitsMicros: exactMicros,
            creditsMicros: exactMicros,
            closingMicros: exactMicros.describe('Opening + debits − credits'),
          }),
        ),
      }),
      handle: async ({ db, params, query }) => {
        const balances = await periodBalances(db, params.month, query.accountId);
        const items = balances.map(({ opening, debits, credits, closing, ...name }) => ({
          ...name,
          openingMicros: String(opening),
          debitsMicros: String(debits),
          creditsMicros: String(credits),
          closingMicros: String(closing),
        }));
        return { body: { items } };
      },
    }),
    route({
      method: 'post',
      path: '/ledger/periods/:month/close',
      operationId: 'closeLedgerPeriod',
      tag: 'ledger',
      summary: 'Close the books of a month: nothing is posted into it any more',
      scope: 'ledger:write',
      audited: 'apart',
      params: z.strictObject({ month }),
      reply: period,
      handle: async ({ db, params, caller, audit }) => {
        const closed = await closePeriod(whole(db), params.month, { by: caller.accountId });
        audit.changed(undefined, { state: closed.state });
        return { body: periodBody(closed) };
      },
    }),
  ];
}

function periodBody({ closedAt, ...one }: Awaited<ReturnType<typeof closePeriod>>): z.input<typeof period> {
  return { ...one, closedAt: closedAt?.toISOString() ?? null };
}

/** Closing is more than one transaction, which is why it is no operation of an Idempotency-Key. */
function whole(db: Queryable): Database {
  if (db instanceof Database) return db;
  throw new Error('a month is not closed within a transaction');
}
