import type { RequestHandler } from 'express';

const METHODS = 'GET, POST, PUT, PATCH, DELETE';
const ASKED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, X-CSRF-Token, X-Request-Id';
const SHOWN_HEADERS = [
  'Accept-Patch',
  'Content-Disposition',
  'Deprecation',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sunset',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
].join(', ');
const PREFLIGHT_SECONDS = 600;
/** `https://*.example.com`: whatever stands below a domain, at any depth, but not the domain itself. */
const WILDCARD = /^(https?:\/\/)\*\.([a-z0-9.-]+(?::\d{1,5})?)$/;
const BELOW = '(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+';

/** Whether a page of this origin (RFC 6454) is allowed. */
export type AllowedOrigin = (origin: string) => boolean;

/**
 * Reads a list of origins. A wild card stands for whole labels before a domain, with the same scheme and port:
 * `https://*.example.com` is neither `https://evilexample.com` nor `https://a.example.com.evil`.
 */
export function allowedOrigins(origins: readonly string[]): AllowedOrigin {
  const exact = new Set(origins);
  const patterns = origins.flatMap((origin) => {
    const [, scheme = '', domain = ''] = WILDCARD.exec(origin) ?? [];
    return domain === '' ? [] : [new RegExp(`^${scheme}${BELOW}${domain.replaceAll('.', '\\.')}$`)];
  });
  return (origin) =>
    origin.length <= 300 && (exact.has(origin) || patterns.some((pattern) => pattern.test(origin)));
}

/**
 * Lets pages of some origins call the API from a browser (WHATWG Fetch §3.2). It is always one origin that is
 * named, never `*`: so cookies of a session may come along.
 * @param some - false when there are none: then no answer depends on the origin
 */
export function cors(allowed: AllowedOrigin, some: boolean): RequestHandler {
  return (request, response, next) => {
    if (some) response.vary('Origin');
    const origin = request.get('Origin');
    if (origin === undefined || !allowed(origin)) return next();
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    response.setHeader('Access-Control-Expose-Headers', SHOWN_HEADERS);
    if (request.method !== 'OPTIONS' || request.get('Access-Control-Request-Method') === undefined) {
      return next();
    }
    response.vary('Access-Control-Request-Method, Access-Control-Request-Headers');
    response.setHeader('Access-Control-Allow-Methods', METHODS);
    response.setHeader('Access-Control-Allow-Headers', ASKED_HEADERS);
    response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    response.status(204).end();
  };
}
