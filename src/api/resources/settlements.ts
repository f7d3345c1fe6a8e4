import { z } from 'zod';
import type { Settlement, SettlementDifference } from '../../billing';
import {
  acceptDifference,
  DeadLetters,
  DIFFERENCE_STATES,
  dismissDifference,
  getDifference,
  getSettlement,
  listDifferences,
  listSettlements,
  settlementStatus,
} from '../../billing';
import { AppError } from '../../domain';
import { asIs, pageOf, readCursor } from '../cursor';
import { RowList } from '../lists/row-list';
import type { Route } from '../route';
import { route } from '../route';
import { currency, id, listOf, page, printable } from '../schemas';

const amount = z.number().int().describe('Micro-units');
const line = z.object({
  kind: z.enum(['revenue', 'payout', 'fee', 'tax', 'carrier_cost']),
  accountId: z.string().describe('Who pays it, or earns it'),
  code: z.string().describe('What it is for, or the rule that priced it'),
  text: z.string(),
  amount,
  currency: z.string(),
});
const sums = {
  connectedMs: z.number().int(),
  revenue: amount.describe('What the buyer pays for the call, in micro-units; fees and taxes on top'),
  payout: amount,
  fees: amount,
  taxes: amount,
  carrierCost: amount,
  lines: z.array(line),
};
const settlement = z.object({
  callId: z.string(),
  transactionId: z.number().int().nullable().describe('Of the ledger; null when no money moved'),
  currency: z.string(),
  ...sums,
  held: amount.describe('What was held for the call and taken over'),
  priced: z.string().describe('What decided the revenue, e.g. plan, conversions/0, short_call, duplicate'),
  earned: z.string().describe('What decided the payout'),
  settledAt: z.iso.datetime(),
});
const letter = z.object({
  callId: z.string(),
  reason: z.string(),
  diedAt: z.number().int().describe('UTC epoch milliseconds'),
});
const explainedLetter = letter.extend({
  endedAt: z.number().int().describe("When the call's end was stored"),
  history: z
    .array(
      z.object({
        event: z.enum(['round_failed', 'died', 'redriven']),
        reason: z.string().nullable(),
        by: z.string().nullable(),
        at: z.iso.datetime(),
      }),
    )
    .describe('Oldest first'),
});
const end = z.object({ ...sums, priced: z.string().nullable() });
const difference = z.object({
  callId: z.string(),
  kind: z.enum(['late_end']).describe('Its own end came after it had been closed for its node'),
  state: z.enum(DIFFERENCE_STATES),
  currency: z.string(),
  was: end,
  wouldBe: end,
  changes: z.array(line).describe('What accepting it books, or has booked: amounts are differences'),
  openedAt: z.iso.datetime(),
  resolvedBy: z.string().nullable().describe('Account of the API key that resolved it'),
  resolvedAt: z.iso.datetime().nullable(),
  note: z.string().nullable(),
  transactionId: z.number().int().nullable(),
});

const ofCall = z.strictObject({ id });
const rule = printable(z.string().min(1).max(200));
const verdict = z.strictObject({ note: printable(z.string().trim().max(2_000)).optional() });
const position = z.tuple([z.number().int(), id]);

const settled = new RowList({
  filters: {
    currency: currency.optional(),
    priced: rule.optional().describe('What decided the revenue'),
    earned: rule.optional().describe('What decided the payout'),
  },
  ranges: { settledAt: 'instant', revenue: 'number' },
  sortable: { settledAt: 'instant' },
  usual: [{ field: 'settledAt', kind: 'instant', descending: true }],
});
const differences = new RowList({
  filters: { state: z.enum(DIFFERENCE_STATES).optional(), currency: currency.optional() },
  ranges: { openedAt: 'instant', resolvedAt: 'instant' },
  sortable: { openedAt: 'instant' },
  usual: [{ field: 'openedAt', kind: 'instant', descending: true }],
});

/** What calls came to, the settlements that need a person, and calls whose end came late. */
export function settlementRoutes(): Route[] {
  return [...letterRoutes(), ...differenceRoutes(), ...settlementOfCallRoutes()];
}

function letterRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/settlements/status',
      operationId: 'getSettlementStatus',
      tag: 'settlements',
      summary: 'How many calls wait for their settlement, for how long, and for whom',
      scope: 'settlements:read',
      reply: z.object({
        open: z.number().int(),
        oldestOpenMs: z.number().int(),
        deadLetters: z.number().int(),
        openDifferences: z.number().int(),
      }),
      handle: async ({ db }) => ({ body: await settlementStatus(db) }),
    }),
    route({
      method: 'get',
      path: '/settlements/dead',
      operationId: 'listDeadSettlements',
      tag: 'settlements',
      summary: 'Settlements that no retry helped, oldest first',
      scope: 'settlements:read',
      query: page,
      reply: listOf(letter),
      handle: async ({ db, query: { limit, cursor } }) => {
        const at = readCursor(cursor, position);
        const rows = await new DeadLetters(db).list({
          limit: limit + 1,
          after: at && { diedAt: at[0], callId: at[1] },
        });
        return { body: pageOf(rows, limit, asIs, (last) => [last.diedAt, last.callId]) };
      },
    }),
    route({
      method: 'post',
      path: '/settlements/dead/redrive',
      operationId: 'redriveSettlements',
      tag: 'settlements',
      summary: 'Settle all of them again that are dead letters now',
      scope: 'settlements:write',
      reply: z.object({ redriven: z.number().int() }),
      status: 202,
      handle: async ({ db, caller }) => ({
        body: { redriven: await new DeadLetters(db).redriveAll(caller.accountId) },
      }),
    }),
    route({
      method: 'get',
      path: '/settlements/dead/:id',
      operationId: 'getDeadSettlement',
      tag: 'settlements',
      summary: 'A settlement that no retry helped, and what befell it',
      scope: 'settlements:read',
      params: ofCall,
      reply: explainedLetter,
      handle: async ({ db, params }) => {
        const found = await new DeadLetters(db).get(params.id);
        if (!found) throw noLetter(params.id);
        return {
          body: {
            ...found,
            history: found.history.map(({ at, ...incident }) => ({ ...incident, at: at.toISOString() })),
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/settlements/dead/:id/redrive',
      operationId: 'redriveSettlement',
      tag: 'settlements',
      summary: 'Settle it again',
      scope: 'settlements:write',
      params: ofCall,
      reply: z.object({ callId: z.string() }),
      status: 202,
      handle: async ({ db, params, caller }) => {
        if (!(await new DeadLetters(db).redrive(params.id, caller.accountId))) throw noLetter(params.id);
        return { body: { callId: params.id } };
      },
    }),
  ];
}

function differenceRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/settlements/differences',
      operationId: 'listSettlementDifferences',
      tag: 'settlements',
      summary:
        'Calls whose end came late and would have made another price, newest first unless `sort` says otherwise',
      scope: 'settlements:read',
      query: differences.query,
      reply: listOf(difference),
      handle: async ({ db, query }) => ({
        body: await differences.page(query, undefined, (wanted) => listDifferences(db, wanted), shown),
      }),
    }),
    route({
      method: 'get',
      path: '/settlements/differences/:id',
      operationId: 'getSettlementDifference',
      tag: 'settlements',
      summary: 'The difference about one call',
      scope: 'settlements:read',
      params: ofCall,
      reply: difference,
      handle: async ({ db, params }) => {
        const found = await getDifference(db, params.id);
        if (found) return { body: shown(found) };
        throw new AppError(
          'not_found',
          'settlement_difference_not_found',
          `there is no difference about call ${params.id}`,
        );
      },
    }),
    route({
      method: 'post',
      path: '/settlements/differences/:id/accept',
      operationId: 'acceptSettlementDifference',
      tag: 'settlements',
      summary: 'Move the money of a difference',
      scope: 'settlements:write',
      params: ofCall,
      body: verdict,
      reply: difference,
      idempotent: true,
      handle: async ({ db, params, body, caller }) => ({
        body: shown(await acceptDifference(db, { callId: params.id, by: caller.accountId, note: body.note })),
      }),
    }),
    route({
      method: 'post',
      path: '/settlements/differences/:id/dismiss',
      operationId: 'dismissSettlementDifference',
      tag: 'settlements',
      summary: 'Leave the money as it is',
      scope: 'settlements:write',
      params: ofCall,
      body: verdict,
      reply: difference,
      idempotent: true,
      handle: async ({ db, params, body, caller }) => ({
        body: shown(
          await dismissDifference(db, { callId: params.id, by: caller.accountId, note: body.note }),
        ),
      }),
    }),
  ];
}

function settlementOfCallRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/settlements',
      operationId: 'listSettlements',
      tag: 'settlements',
      summary: 'What calls came to, newest first unless `sort` says otherwise',
      scope: 'settlements:read',
      query: settled.query,
      reply: listOf(settlement),
      handle: async ({ db, query }) => ({
        body: await settled.page(query, undefined, (wanted) => listSettlements(db, wanted), settlementShown),
      }),
    }),
    route({
      method: 'get',
      path: '/settlements/:id',
      operationId: 'getSettlement',
      tag: 'settlements',
      summary: 'What a call came to, line by line',
      scope: 'settlements:read',
      params: ofCall,
      reply: settlement,
      handle: async ({ db, params }) => {
        const found = await getSettlement(db, params.id);
        if (found) return { body: settlementShown(found) };
        throw new AppError('not_found', 'settlement_not_found', `call ${params.id} has no settlement`);
      },
    }),
  ];
}

function noLetter(callId: string): AppError {
  return new AppError(
    'not_found',
    'dead_letter_not_found',
    `no settlement of call ${callId} is waiting for a person`,
  );
}

function settlementShown({ settledAt, lines, ...row }: Settlement): z.input<typeof settlement> {
  return { ...row, lines: [...lines], settledAt: settledAt.toISOString() };
}

function shown({
  openedAt,
  resolvedAt,
  was,
  wouldBe,
  changes,
  ...row
}: SettlementDifference): z.input<typeof difference> {
  return {
    ...row,
    was: { ...was, lines: [...was.lines] },
    wouldBe: { ...wouldBe, lines: [...wouldBe.lines] },
    changes: [...changes],
    openedAt: openedAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  };
}
