import { z } from 'zod';
import { AppError } from '../../domain';
import { ledgerLinesOfCall } from '../../billing';
import type { CallRow, Queryable } from '../../storage';
import { getCall, getDecision, listCalls } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id, page } from '../schemas';

/** Calls that are up on this node. */
export interface LiveCalls {
  list(): readonly unknown[];
  /** False when no such call is up. */
  hangup(callId: string, detail: string): boolean;
}

/** Live news of calls. */
export interface CallNews {
  subscribe(listener: (event: unknown) => void): () => void;
}

const epoch = z.number().int();
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
  receivedAt: epoch,
  firstRingAt: epoch.nullable(),
  answeredAt: epoch.nullable(),
  endedAt: epoch.nullable(),
  connectedMs: z.number().int(),
  attempts: z.unknown(),
  media: z.unknown(),
});

const ledgerLine = z.object({
  transactionId: z.number().int(),
  account: z.string(),
  accountId: z.string(),
  purpose: z.string(),
  amountMicros: z.number().int().describe('Positive debits, negative credits'),
  currency: z.string(),
  postedAt: z.unknown(),
});

const MAX_BUFFERED = 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;

/** Live and past calls, each with its decision and its money. */
export function callRoutes(db: Queryable, live: LiveCalls, news: CallNews): Route[] {
  return [
    route({
      method: 'get',
      path: '/calls',
      tag: 'calls',
      summary: 'Past and present calls, newest first',
      scope: 'calls:read',
      query: page.extend({
        state: z.string().max(20).optional(),
        campaignId: id.optional(),
        buyerId: id.optional(),
        fromTime: z.coerce.number().int().optional().describe('UTC epoch milliseconds, inclusive'),
        toTime: z.coerce.number().int().optional().describe('UTC epoch milliseconds, exclusive'),
      }),
      reply: z.object({ items: z.array(call), nextCursor: z.string().nullable() }),
      handle: async ({ query: { limit, cursor, ...filters } }) => {
        const after = cursor === undefined ? undefined : readCursor(cursor);
        const given = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
        const rows = await listCalls(db, { ...given, limit: limit + 1, ...(after ? { after } : {}) });
        const items = rows.slice(0, limit);
        const last = items.at(-1);
        return { body: { items, nextCursor: rows.length > limit && last ? writeCursor(last) : null } };
      },
    }),
    route({
      method: 'get',
      path: '/calls/live',
      tag: 'calls',
      summary: 'Calls that are up on this node',
      scope: 'calls:read',
      reply: z.object({ items: z.array(z.unknown()) }),
      handle: () => Promise.resolve({ body: { items: [...live.list()] } }),
    }),
    route({
      method: 'get',
      path: '/calls/events',
      tag: 'calls',
      summary: 'What happens to calls, as it happens (Server-Sent Events)',
      scope: 'calls:read',
      reply: z.unknown(),
      streams: true,
      handle: ({ request, response }) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        response.write(': listening\n\n');
        const unsubscribe = news.subscribe((event) => {
          // A watcher that does not read is let go rather than kept in memory.
          if (response.writableLength > MAX_BUFFERED) response.destroy();
          else response.write(`data: ${JSON.stringify(event)}\n\n`);
        });
        const keepAlive = setInterval(() => response.write(': still here\n\n'), KEEP_ALIVE_MS);
        request.on('close', () => {
          clearInterval(keepAlive);
          unsubscribe();
        });
        return Promise.resolve({ body: undefined });
      },
    }),
    route({
      method: 'get',
      path: '/calls/:id',
      tag: 'calls',
      summary: 'One call with its decision trace and its ledger lines',
      scope: 'calls:read',
      params: z.strictObject({ id }),
      reply: call.extend({
        decision: z.unknown(),
        decisionMicroseconds: z.number().nullable(),
        ledger: z.array(ledgerLine),
      }),
      handle: async ({ params }) => {
        const row = await getCall(db, params.id);
        if (!row) throw new AppError('not_found', 'call_not_found', `there is no call ${params.id}`);
        const [decision, ledger] = await Promise.all([
          getDecision(db, params.id),
          ledgerLinesOfCall(db, params.id),
        ]);
        return {
          body: {
            ...row,
            decision: decision?.decision ?? null,
            decisionMicroseconds: decision?.microseconds ?? null,
            ledger,
          },
        };
      },
    }),
    route({
      method: 'delete',
      path: '/calls/:id',
      tag: 'calls',
      summary: 'Hang up a call that is up on this node',
      scope: 'calls:write',
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

function writeCursor(row: CallRow): string {
  return Buffer.from(`${row.receivedAt}|${row.id}`).toString('base64url');
}

function readCursor(cursor: string): { receivedAt: number; id: string } {
  const [receivedAt, callId] = Buffer.from(cursor, 'base64url').toString('utf8').split('|');
  const at = Number(receivedAt);
  if (!Number.isSafeInteger(at) || !callId)
    throw new AppError('validation', 'invalid_cursor', 'the cursor is none of ours');
  return { receivedAt: at, id: callId };
}
