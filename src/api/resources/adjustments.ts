import { z } from 'zod';
import type { Adjustment, NewAdjustment } from '../../billing';
import {
  adjust,
  ADJUSTMENT_KINDS,
  ADJUSTMENT_STATES,
  approveAdjustment,
  CORRECTED_PURPOSES,
  getAdjustment,
  listAdjustments,
  rejectAdjustment,
} from '../../billing';
import { pageOf, readCursor } from '../cursor';
import type { MoneyServices } from '../money-rules';
import { actorOf, adjustmentRules } from '../money-rules';
import type { Route } from '../route';
import { route } from '../route';
import { currency, id, listOf, page, printable, someMoney, text } from '../schemas';

const adjustment = z.object({
  id: z.string(),
  kind: z.enum(ADJUSTMENT_KINDS),
  reference: z.string(),
  fromAccount: z.string().nullable().describe('The money goes from here …'),
  fromPurpose: z.enum(CORRECTED_PURPOSES).nullable(),
  toAccount: z.string().nullable().describe('… to there'),
  toPurpose: z.enum(CORRECTED_PURPOSES).nullable(),
  reversesId: z.number().int().nullable().describe('The ledger transaction that is taken back'),
  currency: z.string(),
  amount: z.number().int().describe('Micro-units'),
  reason: z.string(),
  state: z.enum(ADJUSTMENT_STATES).describe('`prepared` waits for another API key'),
  preparedBy: z.string(),
  preparedAt: z.iso.datetime(),
  resolvedBy: z.string().nullable().describe('The second person, where there was one'),
  resolvedAt: z.iso.datetime().nullable(),
  note: z.string().nullable(),
  transactionId: z.number().int().nullable(),
});

const basics = {
  reference: printable(z.string().trim().min(1).max(100)).describe(
    'Your name for it: the same one is the same adjustment, and is booked once',
  ),
  reason: text,
};
const amount = { currency, amount: someMoney };
const end = z.strictObject({ accountId: id, purpose: z.enum(CORRECTED_PURPOSES) });
const created = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('goodwill'), accountId: id.describe('A buyer'), ...amount, ...basics }),
  z.strictObject({
    kind: z.literal('clawback'),
    accountId: id.describe('A seller or carrier'),
    ...amount,
    ...basics,
  }),
  z.strictObject({ kind: z.literal('correction'), from: end, to: end, ...amount, ...basics }),
  z.strictObject({
    kind: z.literal('reversal'),
    transactionId: z.number().int().min(1).describe('Of the ledger: a top-up or an adjustment'),
    ...basics,
  }),
]);

const params = z.strictObject({ id });
const verdict = z.strictObject({ note: text.optional() });

/** Money that people move by hand: entries against entries, with who and why. */
export function adjustmentRoutes(services: MoneyServices): Route[] {
  return [
    route({
      method: 'get',
      path: '/adjustments',
      operationId: 'listAdjustments',
      tag: 'adjustments',
      summary: 'Money that was moved by hand, newest first',
      scope: 'adjustments:read',
      query: page.extend({
        state: z.enum(ADJUSTMENT_STATES).optional(),
        kind: z.enum(ADJUSTMENT_KINDS).optional(),
        accountId: id.optional().describe('At either end'),
      }),
      reply: listOf(adjustment),
      handle: async ({ db, query: { limit, cursor, ...filter } }) => {
        const before = readCursor(cursor, z.tuple([z.number().int()]))?.[0];
        const rows = await listAdjustments(db, { ...filter, before, limit: limit + 1 });
        return { body: pageOf(rows, limit, shown, (last) => [last.seq]) };
      },
    }),
    route({
      method: 'get',
      path: '/adjustments/:id',
      operationId: 'getAdjustment',
      tag: 'adjustments',
      summary: 'One of them',
      scope: 'adjustments:read',
      params,
      reply: adjustment,
      handle: async ({ db, params: { id: wanted } }) => {
        return { body: shown(await getAdjustment(db, wanted)) };
      },
    }),
    route({
      method: 'post',
      path: '/adjustments',
      operationId: 'createAdjustment',
      tag: 'adjustments',
      summary: 'Move money by hand; more than one person may move alone waits for another API key',
      scope: 'adjustments:write',
      body: created,
      reply: adjustment,
      status: 201,
      idempotent: true,
      handle: async ({ db, body, caller }) => {
        const wish: NewAdjustment = { ...body, by: actorOf(caller) };
        const { adjustment: made } = await adjust(db, wish, adjustmentRules(services));
        return { body: shown(made), location: `/adjustments/${made.id}` };
      },
    }),
    route({
      method: 'post',
      path: '/adjustments/:id/approve',
      operationId: 'approveAdjustment',
      tag: 'adjustments',
      summary: 'Agree to what another API key prepared: the money moves',
      scope: 'adjustments:write',
      params,
      body: verdict,
      reply: adjustment,
      idempotent: true,
      handle: async ({ db, params: { id: wanted }, body, caller }) => {
        return { body: shown(await approveAdjustment(db, wanted, actorOf(caller), body.note)) };
      },
    }),
    route({
      method: 'post',
      path: '/adjustments/:id/reject',
      operationId: 'rejectAdjustment',
      tag: 'adjustments',
      summary: 'Leave the money where it is',
      scope: 'adjustments:write',
      params,
      body: verdict,
      reply: adjustment,
      idempotent: true,
      handle: async ({ db, params: { id: wanted }, body, caller }) => {
        return { body: shown(await rejectAdjustment(db, wanted, actorOf(caller), body.note)) };
      },
    }),
  ];
}

function shown({ seq: _, preparedAt, resolvedAt, ...rest }: Adjustment): z.input<typeof adjustment> {
  return { ...rest, preparedAt: preparedAt.toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null };
}
