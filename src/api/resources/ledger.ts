import { z } from 'zod';
import type { DeadLetters } from '../../billing';
import { LEDGER_PURPOSES, ledgerBalances, trialBalance } from '../../billing';
import { AppError } from '../../domain';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';

const balance = z.object({
  accountId: z.string(),
  purpose: z.enum(LEDGER_PURPOSES),
  currency: z.string(),
  balanceMicros: z.number().int(),
});

/** Settlements that no retry helped. */
export type WaitingSettlements = Pick<DeadLetters, 'list' | 'redrive'>;

/** The books, and the settlements that need a person. */
export function ledgerRoutes(dead: WaitingSettlements): Route[] {
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
    route({
      method: 'get',
      path: '/settlements/dead',
      operationId: 'listDeadSettlements',
      tag: 'ledger',
      summary: 'Settlements that no retry helped',
      scope: 'ledger:read',
      reply: z.object({
        items: z.array(z.object({ callId: z.string(), reason: z.string(), diedAt: z.number() })),
      }),
      handle: async () => ({ body: { items: await dead.list() } }),
    }),
    route({
      method: 'post',
      path: '/settlements/dead/:id/redrive',
      operationId: 'redriveSettlement',
      tag: 'ledger',
      summary: 'Settle it again',
      scope: 'ledger:write',
      params: z.strictObject({ id }),
      reply: z.object({ callId: z.string() }),
      status: 202,
      handle: async ({ params }) => {
        if (!(await dead.redrive(params.id))) {
          throw new AppError(
            'not_found',
            'dead_letter_not_found',
            `no settlement of call ${params.id} is waiting for a person`,
          );
        }
        return { body: { callId: params.id } };
      },
    }),
  ];
}
