import { z } from 'zod';
import { LEDGER_PURPOSES, ledgerBalances, trialBalance } from '../../billing';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';

/** A sum may be more than a number of JSON holds exactly. */
const exactMicros = z
  .string()
  .regex(/^-?\d+$/)
  .describe('Micro-units as a decimal text; positive debits, negative credits');

const balance = z.object({
  accountId: z.string(),
  purpose: z.enum(LEDGER_PURPOSES),
  currency: z.string(),
  balanceMicros: exactMicros,
});

/** The books. */
export function ledgerRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/ledger/balances',
      operationId: 'listLedgerBalances',
      tag: 'ledger',
      summary: 'Balances of ledger accounts',
      scope: 'ledger:read',
      query: z.strictObject({ accountId: id.optional() }),
      reply: z.object({ items: z.array(balance) }),
      handle: async ({ db, query }) => {
        const balances = await ledgerBalances(db, query.accountId);
        const items = balances.map((one) => ({ ...one, balanceMicros: String(one.balanceMicros) }));
        return { body: { items } };
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
  ];
}
