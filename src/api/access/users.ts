import { z } from 'zod';
import type { Principal } from '../../domain';
import { AppError, notFound, ROLES, TENANT_ROLES } from '../../domain';
import type { Queryable, User, UserLink } from '../../storage';
import {
  asExchange,
  changeUser,
  createUser,
  getUser,
  inTransaction,
  listUsers,
  makeUserLink,
  USER_STATUSES,
} from '../../storage';
import { RowList } from '../lists/row-list';
import { mistakeInBody } from '../problem';
import type { Route } from '../route';
import { route } from '../route';
import { id, listOf, name } from '../schemas';
import type { Access } from './access';
import { assertCovered, scopes } from './scopes';
import { email } from './sign-in';

const role = z.enum(ROLES).describe('Of the exchange: admin or auditor; others are what their account is');

const userSchema = z.object({
  id,
  accountId: id,
  email: z.string(),
  name,
  role,
  scopes: z.array(z.string()),
  status: z.enum(USER_STATUSES),
  totp: z.boolean(),
  lastSignInAt: z.iso.datetime().nullable(),
  resetAskedAt: z.iso.datetime().nullable().describe('When somebody said that the password was forgotten'),
  version: z.number().int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const linkSchema = z.object({
  kind: z.enum(['invitation', 'reset']),
  url: z.string().describe('To be handed to the user; told this once, and good for once'),
  expiresAt: z.iso.datetime(),
});

const list = new RowList({
  filters: {
    accountId: id.optional(),
    status: z.enum(USER_STATUSES).optional(),
    role: z.enum(ROLES).optional(),
    email: email.optional(),
  },
  ranges: { createdAt: 'instant', lastSignInAt: 'instant' },
  sortable: { email: 'text', name: 'text', createdAt: 'instant' },
});
const params = z.strictObject({ id });
const common = { tag: 'users', tenants: TENANT_ROLES } as const;

/** People who sign in: of all accounts for the exchange, of their own for others. */
export function userRoutes(access: Access): Route[] {
  return [
    route({
      ...common,
      method: 'get',
      path: '/users',
      operationId: 'listUsers',
      summary: 'List users',
      scope: 'users:read',
      query: list.query,
      reply: listOf(userSchema),
      handle: async ({ db, own, query }) => ({
        body: await list.page(query, own, (wanted) => listUsers(db, wanted), show),
      }),
    }),
    route({
      ...common,
      method: 'get',
      path: '/users/:id',
      operationId: 'getUser',
      summary: 'Get a user',
      scope: 'users:read',
      params,
      reply: userSchema,
      handle: async ({ db, own, params: { id: wanted } }) => shown(await find(db, own, wanted)),
    }),
    route({
      ...common,
      method: 'post',
      path: '/users',
      operationId: 'createUser',
      problems: [409],
      summary: 'Invite a user: the answer holds the link with which to set a password',
      scope: 'users:write',
      body: z.strictObject({
        email,
        name,
        accountId: id.optional().describe('The own account by default'),
        role: role.optional(),
        scopes: scopes.default(['*']),
      }),
      reply: userSchema.extend({ link: linkSchema }),
      status: 201,
      handle: async ({ db, own, caller, body }) => {
        assertCovered(caller.scopes, body.scopes);
        const accountId = body.accountId ?? caller.accountId;
        if (own !== undefined && accountId !== own)
          mistakeInBody('account_not_found', '/accountId')(notFound('account', accountId));
        const { user, link } = await changes(db, async (tx) => {
          const made = await createUser(tx, { ...body, accountId }).catch(
            mistakeInBody('account_not_found', '/accountId'),
          );
          return { user: made, link: await makeUserLink(tx, made.id, access.rules.invitationMs) };
        });
        return {
          body: { ...show(user), link: showLink(access, link) },
          etag: user.version,
          location: `/users/${user.id}`,
        };
      },
    }),
    route({
      ...common,
      method: 'patch',
      path: '/users/:id',
      operationId: 'changeUser',
      summary: 'Change a user; one who is disabled is signed out everywhere within five seconds',
      scope: 'users:write',
      params,
      body: z
        .strictObject({
          name: name.optional(),
          role: role.optional(),
          scopes: scopes.optional(),
          status: z.enum(['active', 'disabled']).optional(),
        })
        .refine((changes) => Object.keys(changes).length > 0, {
          error: 'nothing is to be changed',
          when: ({ issues }) => issues.length === 0,
        })
        .meta({ minProperties: 1 }),
      reply: userSchema,
      conditional: true,
      handle: async ({ db, own, caller, params: { id: wanted }, body, ifMatch }) => {
        const before = await findManaged(db, own, caller, wanted);
        ifMatch?.check(before.version);
        assertCovered(caller.scopes, body.scopes ?? []);
        const version = ifMatch ? before.version : undefined;
        return shown(await changes(db, (tx) => changeUser(tx, wanted, body, version)));
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: '/users/:id',
      operationId: 'disableUser',
      problems: [422],
      summary: 'Set a user to disabled; nothing is forgotten',
      scope: 'users:write',
      params,
      reply: z.unknown(),
      status: 204,
      conditional: true,
      handle: async ({ db, own, caller, params: { id: wanted }, ifMatch }) => {
        const before = await findManaged(db, own, caller, wanted);
        ifMatch?.check(before.version);
        const version = ifMatch ? before.version : undefined;
        await changes(db, (tx) => changeUser(tx, wanted, { status: 'disabled' }, version));
        return { body: undefined };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/users/:id/link',
      operationId: 'createUserLink',
      problems: [422],
      summary: 'Make a new link with which the user sets a password; an older one is good for nothing then',
      scope: 'users:write',
      params,
      reply: linkSchema,
      status: 201,
      handle: async ({ db, own, caller, params: { id: wanted } }) => {
        const user = await findManaged(db, own, caller, wanted);
        const { invitationMs, resetMs } = access.rules;
        const lastsMs = user.status === 'invited' ? invitationMs : resetMs;
        const link = await asExchange(db, (tx) => makeUserLink(tx, wanted, lastsMs));
        return { body: showLink(access, link), location: `/users/${wanted}` };
      },
    }),
  ];
}

/** What is the caller's own to change is changed by the exchange, in one transaction. */
function changes<T>(db: Queryable, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return asExchange(db, (whole) => inTransaction(whole, work));
}

/** @throws AppError `user_not_found`, also for one of another account */
async function find(db: Queryable, own: string | undefined, wanted: string): Promise<User> {
  const user = await getUser(db, wanted);
  if (!user || (own !== undefined && user.accountId !== own)) throw notFound('user', wanted);
  return user;
}

/**
 * A user whom somebody may manage: nobody becomes another, by a link of theirs, who may do more.
 * @throws AppError `user_not_found`, `scope_too_wide`
 */
async function findManaged(
  db: Queryable,
  own: string | undefined,
  caller: Principal,
  wanted: string,
): Promise<User> {
  const user = await find(db, own, wanted);
  try {
    assertCovered(caller.scopes, user.scopes);
  } catch {
    throw new AppError(
      'forbidden',
      'scope_too_wide',
      'this user may do more than you, and is managed by others',
    );
  }
  return user;
}

function shown(user: User): { body: z.input<typeof userSchema>; etag: number } {
  return { body: show(user), etag: user.version };
}

function show(user: User): z.input<typeof userSchema> {
  return {
    ...user,
    scopes: [...user.scopes],
    lastSignInAt: user.lastSignInAt?.toISOString() ?? null,
    resetAskedAt: user.resetAskedAt?.toISOString() ?? null,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
  };
}

function showLink(access: Access, link: UserLink): z.input<typeof linkSchema> {
  return { kind: link.kind, url: access.linkUrl(link), expiresAt: link.expiresAt.toISOString() };
}
