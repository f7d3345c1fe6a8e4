import { z } from 'zod';
import { moneyOfCall, revisionsOfCall } from '../../billing';
import { AppError } from '../../domain';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';

const amount = z.number().int().describe('Micro-units');
const sums = { revenue: amount, payout: amount, fees: amount, taxes: amount, carrierCost: amount };
const line = z.object({
  kind: z.enum(['revenue', 'payout', 'fee', 'tax', 'carrier_cost']),
  accountId: z.string().describe('Who pays it, or earns it'),
  code: z.string(),
  text: z.string(),
  amount,
  currency: z.string(),
});
const money = z.object({
  callId: z.string(),
  currency: z.string(),
  ...sums,
  priced: z.string().describe('The rule that decides the revenue now, e.g. plan, conversions/0'),
  earned: z.string().describe('The rule that decides the payout now'),
  lines: z.array(line),
  revisions: z.array(
    z.object({
      n: z.number().int(),
      kind: z
        .enum(['rerating', 'reversal', 'award', 'correction'])
        .describe('Signals came; a part was given back; the seller got more; the settlement was wrong'),
      cause: z.string(),
      transactionId: z.number().int().nullable().describe('Of the ledger; null when no money moved'),
      ...sums,
      lines: z.array(line).describe('Differences'),
      createdAt: z.iso.datetime(),
    }),
  ),
});

/** What calls have cost and earned by everything that was booked for them. */
export function callMoneyRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/calls/:id/money',
      operationId: 'getCallMoney',
      tag: 'signals',
      summary: 'What a call has cost and earned by its settlement and everything after it, line by line',
      scope: 'settlements:read',
      params: z.strictObject({ id }),
      reply: money,
      handle: async ({ db, params }) => {
        const found = await moneyOfCall(db, params.id);
        if (!found) {
          throw new AppError(
            'not_found',
            'settled_call_not_found',
            `call ${params.id} is not settled, or was not sold`,
          );
        }
        const revisions = await revisionsOfCall(db, params.id);
        return {
          body: {
            ...found,
            lines: [...found.lines],
            revisions: revisions.map(
              ({ priced: _p, earned: _e, signals: _s, createdAt, lines, ...revision }) => ({
                ...revision,
                lines: [...lines],
                createdAt: createdAt.toISOString(),
              }),
            ),
          },
        };
      },
    }),
  ];
}
