import { z } from 'zod';
import type { Dispute, DisputeEvent, Evidence, NewEvidence, Verdict } from '../../billing';
import {
  addEvidence,
  DISPUTE_REASONS,
  DISPUTE_SIDES,
  DISPUTE_STATES,
  listDisputeEvents,
  listDisputes,
  listEvidence,
  mustFindDispute,
  openDispute,
  resolveDispute,
  reviewDispute,
  withdrawDispute,
} from '../../billing';
import { asExchange } from '../../storage';
import { numbered, RowList } from '../lists/row-list';
import type { MoneyServices } from '../money-rules';
import { actorOf, disputeRules } from '../money-rules';
import type { Route } from '../route';
import { route } from '../route';
import { bearer, currency, id, listOf, printable, someMoney } from '../schemas';
import { callRefundRoutes } from './call-refunds';
import { disputeWindowRoutes } from './dispute-windows';

const shownAmount = z.number().int().describe('Micro-units');
/** Words of people, in several lines. */
const words = z
  .string()
  .trim()
  .min(1)
  .max(4_000)
  .regex(
    /^(?:[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])*$/,
    'holds a control character',
  );
const note = words.optional().describe('For whoever reads it later, the one who opened it included');
const reason = z.enum(DISPUTE_REASONS);
const side = z.enum(DISPUTE_SIDES);
const state = z.enum(DISPUTE_STATES);

const dispute = z.object({
  id: z.string(),
  callId: z.string(),
  side: side.describe(
    'Whose: the buyer wants money back, the seller more, the exchange gives back by itself',
  ),
  accountId: z.string(),
  state,
  reason,
  currency: z.string(),
  claimed: shownAmount,
  given: shownAmount.nullable().describe('Less than was claimed where no more was left of the call'),
  bearer: bearer.nullable(),
  text: z.string(),
  openedBy: z.string(),
  openedAt: z.iso.datetime(),
  closedBy: z.string().nullable(),
  closedAt: z.iso.datetime().nullable(),
  note: z.string().nullable(),
  revision: z.number().int().nullable().describe('The revision of the call’s money that it led to'),
  version: z.number().int(),
});
const event = z.object({
  event: z
    .enum(['opened', 'moved', 'revised'])
    .describe('`revised`: the money of the call changed meanwhile'),
  was: state.nullable(),
  state,
  amount: shownAmount.nullable().describe('Claimed, given, or what is left of the call'),
  revision: z.number().int().nullable(),
  note: z.string().nullable(),
  by: z.string().nullable(),
  at: z.iso.datetime(),
});
const evidence = z.object({
  n: z.number().int(),
  kind: z.enum(['snapshot', 'text', 'recording', 'call', 'file']),
  text: z.string().nullable(),
  reference: z.string().nullable(),
  fileName: z.string().nullable(),
  sha256: z.string().nullable(),
  content: z
    .unknown()
    .describe('Of the snapshot: the call, its decision in short and its money when it was opened'),
  by: z.string().nullable(),
  at: z.iso.datetime(),
});
const reference = printable(z.string().trim().min(1).max(200));
const newEvidence = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: words }),
  z.strictObject({ kind: z.literal('recording'), reference, text: words.optional() }),
  z.strictObject({ kind: z.literal('call'), reference, text: words.optional() }),
  z.strictObject({
    kind: z.literal('file'),
    fileName: printable(z.string().trim().min(1).max(255)),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
    text: words.optional(),
  }),
]);
const ofDispute = z.strictObject({ id });
const list = new RowList({
  filters: {
    state: state.optional(),
    side: side.optional(),
    reason: reason.optional(),
    callId: id.optional(),
    accountId: id.optional(),
    currency: currency.optional(),
  },
  ranges: { openedAt: 'instant', closedAt: 'instant', claimed: 'number' },
  sortable: { openedAt: 'instant', claimed: 'number' },
  tie: numbered,
});

/** Objections to the money of calls, and money of calls that is given back. */
export function disputeRoutes(services: MoneyServices): Route[] {
  return [
    ...readingRoutes(),
    ...movingRoutes(services),
    ...evidenceRoutes(),
    ...disputeWindowRoutes(),
    ...callRefundRoutes(),
  ];
}

function readingRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/disputes',
      operationId: 'listDisputes',
      tag: 'disputes',
      summary:
        'Disputes, newest first unless `sort` says otherwise: your own, or of everybody for keys of the exchange',
      scope: 'disputes:read',
      tenants: ['buyer', 'seller'],
      query: list.query,
      reply: listOf(dispute),
      handle: async ({ db, query, own }) => ({
        body: await list.page(query, own, (wanted) => listDisputes(db, wanted), shown),
      }),
    }),
    route({
      method: 'get',
      path: '/disputes/:id',
      operationId: 'getDispute',
      tag: 'disputes',
      summary: 'A dispute with everything that befell it',
      scope: 'disputes:read',
      tenants: ['buyer', 'seller'],
      params: ofDispute,
      reply: dispute.extend({ events: z.array(event).describe('Oldest first') }),
      handle: async ({ db, params, own }) => {
        const found = await mustFindDispute(db, params.id, own);
        const events = await listDisputeEvents(db, found.id);
        return { body: { ...shown(found), events: events.map(shownEvent) } };
      },
    }),
  ];
}

function movingRoutes(services: MoneyServices): Route[] {
  return [
    route({
      method: 'post',
      path: '/disputes',
      operationId: 'openDispute',
      tag: 'disputes',
      summary: 'Object to the money of a settled call; what is claimed of payouts is not paid out meanwhile',
      scope: 'disputes:write',
      tenants: ['buyer', 'seller'],
      body: z.strictObject({
        callId: id,
        side: side.optional().describe('For keys of the exchange: in whose name; its own by default'),
        reason,
        amount: someMoney.describe('Micro-units that are claimed'),
        text: words,
      }),
      reply: dispute,
      status: 201,
      idempotent: true,
      handle: async ({ db, body, caller }) => {
        const { amount: claimed, ...wish } = body;
        const opened = await asExchange(db, (all) =>
          openDispute(all, { ...wish, claimed, by: actorOf(caller) }, disputeRules(services)),
        );
        return { body: shown(opened), location: `/disputes/${opened.id}` };
      },
    }),
    route({
      method: 'post',
      path: '/disputes/:id/review',
      operationId: 'reviewDispute',
      tag: 'disputes',
      summary: 'Say that somebody looks at it',
      scope: 'disputes:write',
      params: ofDispute,
      body: z.strictObject({ note }),
      reply: dispute,
      idempotent: true,
      handle: async ({ db, params, body, caller }) => {
        const move = { disputeId: params.id, note: body.note, by: actorOf(caller) };
        return { body: shown(await reviewDispute(db, move)) };
      },
    }),
    route({
      method: 'post',
      path: '/disputes/:id/resolve',
      operationId: 'resolveDispute',
      tag: 'disputes',
      summary: 'Decide a dispute that was looked at; what is given is booked with it',
      scope: 'disputes:write',
      params: ofDispute,
      body: z.discriminatedUnion('state', [
        z.strictObject({ state: z.literal('rejected'), note }),
        z.strictObject({ state: z.literal('accepted'), bearer, note }),
        z.strictObject({
          state: z.literal('partly_accepted'),
          amount: someMoney.describe('Micro-units that are given: less than is claimed'),
          bearer,
          note,
        }),
      ]),
      reply: dispute,
      idempotent: true,
      handle: async ({ db, params, body, caller }) => {
        const { note: said, ...verdict } = body;
        const move = { disputeId: params.id, note: said, by: actorOf(caller) };
        return { body: shown(await resolveDispute(db, move, verdict satisfies Verdict)) };
      },
    }),
    route({
      method: 'post',
      path: '/disputes/:id/withdraw',
      operationId: 'withdrawDispute',
      tag: 'disputes',
      summary: 'Want nothing any more',
      scope: 'disputes:write',
      tenants: ['buyer', 'seller'],
      params: ofDispute,
      body: z.strictObject({ note }),
      reply: dispute,
      idempotent: true,
      handle: async ({ db, params, body, caller, own }) => {
        const { id: disputeId } = await mustFindDispute(db, params.id, own);
        const move = { disputeId, note: body.note, by: actorOf(caller) };
        return { body: shown(await asExchange(db, (all) => withdrawDispute(all, move, own))) };
      },
    }),
  ];
}

function evidenceRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/disputes/:id/evidence',
      operationId: 'listDisputeEvidence',
      tag: 'disputes',
      summary: 'What is brought forward, the first first; what the exchange knew is for its own keys',
      scope: 'disputes:read',
      tenants: ['buyer', 'seller'],
      params: ofDispute,
      reply: z.object({ items: z.array(evidence) }),
      handle: async ({ db, params, own }) => {
        const { id: disputeId } = await mustFindDispute(db, params.id, own);
        const items = await listEvidence(db, disputeId);
        // It tells what the other side pays or earns, and who else bid.
        const visible = own === undefined ? items : items.filter(({ kind }) => kind !== 'snapshot');
        return { body: { items: visible.map(shownEvidence) } };
      },
    }),
    route({
      method: 'post',
      path: '/disputes/:id/evidence',
      operationId: 'addDisputeEvidence',
      tag: 'disputes',
      summary: 'Bring something forward; it stays. Files stay where they are: their SHA-256 says which',
      scope: 'disputes:write',
      tenants: ['buyer', 'seller'],
      params: ofDispute,
      body: newEvidence,
      reply: evidence,
      status: 201,
      idempotent: true,
      handle: async ({ db, params, body, caller, own }) => {
        const { id: disputeId } = await mustFindDispute(db, params.id, own);
        const added = await asExchange(db, (all) =>
          addEvidence(all, { id: disputeId }, body satisfies NewEvidence, actorOf(caller)),
        );
        return { body: shownEvidence(added) };
      },
    }),
  ];
}

function shown({ seq: _, openedAt, closedAt, ...rest }: Dispute): z.input<typeof dispute> {
  return { ...rest, openedAt: openedAt.toISOString(), closedAt: closedAt?.toISOString() ?? null };
}

function shownEvent({ at, ...rest }: DisputeEvent): z.input<typeof event> {
  return { ...rest, at: at.toISOString() };
}

function shownEvidence({ at, ...rest }: Evidence): z.input<typeof evidence> {
  return { ...rest, at: at.toISOString() };
}
