import { z } from 'zod';
import type { StatementRequest } from '../../billing';
import { accountTimezone, readPeriod, readStatement, writeStatementCsv } from '../../billing';
import { AppError, TENANT_ROLES } from '../../domain';
import type { Queryable } from '../../storage';
import { readCursor, writeCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { assertOwnAccount } from '../own-account';
import { currency, id, page, queryInstant } from '../schemas';
import { sendFile } from '../send-file';

const exactMicros = z
  .string()
  .regex(/^-?\d+$/)
  .describe('Micro-units as a decimal text: what the account owes is positive, what it has negative');
const epoch = z.number().int().describe('UTC epoch milliseconds');

const span = {
  period: z
    .string()
    .max(24)
    .optional()
    .describe('By the calendar of the account: 2026-11, 2026-W47, 2026-11-21 or 2026-11-01..2026-11-16'),
  from: queryInstant.optional().describe('In place of a period: UTC epoch milliseconds'),
  to: queryInstant.optional().describe('UTC epoch milliseconds, the first that is not in it'),
  currency: currency.optional().describe("The account's own by default"),
};
type Span = z.output<z.ZodObject<typeof span>>;

const place = z.tuple([z.number().int(), z.number().int(), z.string().regex(/^-?\d{1,30}$/)]);
const CSV = 'text/csv';

/** What moved between the exchange and a party, with the balance after each movement. */
export function statementRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/statements/:id',
      operationId: 'getStatement',
      tag: 'invoices',
      summary: 'Statement of an account: balances, and every movement between them, oldest first',
      scope: 'statements:read',
      tenants: TENANT_ROLES,
      params: z.strictObject({ id }),
      query: page.extend(span),
      reply: z.object({
        accountId: z.string(),
        name: z.string(),
        currency: z.string(),
        timezone: z.string(),
        from: epoch,
        to: epoch,
        openingMicros: exactMicros,
        closingMicros: exactMicros,
        movements: z.array(
          z.object({
            transactionId: z.number().int(),
            kind: z.string(),
            callId: z.string().nullable(),
            reason: z.string().nullable(),
            postedAt: epoch,
            amountMicros: z.number().int(),
            balanceMicros: exactMicros.describe('After it'),
          }),
        ),
        nextCursor: z.string().nullable(),
      }),
      handle: async ({ db, params, query: { limit, cursor, ...wanted }, own }) => {
        assertOwnAccount(own, params.id);
        const at = readCursor(cursor, place);
        const after = at && { postedAt: at[0], transactionId: at[1], balance: at[2] };
        const request = await requestOf(db, params.id, wanted);
        const { next, movements, ...head } = await readStatement(db, request, limit, after);
        return {
          body: {
            ...head,
            ...request.period,
            openingMicros: String(head.openingMicros),
            closingMicros: String(head.closingMicros),
            movements: movements.map((one) => ({ ...one, balanceMicros: String(one.balanceMicros) })),
            nextCursor: next ? writeCursor([next.postedAt, next.transactionId, next.balance]) : null,
          },
        };
      },
    }),
    route({
      method: 'get',
      path: '/statements/:id/csv',
      operationId: 'getStatementCsv',
      tag: 'invoices',
      summary: 'The same as one file',
      scope: 'statements:read',
      tenants: TENANT_ROLES,
      params: z.strictObject({ id }),
      query: z.strictObject(span),
      reply: z.unknown(),
      streams: true,
      produces: CSV,
      handle: async ({ db, params, query, response, own }) => {
        assertOwnAccount(own, params.id);
        const request = await requestOf(db, params.id, query);
        await sendFile(
          response,
          { type: `${CSV}; charset=utf-8`, name: `statement-${params.id}.csv` },
          (write) => writeStatementCsv(db, request, write),
        );
        return { body: undefined };
      },
    }),
  ];
}

async function requestOf(db: Queryable, accountId: string, wanted: Span): Promise<StatementRequest> {
  const timezone = await accountTimezone(db, accountId);
  const { period, from, to, currency: wantedCurrency } = wanted;
  const read = period === undefined ? spanOf(from, to) : readPeriod(period, timezone);
  if (!read || (period !== undefined && (from !== undefined || to !== undefined))) {
    const message = 'must look like 2026-11, or be left out where from and to are given, from before to';
    throw new AppError('validation', 'invalid_period', 'say of which period', {
      errors: [{ in: 'query', pointer: '/period', message }],
    });
  }
  return { accountId, period: read, currency: wantedCurrency };
}

function spanOf(from: number | undefined, to: number | undefined): StatementRequest['period'] | undefined {
  return from === undefined || to === undefined || from >= to ? undefined : { from, to };
}
