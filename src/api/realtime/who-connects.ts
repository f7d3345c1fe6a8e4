import type { IncomingMessage } from 'node:http';
import type { Principal } from '../../domain';
import { allows } from '../../domain';
import type { Database } from '../../storage';
import { identifyApiKey, identifyPhoneSession, liveApiKeys, livePhoneTokens } from '../../storage';

/** Who watches: an agent, who sees its buyer, or somebody of an account. */
export type Watcher =
  | { readonly kind: 'agent'; readonly agentId: string; readonly buyerId: string }
  | { readonly kind: 'principal'; readonly principal: Principal };

/** Who tells whom a credential proves. Every method throws the database's own error when it cannot be asked. */
export interface Authenticates {
  fromToken(token: string): Promise<Principal | undefined>;
  fromCookies(
    request: Pick<IncomingMessage, 'headers' | 'socket'>,
  ): Promise<{ readonly principal: Principal; readonly token: string } | undefined>;
  stillGood(tokens: readonly string[]): Promise<Set<string>>;
}

/** The scope that an API key needs to see what agents do. */
const PRESENCE_SCOPE = 'presence:read';
const PHONE_TOKEN = 'dcep_';
const API_KEY = 'dce_';
/** An access token names its scopes. */
const MAX_TOKEN = 4_096;

/** API keys alone: nobody signs in. */
export function keysOnly(database: Database): Authenticates {
  return {
    fromToken: (token) => identifyApiKey(database, token),
    fromCookies: () => Promise.resolve(undefined),
    stillGood: (tokens) => liveApiKeys(database, tokens),
  };
}

/**
 * Who a token stands for, of a phone session, an API key or a session of a user; without one, whose cookies came
 * with the request.
 *
 * @returns with the token that {@link stillGood} takes
 * @throws the database's own error when it cannot be asked
 */
export async function whoConnects(
  database: Database,
  authenticates: Authenticates,
  token: unknown,
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
): Promise<{ readonly watcher: Watcher; readonly token: string } | undefined> {
  if (token === undefined) {
    const found = await authenticates.fromCookies(request);
    return found && { watcher: { kind: 'principal', principal: found.principal }, token: found.token };
  }
  if (typeof token !== 'string' || token.length > MAX_TOKEN) return undefined;
  if (token.startsWith(PHONE_TOKEN)) {
    const agent = await identifyPhoneSession(database, token);
    return agent && { watcher: { kind: 'agent', agentId: agent.agentId, buyerId: agent.buyerId }, token };
  }
  const principal = await authenticates.fromToken(token);
  return principal && { watcher: { kind: 'principal', principal }, token };
}

/** Whether somebody hears of agents without asking for it, as keys always did. */
export function hearsOfAgents({ kind, role, scopes }: Principal): boolean {
  return kind === 'key' && role !== 'seller' && role !== 'carrier' && allows(scopes, PRESENCE_SCOPE);
}

/** Somebody who is connected, with what was proven then. */
export interface Proven {
  readonly token: string;
  readonly watcher: Watcher;
}

/**
 * Which of these may stay: their credential is good still, and they may do what they might.
 * @throws the database's own error when it cannot be asked
 */
export async function stillGood<T extends Proven>(
  database: Database,
  authenticates: Authenticates,
  clients: readonly T[],
): Promise<Set<T>> {
  const tokens = [...new Set(clients.map(({ token }) => token))];
  const ofPhones = tokens.filter((token) => token.startsWith(PHONE_TOKEN));
  const keys = tokens.filter((token) => token.startsWith(API_KEY));
  const good = new Set<string>(ofPhones.length > 0 ? await livePhoneTokens(database, ofPhones) : []);
  if (keys.length > 0) for (const key of await authenticates.stillGood(keys)) good.add(key);
  const sessions = new Map<string, Principal | undefined>();
  for (const token of tokens) {
    if (!token.startsWith(PHONE_TOKEN) && !token.startsWith(API_KEY)) {
      sessions.set(token, await authenticates.fromToken(token));
    }
  }
  return new Set(
    clients.filter(({ token, watcher }) => {
      if (!sessions.has(token)) return good.has(token);
      const now = sessions.get(token);
      return now !== undefined && watcher.kind === 'principal' && isSame(now, watcher.principal);
    }),
  );
}

/** Who was given another role comes back with it. */
function isSame(a: Principal, b: Principal): boolean {
  return a.accountId === b.accountId && a.role === b.role && a.scopes.join() === b.scopes.join();
}
