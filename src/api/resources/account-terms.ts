import { z } from 'zod';
import type { StoredTerms } from '../../billing';
import { addAccountTerms, listAccountTerms } from '../../billing';
import { AppError, notFound, principalName, TENANT_ROLES } from '../../domain';
import { EntityStore, inTransaction } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { assertOwnAccount } from '../own-account';
import { id, instant, listOf, micros, name, page, text } from '../schemas';

const code = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/)
  .describe('Stable name for programs and invoices, e.g. `platform`');

const fee = z
  .strictObject({
    code,
    name,
    basis: z.enum(['per_call', 'per_minute', 'share']).describe('By the minute: for each one begun'),
    amount: micros.default(0).describe('Of a call or a minute; 0 of a share'),
    shareBp: z
      .number()
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe("Basis points of the call's price, of a seller of its payout; 0 of an amount"),
    on: z.enum(['connected', 'converted']).describe('Every answered call, or those that cost something'),
  })
  .superRefine(({ basis, amount, shareBp }, context) => {
    const [idle, value] = basis === 'share' ? (['amount', amount] as const) : (['shareBp', shareBp] as const);
    if (value !== 0) {
      context.addIssue({ code: 'custom', path: [idle], message: `means nothing of a fee that is ${basis}` });
    }
  });

const tax = z.strictObject({
  code,
  name,
  ratePpm: z.number().int().min(0).max(1_000_000).describe('Millionths: 8.875 % is 88,750'),
  on: z
    .array(z.enum(['revenue', 'fees']))
    .min(1)
    .max(2)
    .describe('What of the charges is taxed; a seller is charged nothing but fees'),
});

/** Rules of one kind, each of another name. */
const rules = <Rule extends z.ZodType<{ readonly code: string }>>(rule: Rule): z.ZodArray<Rule> =>
  z
    .array(rule)
    .max(20)
    .superRefine((all, context) => {
      for (const [index, one] of all.entries()) {
        if (all.findIndex((other) => other.code === one.code) === index) continue;
        context.addIssue({ code: 'custom', path: [index, 'code'], message: 'is that of another one' });
      }
    });

const terms = z.object({
  id,
  accountId: z.string(),
  effectiveFrom: z.number().int().describe('UTC epoch milliseconds; until the next ones'),
  fees: z.array(fee),
  taxes: z.array(tax),
  note: z.string().nullable(),
  createdBy: z.string().nullable().describe('API key'),
  createdAt: z.iso.datetime(),
});

const body = z.strictObject({
  effectiveFrom: instant.optional().describe('UTC epoch milliseconds: now, which is the default, or later'),
  fees: rules(fee).default([]),
  taxes: rules(tax).default([]),
  note: text.optional().describe('Why, for people'),
});

const params = z.strictObject({ id });
const position = z.tuple([z.number().int(), z.number().int()]);

/** What accounts are charged besides the price of calls. */
export function accountTermsRoutes(now: () => number): Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts/:id/terms',
      operationId: 'listAccountTerms',
      tag: 'accounts',
      summary: 'Fees and taxes of an account, the latest first, those to come among them',
      scope: 'account_terms:read',
      tenants: TENANT_ROLES,
      params,
      query: page,
      reply: listOf(terms),
      handle: async ({ db, params: { id: wanted }, query: { limit, cursor }, own }) => {
        assertOwnAccount(own, wanted);
        if (!(await new EntityStore(db, 'account').get(wanted))) throw notFound('account', wanted);
        const at = readCursor(cursor, position);
        const before = at && { before: { at: at[0], id: at[1] } };
        const rows = await listAccountTerms(db, wanted, { limit: limit + 1, ...before });
        const show = own === undefined ? shown : shownToParty;
        return { body: pageOf(rows, limit, show, (last) => [last.effectiveFrom, last.id]) };
      },
    }),
    route({
      method: 'post',
      path: '/accounts/:id/terms',
      operationId: 'addAccountTerms',
      tag: 'accounts',
      summary: 'Fees and taxes from an instant on, all of them: they take the place of those before',
      scope: 'account_terms:write',
      params,
      body,
      reply: terms,
      status: 201,
      idempotent: true,
      handle: async ({ db, params: { id: accountId }, body: sent, caller }) => {
        const { effectiveFrom, fees, taxes, note } = sent;
        const wanted = { accountId, effectiveFrom, fees, taxes, note, createdBy: principalName(caller) };
        const added = await inTransaction(db, (tx) => addAccountTerms(tx, wanted as never, now()));
        if (added.ok) return { body: shown(added.terms), location: `/accounts/${accountId}/terms` };
        if (added.reason === 'no_such_account') throw notFound('account', accountId);
        throw REFUSED[added.reason]();
      },
    }),
  ];
}

const REFUSED = {
  in_the_past: () =>
    new AppError('unprocessable', 'terms_in_the_past', 'what held before is not changed', {
      errors: [{ pointer: '/effectiveFrom', message: 'is over: calls were charged by what held then' }],
    }),
  too_many: () =>
    new AppError('unprocessable', 'too_many_terms', 'an account has a thousand terms at most', {
      errors: [{ pointer: '/', message: 'would be one too many' }],
    }),
};

function shown({ id: row, createdAt, ...rest }: StoredTerms): z.input<typeof terms> {
  const { fees, taxes } = rest;
  return {
    ...rest,
    fees: [...fees],
    taxes: taxes.map(({ on, ...one }) => ({ ...one, on: [...on] })),
    id: String(row),
    createdAt: createdAt.toISOString(),
  };
}

/** What is charged, and not why people of the exchange say so. */
function shownToParty(row: StoredTerms): z.input<typeof terms> {
  return { ...shown(row), note: null, createdBy: null };
}
