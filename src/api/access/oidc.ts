import { timingSafeEqual } from 'node:crypto';
import type { CallbackParamsType, Client, TokenSet } from 'openid-client';
import { custom, errors, generators, Issuer } from 'openid-client';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError, defined, notFound } from '../../domain';
import type { User } from '../../storage';
import { createUser, findLinkedUser, findUserByEmail, isLinked, linkUser, openSession } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';
import type { Access } from './access';
import type { OidcProvider } from './oidc-providers';
import { placeOf, signedIn } from './sign-in';

/** A sign-in at a provider may take so long, in milliseconds. */
const FLOW_MS = 600_000;
/** What a provider says of itself is gone by for so long, in milliseconds. */
const DISCOVERED_MS = 3_600_000;
const TIMEOUT_MS = 5_000;
/** Seconds that clocks may differ. */
const TOLERANCE_SECONDS = 10;
const CONSOLE = '/console/';

/** What is kept of a sign-in under way, sealed in a cookie: it goes on in the same browser alone. */
const flowSchema = z.object({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** UTC epoch milliseconds. */
  until: z.number(),
});
type Flow = z.infer<typeof flowSchema>;

const common = { tag: 'auth', scope: '', access: 'open', produces: 'text/html', streams: true } as const;
const params = z.strictObject({ id });

/**
 * Signing in with an OpenID provider (OpenID Connect Core 1.0 §3.1: authorization code flow), with PKCE
 * (RFC 7636), state and nonce, and the issuer of the answer looked at (RFC 9207).
 */
export function oidcRoutes(access: Access): Route[] {
  const clients = new OidcClients(access);
  return [
    route({
      method: 'get',
      path: '/auth/providers',
      operationId: 'listSignInProviders',
      tag: 'auth',
      summary: 'OpenID providers that people may sign in with',
      scope: '',
      access: 'open',
      reply: z.object({ items: z.array(z.object({ id, name: z.string() })) }),
      handle: () =>
        Promise.resolve({
          body: { items: access.rules.oidc.map((provider) => ({ id: provider.id, name: provider.name })) },
        }),
    }),
    route({
      ...common,
      method: 'get',
      path: '/auth/oidc/:id/start',
      operationId: 'startOidcSignIn',
      summary: 'Go to a provider to sign in; the browser comes back signed in, with cookies',
      params,
      query: z.strictObject({ cookies: z.literal('true').optional().describe('There are no others') }),
      reply: z.unknown(),
      status: 302,
      handle: async ({ params: { id: wanted }, request, response }) => {
        const provider = clients.provider(wanted);
        access.cookies.assertSafe(request);
        const client = await clients.of(provider);
        const flow: Flow = {
          provider: provider.id,
          state: generators.state(),
          nonce: generators.nonce(),
          verifier: generators.codeVerifier(),
          until: access.now() + FLOW_MS,
        };
        response.append('Set-Cookie', access.cookies.write(request, 'oidc', seal(access, flow), FLOW_MS));
        response.redirect(
          302,
          client.authorizationUrl({
            scope: [...new Set(['openid', 'email', 'profile', ...provider.scopes])].join(' '),
            state: flow.state,
            nonce: flow.nonce,
            code_challenge: generators.codeChallenge(flow.verifier),
            code_challenge_method: 'S256',
          }),
        );
        return { body: undefined };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/auth/oidc/:id/callback',
      operationId: 'finishOidcSignIn',
      summary: 'Where the provider sends the browser back to',
      audited: 'apart',
      params,
      query: z
        .object({
          code: z.string().max(4_096).optional(),
          state: z.string().max(256).optional(),
          iss: z.string().max(512).optional(),
          error: z.string().max(256).optional(),
        })
        .describe('As the provider sends it; what else it sends is not looked at'),
      reply: z.unknown(),
      status: 302,
      handle: async ({ params: { id: wanted }, query, request, response }) => {
        const provider = clients.provider(wanted);
        const flow = takeFlow(access, request, response, provider, query.state);
        const client = await clients.of(provider);
        const { code, state, iss, error } = query;
        const answer = defined({ code, state, iss, error });
        const person = await personOf(client, clients.redirectUri(provider), answer, flow);
        const user = await userOf(access, provider, person);
        const session = await access.database.transaction((tx) =>
          openSession(tx, user.id, undefined, placeOf(access, request), access.sessionRules),
        );
        if (!session) throw noUser();
        await signedIn(access, session, true, request, response);
        response.redirect(302, CONSOLE);
        return { body: undefined };
      },
    }),
  ];
}

/** What the providers say of themselves, for a while. */
class OidcClients {
  readonly #access: Access;
  readonly #known = new Map<string, { readonly client: Client; readonly at: number }>();

  constructor(access: Access) {
    this.#access = access;
  }

  /** @throws AppError `provider_not_found` */
  provider(wanted: string): OidcProvider {
    const found = this.#access.rules.oidc.find((provider) => provider.id === wanted);
    if (!found) throw notFound('provider', wanted);
    return found;
  }

  redirectUri({ id: name }: OidcProvider): string {
    return `${this.#access.rules.publicUrl}/api/v1/auth/oidc/${name}/callback`;
  }

  /** @throws AppError `provider_unavailable` */
  async of(provider: OidcProvider): Promise<Client> {
    const known = this.#known.get(provider.id);
    if (known && this.#access.now() - known.at < DISCOVERED_MS) return known.client;
    const client = await this.#discover(provider).catch((error: unknown) => {
      if (known) return known.client;
      throw unavailable(error);
    });
    this.#known.set(provider.id, { client, at: this.#access.now() });
    return client;
  }

  async #discover(provider: OidcProvider): Promise<Client> {
    const issuer = await Issuer.discover(provider.issuer);
    // OpenID Connect Discovery 1.0 §4.3: it is who we take it for.
    if (issuer.metadata.issuer !== provider.issuer) throw new Error('the provider calls itself otherwise');
    const { clientId, clientSecret } = provider;
    const client = new issuer.Client({
      client_id: clientId,
      redirect_uris: [this.redirectUri(provider)],
      response_types: ['code'],
      ...(clientSecret === undefined
        ? { token_endpoint_auth_method: 'none' }
        : { client_secret: clientSecret }),
    });
    client[custom.clock_tolerance] = TOLERANCE_SECONDS;
    return client;
  }
}

custom.setHttpOptionsDefaults({ timeout: TIMEOUT_MS });

/** Whom a provider says it is. */
interface Person {
  readonly subject: string;
  /** One that the provider says is theirs. */
  readonly email: string | undefined;
  readonly name: string | undefined;
}

/** @throws AppError `oidc_failed`, `provider_unavailable` */
async function personOf(
  client: Client,
  redirectUri: string,
  answer: CallbackParamsType,
  { state, nonce, verifier }: Flow,
): Promise<Person> {
  try {
    const checks = { state, nonce, code_verifier: verifier, response_type: 'code' };
    const tokens: TokenSet = await client.callback(redirectUri, answer, checks);
    const claims = tokens.claims();
    // Many tell the address at the userinfo endpoint alone; the library compares the subjects.
    const more =
      claims.email === undefined &&
      tokens.access_token !== undefined &&
      client.issuer.metadata.userinfo_endpoint
        ? await client.userinfo(tokens)
        : {};
    const { email, email_verified: verified, name } = { ...claims, ...more };
    return {
      subject: claims.sub,
      email: verified === true && typeof email === 'string' ? email.toLowerCase() : undefined,
      name: typeof name === 'string' ? name : undefined,
    };
  } catch (error) {
    if (error instanceof errors.OPError || error instanceof errors.RPError) {
      const why = error instanceof errors.OPError && error.error === 'access_denied';
      throw new AppError(
        'unauthorized',
        'oidc_failed',
        why ? 'the provider let nobody in' : 'what the provider answered is not good',
      );
    }
    throw unavailable(error);
  }
}

/**
 * The user that a person is: one who was linked, or whose address the provider has verified. Nobody is made a
 * user, but where the configuration says so of the domain of the address.
 * @throws AppError `no_user`, `email_not_verified`, `other_subject`
 */
async function userOf(access: Access, provider: OidcProvider, person: Person): Promise<User> {
  const linked = await findLinkedUser(access.database, provider.id, person.subject);
  if (linked) return linked;
  const { email } = person;
  if (email === undefined) {
    throw new AppError('forbidden', 'email_not_verified', 'the provider tells no verified e-mail address');
  }
  return access.database.transaction(async (tx) => {
    const found = await findUserByEmail(tx, email);
    // An address that was given to somebody else does not bring its former owner's rights along.
    if (found && (await isLinked(tx, provider.id, found.id))) {
      throw new AppError('forbidden', 'other_subject', 'the provider knows this user as somebody else');
    }
    const user = found ?? (await newUser());
    const known = user && (await linkUser(tx, provider.id, person.subject, user.id));
    if (!known) throw noUser();
    return known;

    async function newUser(): Promise<User | undefined> {
      const { autoCreate } = provider;
      const domain = email?.split('@')[1] ?? '';
      if (!autoCreate?.domains.includes(domain) || email === undefined) return undefined;
      const { accountId, role, scopes } = autoCreate;
      const called = (person.name ?? '')
        .replace(/[^\p{L}\p{N}\p{P} ]/gu, '')
        .trim()
        .slice(0, 100);
      return createUser(tx, {
        accountId,
        role,
        scopes,
        email,
        name: called === '' ? email.slice(0, 100) : called,
      });
    }
  });
}

function noUser(): AppError {
  return new AppError('forbidden', 'no_user', 'nobody of this address may sign in here');
}

function unavailable(error: unknown): AppError {
  return new AppError('unavailable', 'provider_unavailable', 'the provider cannot be asked just now', {
    cause: String(error),
  });
}

const PLACE = 'sign-in at a provider';

function seal({ vault }: Access, flow: Flow): string {
  return vault.seal(JSON.stringify(flow), PLACE).toString('base64url');
}

/**
 * What was begun in this browser; it goes on once.
 * @throws AppError `oidc_flow_over`
 */
function takeFlow(
  access: Access,
  request: Request,
  response: Response,
  provider: OidcProvider,
  state: string | undefined,
): Flow {
  const text = access.cookies.read(request, 'oidc');
  response.append('Set-Cookie', access.cookies.write(request, 'oidc', '', 0));
  const flow = text === undefined ? undefined : openFlow(access, text);
  if (flow?.provider !== provider.id || flow.until < access.now() || !isSame(flow.state, state ?? '')) {
    throw new AppError('unauthorized', 'oidc_flow_over', 'this sign-in was not begun here, or took too long');
  }
  return flow;
}

function openFlow({ vault }: Access, text: string): Flow | undefined {
  try {
    return flowSchema.parse(JSON.parse(vault.open(Buffer.from(text, 'base64url'), PLACE)));
  } catch {
    return undefined;
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
