import { z } from 'zod';
import { notFound, principalName, ROLES, TENANT_ROLES } from '../../domain';
import type { ApiKey, OAuthClient, Queryable } from '../../storage';
import {
  asExchange,
  createOAuthClient,
  getApiKey,
  getOAuthClient,
  issueApiKey,
  listApiKeys,
  listOAuthClients,
  revokeApiKey,
  revokeOAuthClient,
} from '../../storage';
import { RowList } from '../lists/row-list';
import { mistakeInBody } from '../problem';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, listOf, name } from '../schemas';
import { assertCovered, scopes } from './scopes';

const newCredential = z.strictObject({
  name,
  accountId: id.optional().describe('The own account by default'),
  role: z.enum(['admin', 'auditor']).optional().describe('Of what is of the exchange: admin by default'),
  scopes,
  expiresAt: instant.optional().describe('UTC epoch milliseconds; never by default'),
});

const credentialSchema = z.object({
  id,
  accountId: id,
  name,
  role: z.enum(ROLES),
  scopes: z.array(z.string()),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().describe('Within some minutes'),
  expiresAt: z.iso.datetime().nullable(),
});
type Shown = z.input<typeof credentialSchema>;

const list = new RowList({
  filters: { accountId: id.optional() },
  ranges: { createdAt: 'instant', lastUsedAt: 'instant', expiresAt: 'instant' },
  sortable: { name: 'text', createdAt: 'instant' },
});

/** What keys and clients differ in. */
interface Kind {
  readonly path: string;
  readonly what: string;
  readonly singular: string;
  readonly plural: string;
  readonly scope: string;
  /** The field of what is told once. */
  readonly secret: 'key' | 'clientSecret';
  create(
    tx: Queryable,
    wanted: Parameters<typeof issueApiKey>[1],
  ): Promise<{ readonly made: ApiKey | OAuthClient; readonly secret: string }>;
  list: typeof listApiKeys | typeof listOAuthClients;
  get: typeof getApiKey | typeof getOAuthClient;
  revoke: typeof revokeApiKey;
}

const KEYS: Kind = {
  path: 'keys',
  what: 'API key',
  singular: 'Key',
  plural: 'Keys',
  scope: 'keys',
  secret: 'key',
  create: async (tx, wanted) => {
    const { apiKey, key } = await issueApiKey(tx, wanted);
    return { made: apiKey, secret: key };
  },
  list: listApiKeys,
  get: getApiKey,
  revoke: revokeApiKey,
};

const CLIENTS: Kind = {
  path: 'oauth-clients',
  what: 'OAuth 2 client',
  singular: 'OauthClient',
  plural: 'OauthClients',
  scope: 'clients',
  secret: 'clientSecret',
  create: async (tx, wanted) => {
    const { client, secret } = await createOAuthClient(tx, wanted);
    return { made: client, secret };
  },
  list: listOAuthClients,
  get: getOAuthClient,
  revoke: revokeOAuthClient,
};

/** Keys and OAuth 2 clients of programs: of all accounts for the exchange, of their own for others. */
export function credentialRoutes(): Route[] {
  return [KEYS, CLIENTS].flatMap(routesOf);
}

function routesOf(kind: Kind): Route[] {
  const { path, what, singular, plural, scope } = kind;
  const common = { tag: path, tenants: TENANT_ROLES } as const;
  const params = z.strictObject({ id });
  const find = async (
    db: Queryable,
    own: string | undefined,
    wanted: string,
  ): Promise<ApiKey | OAuthClient> => {
    const found = await kind.get(db, wanted);
    if (!found || (own !== undefined && found.accountId !== own))
      throw notFound(kind.scope.slice(0, -1), wanted);
    return found;
  };
  return [
    route({
      ...common,
      method: 'get',
      path: `/${path}`,
      operationId: `list${plural}`,
      summary: `List every ${what} that was not revoked`,
      scope: `${scope}:read`,
      query: list.query,
      reply: listOf(credentialSchema),
      handle: async ({ db, own, query }) => ({
        body: await list.page<ApiKey | OAuthClient, Shown>(
          query,
          own,
          (wanted) => kind.list(db, wanted),
          show,
        ),
      }),
    }),
    route({
      ...common,
      method: 'get',
      path: `/${path}/:id`,
      operationId: `get${singular}`,
      summary: `Get an ${what}, without what proves it`,
      scope: `${scope}:read`,
      params,
      reply: credentialSchema,
      handle: async ({ db, own, params: { id: wanted } }) => ({ body: show(await find(db, own, wanted)) }),
    }),
    route({
      ...common,
      method: 'post',
      path: `/${path}`,
      operationId: `create${singular}`,
      summary: `Make an ${what}, with no more scopes than one's own; \`${kind.secret}\` is told this once`,
      scope: `${scope}:write`,
      body: newCredential,
      reply: credentialSchema.extend({ [kind.secret]: z.string() }),
      status: 201,
      handle: async ({ db, own, caller, body }) => {
        assertCovered(caller.scopes, body.scopes);
        const accountId = body.accountId ?? caller.accountId;
        if (own !== undefined && accountId !== own) {
          mistakeInBody('account_not_found', '/accountId')(notFound('account', accountId));
        }
        const wanted = { ...body, accountId, createdBy: principalName(caller) };
        const { made, secret } = await asExchange(db, (tx) => kind.create(tx, wanted));
        const reply = { ...show(made), [kind.secret]: secret };
        return { body: reply as never, location: `/${path}/${made.id}` };
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: `/${path}/:id`,
      operationId: `revoke${singular}`,
      summary: `Revoke an ${what}; it is good for nothing within five seconds`,
      scope: `${scope}:write`,
      params,
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, own, params: { id: wanted } }) => {
        const { id: found } = await find(db, own, wanted);
        await asExchange(db, (tx) => kind.revoke(tx, found));
        return { body: undefined };
      },
    }),
  ];
}

function show(one: ApiKey | OAuthClient): Shown {
  return {
    ...one,
    scopes: [...one.scopes],
    createdAt: one.createdAt.toISOString(),
    lastUsedAt: one.lastUsedAt?.toISOString() ?? null,
    expiresAt: one.expiresAt?.toISOString() ?? null,
  };
}
