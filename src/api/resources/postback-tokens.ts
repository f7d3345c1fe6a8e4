import { z } from 'zod';
import type { PostbackToken } from '../../billing';
import { createPostbackToken, listPostbackTokens, revokePostbackToken } from '../../billing';
import { notFound, principalName } from '../../domain';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { assertOwnInBody, isOfOthers, NOTHING } from '../own-account';
import { id, instant, listOf, name, page, signalValue } from '../schemas';

const token = z.object({
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  events: z.array(z.string()).describe('Events that it may tell of; none listed allows any'),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
});
/** What buyers paste into other systems. */
export function postbackTokenRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/postback-tokens',
      operationId: 'listPostbackTokens',
      tag: 'signals',
      summary: 'Tokens that buyers paste into other systems, newest first',
      scope: 'signals:read',
      tenants: ['buyer', 'seller'],
      query: page.extend({ accountId: id.optional() }),
      reply: listOf(token),
      handle: async ({ db, query: { limit, cursor, accountId }, own }) => {
        if (isOfOthers(own, accountId)) return { body: NOTHING };
        const at = readCursor(cursor, z.tuple([z.number().int(), z.string()]));
        const rows = await listPostbackTokens(db, {
          accountId: own ?? accountId,
          after: at && { createdAt: at[0], id: at[1] },
          limit: limit + 1,
        });
        return { body: pageOf(rows, limit, shownToken, (end) => [end.createdAt.getTime(), end.id]) };
      },
    }),
    route({
      method: 'post',
      path: '/postback-tokens',
      operationId: 'createPostbackToken',
      tag: 'signals',
      summary: 'Make a token for postbacks on calls of one buyer; it is told this once',
      scope: 'signals:write',
      tenants: ['buyer', 'seller'],
      body: z.strictObject({
        accountId: id.optional().describe('An account of a buyer; of your own by default'),
        name,
        events: z
          .array(signalValue)
          .max(50)
          .default([])
          .describe('Events that it may tell of; none allows any'),
        expiresAt: instant.optional().describe('UTC epoch milliseconds; never by default'),
      }),
      reply: token.extend({ token: z.string().describe('For `?token=`; it is stored as a hash') }),
      status: 201,
      idempotent: true,
      handle: async ({ db, body, caller, own }) => {
        const accountId = body.accountId ?? caller.accountId;
        assertOwnInBody(own, accountId, '/accountId');
        const { name: called, events, expiresAt } = body;
        const wish = { accountId, name: called, events, expiresAt, createdBy: principalName(caller) };
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
      tenants: ['buyer', 'seller'],
      params: z.strictObject({ id }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, params, own }) => {
        if (await revokePostbackToken(db, params.id, own)) return { body: undefined };
        throw notFound('token', params.id);
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
