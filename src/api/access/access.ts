import type { Request } from 'express';
import type { Database, SessionRules, SignInTry, SignInTurn, User, UserLink, Vault } from '../../storage';
import type { ClientAddress } from '../client-address';
import { arrivedByTls, clientAddress } from '../client-address';
import { cookieSessionOf } from '../middleware/authenticate';
import { Passwords } from '../phone/passwords';
import { AccessTokens } from './access-tokens';
import { Authenticator } from './authenticator';
import { SessionCookies } from './cookies';
import { KeyRing } from './key-ring';
import type { AccessRules } from './rules';

/** What access is made of. */
export interface AccessParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly lockout: {
    take(attempt: SignInTry): Promise<SignInTurn>;
    forget(username: string): Promise<void>;
  };
  readonly rules: AccessRules;
  /** Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  readonly trustedProxies?: readonly string[];
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /**
   * Hands a link to a user who forgot the password. Nobody does by default: then an admin sees who asked, and
   * hands one over.
   */
  readonly tellOf?: (user: User, link: UserLink) => Promise<void>;
  /** Milliseconds from one hash of a password to the next. */
  readonly hashesApartMs?: number;
}

/** How people and programs get in, and prove from then on who they are. A process has one. */
export class Access {
  readonly database: Database;
  readonly vault: Vault;
  readonly lockout: AccessParts['lockout'];
  readonly rules: AccessRules;
  readonly now: () => number;
  readonly tellOf: AccessParts['tellOf'];
  readonly addressOf: ClientAddress;
  readonly cookies: SessionCookies;
  readonly keys: KeyRing;
  readonly tokens: AccessTokens;
  readonly authenticator: Authenticator;
  readonly passwords: Passwords;
  /** Told of a session that somebody ended: whoever is connected by it is let go. */
  onSessionOver: (sessionId: string) => void = () => undefined;

  constructor(parts: AccessParts) {
    const { database, vault, rules, now, monotonic, trustedProxies } = parts;
    this.database = database;
    this.vault = vault;
    this.lockout = parts.lockout;
    this.rules = rules;
    this.now = now;
    this.tellOf = parts.tellOf;
    this.addressOf = clientAddress(trustedProxies);
    this.cookies = new SessionCookies(arrivedByTls(trustedProxies));
    const tokenMs = Math.max(rules.tokenMs, rules.cookieMs);
    this.keys = new KeyRing({ database, vault, now, keyMs: rules.keyMs, tokenMs });
    this.tokens = new AccessTokens(this.keys, { issuer: rules.publicUrl, audience: rules.audience }, now);
    this.authenticator = new Authenticator({
      database,
      tokens: this.tokens,
      cookies: this.cookies,
      now,
      monotonic,
    });
    this.passwords = new Passwords(parts.hashesApartMs, rules.argon2);
  }

  get sessionRules(): SessionRules {
    const { refreshMs, sessionMs, sessionsPerUser } = this.rules;
    return { refreshMs, longestMs: sessionMs, mostPerUser: sessionsPerUser };
  }

  /** The token against CSRF that a request must show; undefined where no cookie proved who asks. */
  csrfOf(request: Request): string | undefined {
    const sessionId = cookieSessionOf(request);
    return sessionId === undefined ? undefined : this.csrfToken(sessionId);
  }

  /** What a page of ours shows to prove that it meant what its cookie came with: an HMAC of the session. */
  csrfToken(sessionId: string): string {
    return this.vault.fingerprint(`csrf ${sessionId}`).toString('base64url');
  }

  /** Where a link leads that sets a password. The token is in the fragment: no server is sent it. */
  linkUrl({ token }: UserLink): string {
    return `${this.rules.publicUrl}/console/link#token=${token}`;
  }
}
