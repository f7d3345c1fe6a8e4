import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Principal } from '../../domain';
import type { KeyRing } from './key-ring';
import { ALGORITHM } from './key-ring';

/** RFC 9068 §2.1: what it is, so that no other JWT of ours can be taken for one. */
const TYPE = 'at+jwt';
const MAX_LENGTH = 4_096;

/** What a token says that is genuine. Whether its session goes on is another matter. */
export interface TokenClaims {
  /** Of the user, or of the OAuth 2 client. */
  readonly subject: string;
  /** Undefined for a client. */
  readonly sessionId: string | undefined;
  readonly scopes: readonly string[];
  /** UTC epoch milliseconds. */
  readonly expiresAt: number;
}

/** Makes access tokens (RFC 9068: JWTs, here with RS256), and tells whether one is genuine. */
export class AccessTokens {
  readonly #keys: KeyRing;
  readonly #issuer: string;
  readonly #audience: string;
  readonly #now: () => number;

  /** @param now - UTC epoch milliseconds */
  constructor(
    keys: KeyRing,
    { issuer, audience }: { readonly issuer: string; readonly audience: string },
    now: () => number,
  ) {
    this.#keys = keys;
    this.#issuer = issuer;
    this.#audience = audience;
    this.#now = now;
  }

  /** @param lastsMs - milliseconds */
  async sign({ kind, id, accountId, role, scopes, sessionId }: Principal, lastsMs: number): Promise<string> {
    const { kid, key } = await this.#keys.signer();
    const issuedAt = Math.floor(this.#now() / 1_000);
    return new SignJWT({
      role,
      acc: accountId,
      scope: scopes.join(' '),
      ...(kind === 'client' ? { client_id: id } : { sid: sessionId }),
    })
      .setProtectedHeader({ alg: ALGORITHM, kid, typ: TYPE })
      .setIssuer(this.#issuer)
      .setAudience(this.#audience)
      .setSubject(id)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + Math.floor(lastsMs / 1_000))
      .sign(key);
  }

  /**
   * What a token says; undefined for one that is not ours, not for us, or over.
   * @throws the database's own error when the keys cannot be read
   */
  async verify(token: string): Promise<TokenClaims | undefined> {
    if (token.length > MAX_LENGTH) return undefined;
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid }) => {
          const key = kid === undefined ? undefined : await this.#keys.verifier(kid);
          if (!key) throw new errors.JWKSNoMatchingKey();
          return key;
        },
        {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer: this.#issuer,
          audience: this.#audience,
          requiredClaims: ['sub', 'iat', 'exp', 'scope'],
          currentDate: new Date(this.#now()),
        },
      );
      return claimsOf(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}

function claimsOf({ sub, exp, sid, client_id, scope }: JWTPayload): TokenClaims | undefined {
  if (sub === undefined || exp === undefined || typeof scope !== 'string') return undefined;
  const isClient = client_id === sub && sid === undefined;
  if (!isClient && typeof sid !== 'string') return undefined;
  return {
    subject: sub,
    sessionId: isClient ? undefined : (sid as string),
    scopes: scope.split(' ').filter((one) => one !== ''),
    expiresAt: exp * 1_000,
  };
}
