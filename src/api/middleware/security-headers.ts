import type { RequestHandler } from 'express';
import type { ArrivedByTls } from '../client-address';

/** Of every answer, as the OWASP Secure Headers Project has it; pages loosen the policy for themselves. */
const HEADERS = Object.entries({
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'Cache-Control': 'no-store',
});
/** Two years. */
const TRANSPORT = 'max-age=63072000; includeSubDomains';

/**
 * Lets nobody frame, sniff or remember.
 * @param byTls - whether a request came over TLS: over plain HTTP there is no Strict-Transport-Security
 *   (RFC 6797 §7.2)
 */
export function securityHeaders(byTls: ArrivedByTls): RequestHandler {
  return (request, response, next) => {
    for (const [name, value] of HEADERS) response.setHeader(name, value);
    if (byTls(request)) response.setHeader('Strict-Transport-Security', TRANSPORT);
    next();
  };
}
