import { z } from 'zod';
import { listDisputeWindows, setDisputeWindow } from '../../billing';
import { AppError } from '../../domain';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { id, listOf, page } from '../schemas';

const window = z.object({
  accountId: z.string(),
  days: z.number().int(),
  updatedBy: z.string(),
  updatedAt: z.iso.datetime(),
});

/** How long accounts may dispute their calls. */
export function disputeWindowRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/dispute-windows',
      operationId: 'listDisputeWindows',
      tag: 'disputes',
      summary: 'Accounts that may dispute their calls for longer or shorter than usual',
      scope: 'disputes:read',
      query: page,
      reply: listOf(window),
      handle: async ({ db, query: { limit, cursor } }) => {
        const after = readCursor(cursor, z.tuple([z.string()]))?.[0];
        const rows = await listDisputeWindows(db, { after, limit: limit + 1 });
        const shown = (row: (typeof rows)[number]) => ({ ...row, updatedAt: row.updatedAt.toISOString() });
        return { body: pageOf(rows, limit, shown, (last) => [last.accountId]) };
      },
    }),
    route({
      method: 'post',
      path: '/dispute-windows',
      operationId: 'setDisputeWindow',
      tag: 'disputes',
      summary: 'Say how long an account may dispute its calls',
      scope: 'disputes:write',
      body: z.strictObject({
        accountId: id,
        days: z.number().int().min(0).max(365).describe('From the settlement of a call; 0 = never'),
      }),
      reply: window,
      idempotent: true,
      handle: async ({ db, body, caller }) => {
        const set = await setDisputeWindow(db, body.accountId, body.days, caller.accountId);
        if (!set) {
          throw new AppError(
            'unprocessable',
            'reference_not_found',
            `there is no account ${body.accountId}`,
            { errors: [{ pointer: '/accountId', message: 'is no account' }] },
          );
        }
        return { body: { ...set, updatedAt: set.updatedAt.toISOString() } };
      },
    }),
  ];
}
