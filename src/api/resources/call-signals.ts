import type { Principal } from '../../domain';
import { z } from 'zod';
import { listDeadSignals, listSignals, redriveSignals } from '../../billing';
import { AppError, notFound, SIGNAL_KINDS, ownOnly, principalName } from '../../domain';
import type { Queryable } from '../../storage';
import { asExchange, getCall } from '../../storage';
import type { MoneyServices } from '../money-rules';
import { assertOperator } from '../money-rules';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, printable, signalValue } from '../schemas';
import { takeSignal } from '../take-postback';
import { callMoneyRoutes } from './call-money';
import { postbackTokenRoutes } from './postback-tokens';

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
/** What becomes known of calls, by whom, and what that makes of their money. */
export function callSignalRoutes(services: MoneyServices): Route[] {
  return [
    ...signalRoutes(services),
    ...postbackRoutes(services),
    ...postbackTokenRoutes(),
    ...callMoneyRoutes(),
  ];
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
      handle: async ({ db, params }) => {
        const items = await listSignals(db, params.id);
        if (items.length === 0 && !(await getCall(db, params.id))) throw notFound('call', params.id);
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
      tenants: ['buyer', 'seller'],
      params: callName,
      body: z.strictObject({
        kind: z.enum(SIGNAL_KINDS).describe('`keypress` is told by keys of the exchange alone'),
        value: signalValue.describe('Name of the event, what the agent noted, the digits'),
        at,
      }),
      reply: taken,
      idempotent: true,
      handle: async ({ db, params, body, caller, audit }) => {
        if (body.kind === 'keypress') assertOperator(caller);
        const { kind, value: told, at: when } = body;
        const report = { kind, value: told, at: when, ...whoTells(caller) };
        const known = await asExchange(db, (all) =>
          takeSignal(all, services, { call: params.id, ...report }),
        );
        // It may be named by the reference of its buyer. What a caller keyed in is the caller's.
        audit.about('calls', known.callId);
        const value = kind === 'keypress' ? undefined : told;
        audit.changed(undefined, { kind, value, at: known.at, isNew: known.isNew });
        return { body: known };
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
      handle: async ({ db }) => {
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
      handle: async ({ db, params }) => {
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

function postbackRoutes(services: MoneyServices): Route[] {
  const told = {
    event: signalValue.describe('Name of the event, e.g. `sale`'),
    at: z.coerce.number().int().positive().optional().describe('UTC epoch milliseconds; now by default'),
    token: z
      .string()
      .max(128)
      .optional()
      .describe('A postback token in place of an API key: GET is then answered with a pixel, POST with 204'),
  };
  const summary =
    'Tell of an event of a call by a URL, as other systems do; their own parameters are passed over';
  const common = {
    tag: 'signals',
    summary,
    scope: 'signals:write',
    // Programs tell it of every call; it is kept by itself.
    audited: false,
    tenants: ['buyer', 'seller'],
    reply: taken,
  } as const;
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
        problems: [404],
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
    readonly caller: Principal;
    readonly method: string;
  },
): Promise<{ body: z.input<typeof taken> }> {
  const { call, event, at: when, caller, method } = told;
  // A look at the link is no postback.
  if (method === 'HEAD') return { body: { callId: call, at: 0, isNew: false } };
  const report = { kind: 'postback', value: event, at: when, ...whoTells(caller) } as const;
  return { body: await asExchange(db, (all) => takeSignal(all, services, { call, ...report })) };
}

function whoTells(caller: Principal): { source: string; accountId: string | undefined } {
  return { source: `key:${principalName(caller)}`, accountId: ownOnly(caller) };
}
