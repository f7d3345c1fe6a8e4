import { z } from 'zod';
import { ledgerLinesOfCall } from '../../billing';
import type { CallState } from '../../domain';
import { AppError, CALL_STATES, defined, END_REASONS, notFound, TENANT_ROLES } from '../../domain';
import type { CallParty, Position, Queryable } from '../../storage';
import {
  getCall,
  getDecision,
  getTenantCall,
  listCalls,
  listTenantCalls,
  tenantCallIds,
} from '../../storage';
import { asIs, pageOf } from '../cursor';
import type { EventStreams } from '../event-streams';
import { callsFrom, NEWEST_CALLS, placeIn, RECEIVED, sortParam } from '../lists/list-order';
import type { Route } from '../route';
import { route } from '../route';
import { id, listOf, page, phoneNumber } from '../schemas';
import type { CallControlDesk } from './call-control';
import { liveRecording, MONITOR_MODES, shownRecording } from './call-control';
import { ledgerEntry } from './ledger';
import { callViews, ownBid, ownBids, ownLine, ownLines, partyOf } from './views/call-views';

/** Calls that are up on this node. */
export interface LiveCalls {
  list(): readonly { readonly callId: string; readonly state: CallState }[];
  /** False when no such call is up. */
  hangup(callId: string, detail: string): boolean;
}

const epoch = z.number().int().describe('UTC epoch milliseconds');
const call = z.object({
  id,
  nodeId: z.string(),
  sipCallId: z.string(),
  state: z.string(),
  endReason: z.string().nullable(),
  sipStatus: z.number().int().nullable(),
  detail: z.string().nullable(),
  trunkId: z.string(),
  from: z.string().nullable(),
  to: z.string(),
  origin: z.string(),
  campaignId: z.string().nullable(),
  buyerId: z.string().nullable(),
  targetId: z.string().nullable(),
  agentId: z.string().nullable().describe('The person who took it, where people were rung'),
  receivedAt: epoch,
  firstRingAt: epoch.nullable(),
  attendedAt: epoch
    .nullable()
    .describe('When the exchange itself answered the caller; null where it did not'),
  answeredAt: epoch.nullable().describe('When a buyer answered'),
  endedAt: epoch.nullable(),
  connectedMs: z.number().int(),
  attempts: z.unknown().describe('Targets rung, in order'),
  media: z.unknown().describe('What the media engine saw; null before the end'),
  transfers: z.unknown().describe('How the buyer handed the conversation on; null when it did not'),
  carried: z
    .array(
      z.object({
        direction: z.enum(['inbound', 'outbound']),
        trunkId: id,
        number: z.string().describe('That was called over it'),
        answeredAt: epoch,
        durationMs: z.number().int().describe('From its answer to its end'),
      }),
    )
    .nullable()
    .describe(
      'Legs that carriers are paid for, the way in first; null where they follow from the conversation, as long as it',
    ),
  plan: z
    .object({
      name: z.string(),
      version: z.number().int().describe('From 1; of plans that are files 0'),
      steps: z
        .array(
          z.object({
            at: epoch,
            step: z.string(),
            after: z.string().optional().describe('What the step before came to, e.g. `keys 1`'),
          }),
        )
        .describe('The first and the last of many'),
      tags: z.record(z.string(), z.string()).describe('At the end, but those that are secret'),
    })
    .nullable()
    .describe('How it went through its dialplan; null without one, or before the end'),
});

/** A call that is up has no end to tell of: what it carries beside these is for people. */
const liveCall = z.object({ callId: z.string(), state: z.enum(CALL_STATES) }).loose();

const ledgerLine = ledgerEntry.extend({
  account: z.string().describe('Name and purpose of the ledger account'),
});

const held = z
  .boolean()
  .nullable()
  .describe('Whether it is on hold; null when its node could not say so in time');

const standing = z
  .object({
    recording: liveRecording,
    monitoring: z
      .object({
        mode: z.enum(MONITOR_MODES),
        state: z.enum(['ringing', 'on']).describe('`ringing`: the phone of who is to listen'),
        own: z.boolean().describe('Whether they are people of the account that asks'),
      })
      .nullable()
      .describe('Who listens in'),
    can: z.array(z.enum(['record', 'monitor'])).describe('What the media engine of the call can do to it'),
  })
  .nullable()
  .describe('Of a call that was answered and is up; null when its node could not say so in time');

const wholeCall = call.extend({
  held,
  live: standing,
  decision: z.unknown(),
  decisionMicroseconds: z.number().nullable(),
  ledger: z.array(ledgerLine),
});

/** Live and past calls, each with its decision and its money. */
export function callRoutes(
  live: LiveCalls,
  control: Pick<CallControlDesk, 'list' | 'look'>,
  streams: EventStreams,
): Route[] {
  return [
    route({
      method: 'get',
      path: '/calls',
      operationId: 'listCalls',
      tag: 'calls',
      summary: 'Past and present calls, newest first unless `sort` says otherwise',
      scope: 'calls:read',
      tenants: TENANT_ROLES,
      query: page.extend({
        from: phoneNumber.optional().describe('Of the caller, in any notation'),
        to: phoneNumber.optional().describe('The number that was called'),
        trunkId: id.optional(),
        sellerId: id.optional(),
        targetId: id.optional(),
        endReason: z.enum(END_REASONS).optional(),
        minConnectedMs: z.coerce.number().int().min(0).max(86_400_000).optional(),
        state: z.enum(CALL_STATES).optional(),
        campaignId: id.optional(),
        buyerId: id.optional(),
        agentId: id.optional(),
        fromTime: z.coerce.number().int().optional().describe('UTC epoch milliseconds, inclusive'),
        toTime: z.coerce.number().int().optional().describe('UTC epoch milliseconds, exclusive'),
        sort: sortParam(RECEIVED),
      }),
      reply: listOf(z.union([call, ...callViews(call)])),
      handle: async ({ db, query, caller, own }) => {
        const { limit, cursor, sort = NEWEST_CALLS, ...filters } = query;
        const from = callsFrom(cursor, sort);
        const placeOf = (last: { readonly receivedAt: number; readonly id: string }): Position =>
          placeIn(sort, [last.receivedAt, last.id]);
        const party = partyOf(caller, own);
        if (party) {
          const { fromTime, toTime, minConnectedMs, sellerId, ...where } = defined(filters);
          // Who sells a call is the seller's own to know.
          if (sellerId !== undefined && (party.role !== 'seller' || sellerId !== party.accountId)) {
            return { body: { items: [], nextCursor: null } };
          }
          const wanted = { where, minConnectedMs, fromTime, toTime, ...from, limit: limit + 1 };
          const rows = await listTenantCalls(db, party, wanted);
          return { body: pageOf(rows, limit, asIs, placeOf) as never };
        }
        const rows = await listCalls(db, { ...defined(filters), limit: limit + 1, ...from });
        return { body: pageOf(rows, limit, asIs, placeOf) };
      },
    }),
    route({
      method: 'get',
      path: '/calls/live',
      operationId: 'listLiveCalls',
      tag: 'calls',
      summary: 'Calls that are up, on all nodes: the newest',
      scope: 'calls:read',
      tenants: TENANT_ROLES,
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(500) }),
      reply: z.object({
        items: z.array(liveCall),
        more: z.boolean().describe('There are more than were asked for'),
        silentNodes: z
          .number()
          .int()
          .nullable()
          .describe('Nodes that did not answer, whose calls are not among these; null: none could be asked'),
      }),
      handle: async ({ db, caller, own, query }) => {
        const { items: up, ...rest } = await control.list(query.limit);
        const party = partyOf(caller, own);
        if (!party) return { body: { items: up.map((one) => ({ ...one })), ...rest } };
        const ids = await tenantCallIds(
          db,
          party,
          up.map(({ callId }) => callId),
        );
        const theirs = up.filter(({ callId }) => ids.has(callId));
        return { body: { items: theirs.map(({ callId, state }) => ({ callId, state })), ...rest } };
      },
    }),
    route({
      method: 'get',
      path: '/calls/events',
      operationId: 'watchCalls',
      tag: 'calls',
      summary: 'What happens to calls, as it happens (Server-Sent Events)',
      scope: 'calls:read',
      reply: z.unknown(),
      streams: true,
      handle: ({ request, response }) => {
        streams.open(request, response);
        return Promise.resolve({ body: undefined });
      },
    }),
    route({
      method: 'get',
      path: '/calls/:id',
      operationId: 'getCall',
      tag: 'calls',
      summary: 'One call with its decision trace and its ledger lines',
      scope: 'calls:read',
      tenants: TENANT_ROLES,
      params: z.strictObject({ id }),
      reply: z.union([
        wholeCall,
        ...callViews(call, {
          held: held.optional().describe('Of a buyer’s calls: whether it is on hold'),
          live: standing.optional().describe('Of a buyer’s calls'),
          bids: z.array(ownBid),
          ledger: z.array(ownLine),
        }),
      ]),
      handle: async ({ db, params, caller, own }) => {
        const party = partyOf(caller, own);
        if (party) return { body: (await callOfParty(db, control, party, params.id)) as never };
        const row = await getCall(db, params.id);
        if (!row) throw notFound('call', params.id);
        const [decision, ledger] = await Promise.all([
          getDecision(db, params.id),
          ledgerLinesOfCall(db, params.id),
        ]);
        return {
          body: {
            ...row,
            ...(await standingOf(control, row, caller.accountId)),
            decision: decision?.decision ?? null,
            decisionMicroseconds: decision?.microseconds ?? null,
            ledger: ledger.map((line) => ({ ...line, postedAt: line.postedAt.toISOString() })),
          },
        };
      },
    }),
    route({
      method: 'delete',
      path: '/calls/:id',
      operationId: 'hangUpCall',
      tag: 'calls',
      summary: 'Hang up a call that is up on this node',
      scope: 'calls:write',
      audited: 'apart',
      params: z.strictObject({ id }),
      reply: z.unknown(),
      status: 204,
      handle: ({ params, caller }) => {
        if (!live.hangup(params.id, `hung up by ${caller.accountId}`)) {
          throw new AppError('not_found', 'call_not_live', `no call ${params.id} is up on this node`);
        }
        return Promise.resolve({ body: undefined });
      },
    }),
  ];
}

/** A call as a party sees it, with its own bids and its own money. @throws AppError `not_found` */
async function callOfParty(
  db: Queryable,
  control: Pick<CallControlDesk, 'look'>,
  party: CallParty,
  wanted: string,
): Promise<object> {
  const found = await getTenantCall(db, party, wanted);
  if (!found) throw notFound('call', wanted);
  const bids = await ownBids(db, party, found);
  const lines = await ledgerLinesOfCall(db, wanted);
  const standsAs = party.role === 'buyer' ? await standingOf(control, found, party.accountId) : {};
  return { ...found, ...standsAs, bids, ledger: ownLines(lines, party.accountId) };
}

/** Its node knows it alone: what is on hold is in no record. A call that nobody answered, or that is over, is not. */
async function standingOf(
  control: Pick<CallControlDesk, 'look'>,
  { id: callId, state }: { readonly id: string; readonly state?: unknown },
  accountId: string,
): Promise<{ held: boolean | null; live: z.input<typeof standing> }> {
  if (state !== 'answered') return { held: false, live: null };
  const call = await control.look(callId);
  if (!call) return { held: null, live: null };
  const { monitoring } = call;
  return {
    held: call.held,
    live: {
      recording: shownRecording(call.recording),
      monitoring: monitoring
        ? { mode: monitoring.mode, state: monitoring.state, own: monitoring.by.accountId === accountId }
        : null,
      can: [...call.can],
    },
  };
}
