import type { IncomingMessage } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
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
/** RFC 6265bis §4.1.3.2: over TLS alone, of this host alone. */
const HOST_PREFIX = '__Host-';
const MAX_LENGTH = 4_096;

/**
 * Whether a request came over TLS, here or to a proxy before us that says so (X-Forwarded-Proto). Who lies
 * about it gets cookies that are no good to them.
 */
export function isSecure({ headers, socket }: CookieRequest): boolean {
  if ((socket as { encrypted?: boolean }).encrypted === true) return true;
  const proto = headers['x-forwarded-proto'];
  return typeof proto === 'string' && proto.split(',', 1)[0]?.trim() === 'https';
}

/** Without TLS cookies are for this machine alone. */
export function mayHaveCookies(request: CookieRequest): boolean {
  return isSecure(request) || isLoopback(request);
}

/** @returns undefined where there is none, or none that may be gone by */
export function readCookie(request: CookieRequest, kind: CookieKind): string | undefined {
  const header = request.headers.cookie;
  if (header === undefined || !mayHaveCookies(request)) return undefined;
  const value = parseCookie(header)[nameOf(request, kind)];
  return value === undefined || value === '' || value.length > MAX_LENGTH ? undefined : value;
}

/**
 * A Set-Cookie header: unreadable for scripts, and sent by our own pages alone. Only the cookie of a sign-in
 * under way goes with the link by which a provider sends the browser back (`Lax`).
 * @param lastsMs - milliseconds; 0 takes it away
 */
export function cookieText(request: CookieRequest, kind: CookieKind, value: string, lastsMs: number): string {
  return stringifySetCookie(nameOf(request, kind), value, {
    path: '/',
    httpOnly: true,
    secure: isSecure(request),
    sameSite: kind === 'oidc' ? 'lax' : 'strict',
    maxAge: Math.floor(lastsMs / 1_000),
  });
}

function nameOf(request: CookieRequest, kind: CookieKind): string {
  return isSecure(request) ? HOST_PREFIX + NAMES[kind] : NAMES[kind];
}
