import type { IncomingMessage } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
import { AppError } from '../../domain';
import type { ArrivedByTls } from '../client-address';
import { isLoopback } from './loopback';

/** What is kept in cookies. */
export type CookieKind = 'access' | 'refresh' | 'oidc';

/** As far as cookies go by it. */
export type CookieRequest = Pick<IncomingMessage, 'headers' | 'socket'>;

const NAMES: Readonly<Record<CookieKind, string>> = {
  access: 'dce_access',
  refresh: 'dce_refresh',
  oidc: 'dce_oidc',
};
/** RFC 6265bis §4.1.3.2: over TLS alone, and of this host alone. */
const HOST_PREFIX = '__Host-';
const MAX_LENGTH = 4_096;

/**
 * Cookies of sessions: unreadable for scripts, and sent with what pages of ours ask for alone. Over TLS they
 * have the prefix `__Host-`; without TLS there are none, but for who works on this machine.
 */
export class SessionCookies {
  readonly #byTls: ArrivedByTls;

  constructor(byTls: ArrivedByTls) {
    this.#byTls = byTls;
  }

  /** @throws AppError `tls_required` where cookies would travel unprotected */
  assertSafe(request: CookieRequest): void {
    if (this.#maySend(request)) return;
    throw new AppError('forbidden', 'tls_required', 'cookies are for TLS, or for this machine alone');
  }

  /** @returns undefined where there is none that may be gone by */
  read(request: CookieRequest, kind: CookieKind): string | undefined {
    const header = request.headers.cookie;
    if (header === undefined || !this.#maySend(request)) return undefined;
    const value = parseCookie(header)[this.#nameOf(request, kind)];
    return value === undefined || value === '' || value.length > MAX_LENGTH ? undefined : value;
  }

  /**
   * A Set-Cookie header. Only the cookie of a sign-in under way goes with the link by which a provider sends
   * the browser back (`Lax`).
   * @param lastsMs - milliseconds; 0 takes it away
   */
  write(request: CookieRequest, kind: CookieKind, value: string, lastsMs: number): string {
    return stringifySetCookie(this.#nameOf(request, kind), value, {
      path: '/',
      httpOnly: true,
      secure: this.#byTls(request),
      sameSite: kind === 'oidc' ? 'lax' : 'strict',
      maxAge: Math.floor(lastsMs / 1_000),
    });
  }

  #maySend(request: CookieRequest): boolean {
    return this.#byTls(request) || isLoopback(request);
  }

  #nameOf(request: CookieRequest, kind: CookieKind): string {
    return this.#byTls(request) ? HOST_PREFIX + NAMES[kind] : NAMES[kind];
  }
}
