import { hash } from 'node:crypto';
import type { Principal } from '../../domain';
import type { Database } from '../../storage';
import { identifyApiKey, identifyOAuthClient, identifySession, liveApiKeys } from '../../storage';
import type { AccessTokens } from './access-tokens';
import type { CookieRequest, SessionCookies } from './cookies';
import { meetOf } from './scopes';

/** How long who was found is remembered, which is how long a revocation may take. */
const CACHE_MS = 5_000;
const MAX_CACHED = 10_000;
const API_KEY = /^dce_[A-Za-z0-9_-]{4,124}$/;

interface Known {
  readonly principal: Principal;
  /** Monotonic milliseconds. */
  readonly until: number;
}

export interface AuthenticatorParts {
  readonly database: Database;
  /** Without them nobody signs in: API keys alone are known. */
  readonly tokens: AccessTokens | undefined;
  readonly cookies: SessionCookies | undefined;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/**
 * Tells whom a credential proves: an API key, an access token, or the cookie of a session. Whoever was found is
 * remembered for five seconds, by the SHA-256 of the credential alone: the time of a look-up tells nothing of it,
 * and none stays in memory. A token is genuine by its signature; that its session goes on, and what its user may
 * do now, the database says.
 *
 * Every method throws the database's own error when it cannot be asked.
 */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #known = new Map<string, Known>();

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** Whom an API key speaks for; undefined for one that is unknown, expired or revoked. */
  fromKey(key: string): Promise<Principal | undefined> {
    return this.#remembered(key, () => this.#findKey(key));
  }

  /** Whom a token proves: a JWT of ours, or an API key; undefined for one that is good for nothing. */
  fromToken(token: string): Promise<Principal | undefined> {
    return this.#remembered(token, () => this.#find(token));
  }

  /** Whom a credential proved a moment ago, where that is remembered. */
  known(credential: string): Principal | undefined {
    const known = this.#known.get(hashOf(credential));
    return known && this.#parts.monotonic() < known.until ? known.principal : undefined;
  }

  /** The token that the cookies of a request hold, good or not. */
  cookieOf(request: CookieRequest): string | undefined {
    return this.#parts.cookies?.read(request, 'access');
  }

  /**
   * Who is signed in by the cookies of a request, with the token that {@link stillGood} takes.
   * A page of another site cannot send them; that a page of ours meant it, a token against CSRF says.
   */
  async fromCookies(
    request: CookieRequest,
  ): Promise<{ readonly principal: Principal; readonly token: string } | undefined> {
    const token = this.cookieOf(request);
    const principal = token === undefined ? undefined : await this.fromToken(token);
    return principal && token !== undefined ? { principal, token } : undefined;
  }

  /** Which of these keys and tokens are good still, whatever is remembered. */
  async stillGood(tokens: readonly string[]): Promise<Set<string>> {
    const keys = tokens.filter((token) => API_KEY.test(token));
    const others = tokens.filter((token) => !API_KEY.test(token));
    const good = keys.length > 0 ? await liveApiKeys(this.#parts.database, keys) : new Set<string>();
    for (const token of others) if (await this.#find(token)) good.add(token);
    return good;
  }

  async #remembered(
    credential: string,
    find: () => Promise<Found | undefined>,
  ): Promise<Principal | undefined> {
    const remembered = this.known(credential);
    if (remembered) return remembered;
    const { monotonic, now } = this.#parts;
    const name = hashOf(credential);
    this.#known.delete(name);
    const startedAt = monotonic();
    const found = await find();
    if (!found) return undefined;
    if (this.#known.size >= MAX_CACHED) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    // From before it was asked: what was revoked meanwhile is not remembered for longer.
    const forMs = Math.min(CACHE_MS, found.expiresAt - now());
    this.#known.set(name, { principal: found.principal, until: startedAt + forMs });
    return found.principal;
  }

  async #find(token: string): Promise<Found | undefined> {
    if (API_KEY.test(token)) return this.#findKey(token);
    const claims = await this.#parts.tokens?.verify(token);
    if (!claims) return undefined;
    const { sessionId, subject, scopes, expiresAt } = claims;
    const current =
      sessionId === undefined
        ? await identifyOAuthClient(this.#parts.database, subject)
        : await identifySession(this.#parts.database, sessionId);
    if (current?.id !== subject) return undefined;
    return { principal: { ...current, scopes: meetOf(scopes, current.scopes) }, expiresAt };
  }

  async #findKey(key: string): Promise<Found | undefined> {
    const principal = await identifyApiKey(this.#parts.database, key);
    return principal && { principal, expiresAt: Infinity };
  }
}

function hashOf(credential: string): string {
  return hash('sha256', credential, 'base64');
}

interface Found {
  readonly principal: Principal;
  /** Of the credential itself, UTC epoch milliseconds. */
  readonly expiresAt: number;
}
