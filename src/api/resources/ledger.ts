import { z } from 'zod';
import { LEDGER_PURPOSES, ledgerBalances, trialBalance } from '../../billing';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';

const balance = z.object({
  accountId: z.string(),
  purpose: z.enum(LEDGER_PURPOSES),
  currency: z.string(),
  balanceMicros: z.number().int(),
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
      handle: async ({ db, query }) => ({ body: { items: await ledgerBalances(db, query.accountId) } }),
    }),
    route({
      method: 'get',
      path: '/ledger/trial-balance',
      operationId: 'getTrialBalance',
      tag: 'ledger',
      summary: 'Debits, credits, and what is wrong with them (nothing)',
      scope: 'ledger:read',
      reply: z.object({
        debitsMicros: z.number().int(),
        creditsMicros: z.number().int(),
        imbalanceMicros: z.number().int(),
        wrongBalances: z.number().int(),
      }),
      handle: async ({ db }) => ({ body: await trialBalance(db) }),
    }),
  ];
}
