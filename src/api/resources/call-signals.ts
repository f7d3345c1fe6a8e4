import { z } from 'zod';
import type { PostbackToken } from '../../billing';
import {
  createPostbackToken,
  listDeadSignals,
  listPostbackTokens,
  listSignals,
  moneyOfCall,
  redriveSignals,
  revisionsOfCall,
  revokePostbackToken,
  SIGNAL_VALUE,
} from '../../billing';
import { AppError, SIGNAL_KINDS } from '../../domain';
import type { ApiKeyIdentity, Queryable } from '../../storage';
import { getCall } from '../../storage';
import { readCursor, writeCursor } from '../cursor';
import type { MoneyServices } from '../money-rules';
import { assertOperator, ownOnly } from '../money-rules';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, name, page, printable } from '../schemas';
import { takeSignal } from '../take-postback';

const value = z.string().regex(SIGNAL_VALUE, '1 to 64 letters, digits, _ . : # * -');
const at = instant.optional().describe('When it happened, UTC epoch milliseconds; now by default');
const callName = z.strictObject({ id: id.describe('Our id of the call, or the reference of its buyer') });
const reference = printable(z.string().min(1).max(200)).describe(
  'The name that the buyer gave its offer for the call',
);

const signal = z.object({
  kind: z.enum(SIGNAL_KINDS),
  value: z.string(),
  at: z.number().int(),
  source: z.string().describe('Who told: `key:<id>` of an API key, `token:<id>`, `switch`'),
  receivedAt: z.iso.datetime(),
});
const taken = z.object({
  callId: z.string(),
  at: z.number().int(),
  isNew: z.boolean().describe('False when it was known before: nothing was changed'),
});
const token = z.object({
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  events: z.array(z.string()).describe('Events that it may tell of; none listed allows any'),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
});
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

/** What becomes known of calls, by whom, and what that makes of their money. */
export function callSignalRoutes(services: MoneyServices): Route[] {
  return [...signalRoutes(services), ...postbackRoutes(services), ...tokenRoutes(), ...moneyRoutes()];
}

function signalRoutes(services: MoneyServices): Route[] {
  return [
    route({
      method: 'get',
      path: '/calls/:id/signals',
      operationId: 'listCallSignals',
      tag: 'signals',
      summary: 'What became known of a call, the first first',
      scope: 'signals:read',
      params: z.strictObject({ id }),
      reply: z.object({ items: z.array(signal) }),
      handle: async ({ db, params, caller }) => {
        assertOperator(caller);
        const items = await listSignals(db, params.id);
        if (items.length === 0 && !(await getCall(db, params.id))) throw noCall(params.id);
        return {
          body: {
            items: items.map(({ kind, value: told, at: when, source, receivedAt }) => ({
              kind,
              value: told,
              at: when,
              source,
              receivedAt: receivedAt.toISOString(),
            })),
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/calls/:id/signals',
      operationId: 'addCallSignal',
      tag: 'signals',
      summary: 'Tell what became known of a call; its money follows. The same again changes nothing',
      scope: 'signals:write',
      params: callName,
      body: z.strictObject({
        kind: z.enum(SIGNAL_KINDS).describe('`keypress` is told by keys of the exchange alone'),
        value: value.describe('Name of the event, what the agent noted, the digits'),
        at,
      }),
      reply: taken,
      idempotent: true,
      handle: async ({ db, params, body, caller }) => {
        if (body.kind === 'keypress') assertOperator(caller);
        const { kind, value: told, at: when } = body;
        const report = { kind, value: told, at: when, ...whoTells(caller) };
        return { body: await takeSignal(db, services, { call: params.id, ...report }) };
      },
    }),
    route({
      method: 'get',
      path: '/signals/dead',
      operationId: 'listDeadSignals',
      tag: 'signals',
      summary: 'Signals that could not be brought into the money of their calls, oldest first, 200 at most',
      scope: 'signals:read',
      reply: z.object({
        items: z.array(
          z.object({
            callId: z.string(),
            signalId: z.number().int(),
            reason: z.string(),
            diedAt: z.iso.datetime(),
          }),
        ),
      }),
      handle: async ({ db, caller }) => {
        assertOperator(caller);
        const items = await listDeadSignals(db);
        return {
          body: { items: items.map((one) => ({ ...one, diedAt: one.diedAt.toISOString() })) },
        };
      },
    }),
    route({
      method: 'post',
      path: '/signals/dead/:id/redrive',
      operationId: 'redriveSignals',
      tag: 'signals',
      summary: 'Try the dead signals of a call again',
      scope: 'signals:write',
      params: z.strictObject({ id: id.describe('Of the call') }),
      reply: z.object({ callId: z.string(), signals: z.number().int() }),
      status: 202,
      handle: async ({ db, params, caller }) => {
        assertOperator(caller);
        const signals = await redriveSignals(db, params.id);
        if (signals > 0) return { body: { callId: params.id, signals } };
        throw new AppError(
          'not_found',
          'dead_signal_not_found',
          `no signal of call ${params.id} is waiting for a person`,
        );
      },
    }),
  ];
}

function noCall(wanted: string): AppError {
  return new AppError('not_found', 'call_not_found', `there is no call ${wanted}`);
}

function postbackRoutes(services: MoneyServices): Route[] {
  const told = {
    event: value.describe('Name of the event, e.g. `sale`'),
    at: z.coerce.number().int().positive().optional().describe('UTC epoch milliseconds; now by default'),
    token: z
      .string()
      .max(128)
      .optional()
      .describe('A postback token in place of an API key: GET is then answered with a pixel, POST with 204'),
  };
  const summary =
    'Tell of an event of a call by a URL, as other systems do; their own parameters are passed over';
  const common = { tag: 'signals', summary, scope: 'signals:write', reply: taken } as const;
  return (['get', 'post'] as const).flatMap((method) => {
    const named = method === 'get' ? 'Pixel' : '';
    return [
      route({
        ...common,
        method,
        path: '/calls/:id/postbacks',
        operationId: `sendPostback${named}`,
        params: callName,
        query: z.object(told),
        handle: async ({ db, params, query, caller, request }) =>
          takePostback(db, services, { call: params.id, ...query, caller, method: request.method }),
      }),
      route({
        ...common,
        method,
        path: '/postbacks',
        operationId: `sendReferencePostback${named}`,
        query: z.object({ ...told, reference }),
        handle: async ({ db, query, caller, request }) =>
          takePostback(db, services, { call: query.reference, ...query, caller, method: request.method }),
      }),
    ];
  });
}

async function takePostback(
  db: Queryable,
  services: MoneyServices,
  told: {
    readonly call: string;
    readonly event: string;
    readonly at?: number | undefined;
    readonly caller: ApiKeyIdentity;
    readonly method: string;
  },
): Promise<{ body: z.input<typeof taken> }> {
  const { call, event, at: when, caller, method } = told;
  // A look at the link is no postback.
  if (method === 'HEAD') return { body: { callId: call, at: 0, isNew: false } };
  const report = { kind: 'postback', value: event, at: when, ...whoTells(caller) } as const;
  return { body: await takeSignal(db, services, { call, ...report }) };
}

function whoTells(caller: ApiKeyIdentity): { source: string; accountId: string | undefined } {
  return { source: `key:${caller.keyId}`, accountId: ownOnly(caller) };
}

function tokenRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/postback-tokens',
      operationId: 'listPostbackTokens',
      tag: 'signals',
      summary: 'Tokens that buyers paste into other systems, newest first',
      scope: 'signals:read',
      query: page.extend({ accountId: id.optional() }),
      reply: z.object({ items: z.array(token), nextCursor: z.string().nullable() }),
      handle: async ({ db, query: { limit, cursor, accountId }, caller }) => {
        const [createdAt, last] =
          cursor === undefined ? [] : readCursor(cursor, z.tuple([z.number().int(), z.string()]));
        const rows = await listPostbackTokens(db, {
          accountId: ownOnly(caller) ?? accountId,
          after: createdAt === undefined || last === undefined ? undefined : { createdAt, id: last },
          limit: limit + 1,
        });
        const items = rows.slice(0, limit);
        const end = items.at(-1);
        const more = rows.length > limit && end;
        return {
          body: {
            items: items.map(shownToken),
            nextCursor: more ? writeCursor([end.createdAt.getTime(), end.id]) : null,
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/postback-tokens',
      operationId: 'createPostbackToken',
      tag: 'signals',
      summary: 'Make a token for postbacks on calls of one buyer; it is told this once',
      scope: 'signals:write',
      body: z.strictObject({
        accountId: id.optional().describe('An account of a buyer; of your own by default'),
        name,
        events: z.array(value).max(50).default([]).describe('Events that it may tell of; none allows any'),
        expiresAt: instant.optional().describe('UTC epoch milliseconds; never by default'),
      }),
      reply: token.extend({ token: z.string().describe('For `?token=`; it is stored as a hash') }),
      status: 201,
      idempotent: true,
      handle: async ({ db, body, caller }) => {
        const own = ownOnly(caller);
        const accountId = body.accountId ?? caller.accountId;
        if (own !== undefined && accountId !== own) {
          throw new AppError('forbidden', 'other_buyer', `this key speaks for ${own} alone`);
        }
        const { name: called, events, expiresAt } = body;
        const wish = { accountId, name: called, events, expiresAt, createdBy: caller.keyId };
        const { token: secret, made } = await createPostbackToken(db, wish);
        return { body: { ...shownToken(made), token: secret } };
      },
    }),
    route({
      method: 'delete',
      path: '/postback-tokens/:id',
      operationId: 'revokePostbackToken',
      tag: 'signals',
      summary: 'Revoke a token, at once and for good',
      scope: 'signals:write',
      params: z.strictObject({ id }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, params, caller }) => {
        if (await revokePostbackToken(db, params.id, ownOnly(caller))) return { body: undefined };
        throw new AppError('not_found', 'token_not_found', `there is no token ${params.id}`);
      },
    }),
  ];
}

function shownToken({
  expiresAt,
  revokedAt,
  createdAt,
  events,
  ...rest
}: PostbackToken): z.input<typeof token> {
  return {
    ...rest,
    events: [...events],
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}

function moneyRoutes(): Route[] {
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
      handle: async ({ db, params, caller }) => {
        assertOperator(caller);
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
