import type { RequestView } from '../sip/sip-stack';
import type { Flow } from './bindings';
import type { ShortLived } from './credentials';
import { passwordOf, readShortLived } from './credentials';
import type { DigestAlgorithm, DigestCredentials } from './digest';
import { challenges, DIGEST_ALGORITHMS, ha1, parseDigest, provesPassword } from './digest';
import type { Attempt, Lockout } from './lockout';
import type { Nonces } from './nonces';
import type { PhoneDirectory, PhoneUser } from './phone-directory';

export interface AuthenticatorOptions {
  readonly directory: PhoneDirectory;
  readonly nonces: Nonces;
  readonly lockout: Lockout;
  readonly realm: string;
  /** How passwords may be proven. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Of short-lived credentials. */
  readonly secret: Buffer;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Whose phone a connection is known to be. */
  readonly agentOfFlow: (flow: Flow) => string | undefined;
  /** Somebody failed so often that further tries must wait. */
  readonly onLocked?: ((attempt: Attempt) => void) | undefined;
}

/** What comes of looking at a request's credentials. */
export type Authentication =
  | { readonly kind: 'user'; readonly user: PhoneUser }
  /** To be answered with these WWW-Authenticate headers. `failed`: there was a password, and it was wrong. */
  | { readonly kind: 'challenge'; readonly headers: readonly string[]; readonly failed: boolean }
  | { readonly kind: 'bad'; readonly reason: string }
  /** Milliseconds until a password is looked at again. */
  | { readonly kind: 'locked'; readonly waitMs: number }
  | { readonly kind: 'forbidden'; readonly reason: string }
  | { readonly kind: 'unavailable' };

/** Hashed in place of what an unknown user does not have. */
const NO_PASSWORD = '';

/** Tells who sends a request, by digest (RFC 7616, RFC 8760). */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * Never rejects.
   * @param method - of the request, over which the digest is made (RFC 7616 §3.4.3)
   */
  async identify(method: string, request: RequestView): Promise<Authentication> {
    const { realm, algorithms, directory } = this.#options;
    const parsed = parseDigest(request.header('Authorization'), realm);
    if (parsed.kind === 'bad') return parsed;
    if (parsed.kind === 'none' || !algorithms.includes(parsed.credentials.algorithm)) {
      return this.#challenge(request, false, false);
    }
    const { credentials } = parsed;
    const shortLived = readShortLived(credentials.username);
    const agent = shortLived && directory.agent(shortLived.agentId);
    return agent
      ? this.#byMinted(method, request, credentials, agent, shortLived)
      : this.#byPassword(method, request, credentials);
  }

  /** Nobody guesses 256 bits: these are looked at even where others must wait, and lock no user out. */
  #byMinted(
    method: string,
    request: RequestView,
    credentials: DigestCredentials,
    user: PhoneUser,
    { issuedAt, expiresAt }: ShortLived,
  ): Authentication {
    const refusal = this.#checkUse(request, credentials);
    if (refusal) return refusal;
    const { algorithm, username, realm } = credentials;
    const secret = ha1(algorithm, username, realm, passwordOf(this.#options.secret, username));
    const attempt: Attempt = { userId: undefined, address: request.sourceAddress };
    if (!provesPassword(method, secret, credentials)) return this.#failed(request, attempt);
    if (expiresAt <= this.#options.now()) return { kind: 'forbidden', reason: 'Credentials Expired' };
    if ((user.signedOutAt ?? 0) > issuedAt) return { kind: 'forbidden', reason: 'Signed Out' };
    return this.#admit(request, user);
  }

  async #byPassword(
    method: string,
    request: RequestView,
    credentials: DigestCredentials,
  ): Promise<Authentication> {
    const { directory } = this.#options;
    const user = directory.byUsername(credentials.username);
    const attempt: Attempt = {
      userId: user?.id,
      stranger: user ? undefined : credentials.username,
      address: request.sourceAddress,
    };
    const before = this.#locked(request, attempt);
    if (before) return before;
    const refusal = this.#checkUse(request, credentials);
    if (refusal) return refusal;
    let secret: string | undefined;
    try {
      secret = await directory.ha1(user?.id ?? credentials.username, credentials.algorithm);
    } catch {
      return { kind: 'unavailable' };
    }
    // Others that were under way meanwhile may have failed: many at once get no more tries than one by one.
    const meanwhile = this.#locked(request, attempt);
    if (meanwhile) return meanwhile;
    const proven = provesPassword(method, secret ?? NO_PASSWORD, credentials);
    if (!proven || secret === undefined || !user) return this.#failed(request, attempt);
    return this.#admit(request, user);
  }

  #admit(request: RequestView, user: PhoneUser): Authentication {
    this.#options.lockout.succeeded(user.id, request.sourceAddress);
    if (user.status !== 'active') return { kind: 'forbidden', reason: 'Agent Disabled' };
    return { kind: 'user', user };
  }

  /** Whoever holds a connection on which the user is registered is the user: nobody else can be on it. */
  #locked(request: RequestView, attempt: Attempt): Authentication | undefined {
    const waitMs = this.#options.lockout.pauseOf(attempt);
    if (waitMs === 0) return undefined;
    const own = attempt.userId !== undefined && this.#options.agentOfFlow(flowOf(request)) === attempt.userId;
    return own && request.transport !== 'udp' ? undefined : { kind: 'locked', waitMs };
  }

  #failed(request: RequestView, attempt: Attempt): Authentication {
    const { lockout, onLocked } = this.#options;
    // Who waits already is no news.
    const waits = lockout.pauseOf(attempt) > 0;
    if (lockout.failed(attempt) && !waits) onLocked?.(attempt);
    return this.#locked(request, attempt) ?? this.#challenge(request, false, true);
  }

  /** Nonce, count, and what the password was proven for; nothing that a wrong one here costs is counted. */
  #checkUse(request: RequestView, credentials: DigestCredentials): Authentication | undefined {
    const { nonce, nc, uri } = credentials;
    if (hostOf(uri) === undefined || hostOf(uri) !== hostOf(request.requestUri)) {
      return { kind: 'bad', reason: 'uri of Authorization is not that of the request' };
    }
    const state = this.#options.nonces.use(nonce, nc, request.sourceAddress);
    return state === 'fresh' ? undefined : this.#challenge(request, true, false);
  }

  #challenge(request: RequestView, stale: boolean, failed: boolean): Authentication {
    const { realm, algorithms, nonces } = this.#options;
    const nonce = nonces.mint(request.sourceAddress);
    // Of several challenges the libraries of browsers see the last one alone, and know MD5 alone.
    const order = DIGEST_ALGORITHMS.filter((algorithm) => algorithms.includes(algorithm));
    return { kind: 'challenge', headers: challenges(order, realm, nonce, stale), failed };
  }
}

/** The connection that a request came on. */
export function flowOf(request: RequestView): Flow {
  return { transport: request.transport, address: request.sourceAddress, port: request.sourcePort };
}

/** Phones differ in port and parameters between the two places, not in the host. */
function hostOf(uri: string): string | undefined {
  return /^sips?:(?:[^@]*@)?(\[[0-9a-f:.]+\]|[^:;?]+)/i.exec(uri)?.[1]?.toLowerCase();
}
