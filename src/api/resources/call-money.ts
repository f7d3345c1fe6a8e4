import { z } from 'zod';
import type { CallMoney, StoredRevision } from '../../billing';
import { moneyOfCall, revisionsOfCall } from '../../billing';
import { AppError, TENANT_ROLES } from '../../domain';
import { asExchange, getTenantCall } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';
import { partyOf } from './views/call-views';

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

/** What parties are told: what their own accounts paid and earned, and what was changed of that. */
const ownMoney = z.object({
  callId: z.string(),
  currency: z.string(),
  lines: z.array(line),
  revisions: z.array(z.object({ n: z.number().int(), lines: z.array(line), createdAt: z.iso.datetime() })),
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
      tenants: TENANT_ROLES,
      params: z.strictObject({ id }),
      reply: z.union([money, ownMoney]),
      handle: async ({ db, params, caller, own }) => {
        const party = partyOf(caller, own);
        if (party && !(await getTenantCall(db, party, params.id))) throw notSettled(params.id);
        // Lines of all parties lie together.
        const [found, revisions] = await asExchange(db, async (all) => [
          await moneyOfCall(all, params.id),
          await revisionsOfCall(all, params.id),
        ]);
        if (!found) throw notSettled(params.id);
        if (party) return { body: moneyOfParty(found, revisions, party.accountId) };
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

function notSettled(callId: string): AppError {
  return new AppError(
    'not_found',
    'settled_call_not_found',
    `call ${callId} is not settled, or was not sold`,
  );
}

function moneyOfParty(
  { callId, currency, lines }: CallMoney,
  revisions: readonly StoredRevision[],
  accountId: string,
): z.input<typeof ownMoney> {
  const own = <Line extends { readonly accountId: string }>(all: readonly Line[]): Line[] =>
    all.filter((one) => one.accountId === accountId);
  return {
    callId,
    currency,
    lines: own(lines),
    revisions: revisions
      .map(({ n, lines: changed, createdAt }) => ({
        n,
        lines: own(changed),
        createdAt: createdAt.toISOString(),
      }))
      .filter((revision) => revision.lines.length > 0),
  };
}
