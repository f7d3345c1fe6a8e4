import { z } from 'zod';
import { AppError, CALLBACK_STATES, notFound, principalName } from '../../domain';
import type { CallbackRow, Queryable } from '../../storage';
import { changeCallback, getCallback, listCallbacks } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, listOf, page, text } from '../schemas';

const callback = z.object({
  id: z.string(),
  callId: z.string().describe('The call in which it was asked for'),
  campaignId: z.string().nullable(),
  sellerId: z.string().nullable(),
  number: z.string(),
  ownNumber: z
    .boolean()
    .describe('The number that they called from; else they keyed it in, and it may be anybody’s'),
  state: z
    .enum(CALLBACK_STATES)
    .describe('`open`, `taken` by who calls, `done`, `expired` before anybody did, `refused` for good'),
  requestedAt: instant.describe('UTC epoch milliseconds, here and below'),
  notAfter: instant.describe('When they want no call any more'),
  takenBy: z.string().nullable(),
  takenAt: instant.nullable(),
  endedAt: instant.nullable(),
  note: z.string().nullable(),
  version: z.number().int(),
});
const params = z.strictObject({ id });
const change = z
  .strictObject({
    state: z.enum(['open', 'taken', 'done', 'refused']).optional(),
    note: text.nullable().optional().describe('For who calls next'),
  })
  .refine(
    ({ state, note }) => state !== undefined || note !== undefined,
    'a state, a note or both are needed',
  );

/** People who want to be called. They are the exchange's, which calls: numbers of persons are nobody else's. */
export function callbackRoutes(now: () => number): Route[] {
  const shared = { tag: 'calls' } as const;
  return [
    route({
      ...shared,
      method: 'get',
      path: '/callbacks',
      operationId: 'listCallbacks',
      summary: 'Callbacks that were asked for in calls, newest first',
      scope: 'callbacks:read',
      query: page.extend({
        state: z.enum(CALLBACK_STATES).optional(),
        campaignId: id.optional(),
        callId: id.optional(),
      }),
      reply: listOf(callback),
      handle: async ({ db, query: { limit, cursor, state, campaignId, callId } }) => {
        const at = readCursor(cursor, z.tuple([z.number().int(), id]));
        const after = at && { requestedAt: at[0], id: at[1] };
        const rows = await listCallbacks(db, { state, campaignId, callId, after, limit: limit + 1 });
        return { body: pageOf(rows, limit, shown, (last) => [last.requestedAt, last.id]) };
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/callbacks/:id',
      operationId: 'getCallback',
      summary: 'One callback',
      scope: 'callbacks:read',
      params,
      reply: callback,
      handle: async ({ db, params: { id: wanted } }) => {
        const row = await found(db, wanted);
        return { body: shown(row), etag: row.version };
      },
    }),
    route({
      ...shared,
      method: 'patch',
      path: '/callbacks/:id',
      operationId: 'changeCallback',
      summary: 'Take a callback, which one at a time does; give it back; say that it is done',
      scope: 'callbacks:write',
      params,
      conditional: true,
      body: change,
      reply: callback,
      problems: [409],
      handle: async ({ db, caller, params: { id: wanted }, body, ifMatch }) => {
        const before = await found(db, wanted);
        ifMatch?.check(before.version);
        const changed = await changeCallback(db, wanted, body, { by: principalName(caller), at: now() });
        if (!changed) {
          throw new AppError(
            'conflict',
            'callback_state',
            `a callback that is ${before.state} does not become that`,
            {
              errors: [{ in: 'body', pointer: '/state', message: `is not possible from ${before.state}` }],
            },
          );
        }
        return { body: shown(changed), etag: changed.version };
      },
    }),
  ];
}

/** @throws AppError `not_found` */
async function found(db: Queryable, wanted: string): Promise<CallbackRow> {
  const row = await getCallback(db, wanted);
  if (!row) throw notFound('callback', wanted);
  return row;
}

function shown(row: CallbackRow): z.input<typeof callback> {
  return { ...row };
}
