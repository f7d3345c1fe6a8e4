import type { Express, Request } from 'express';
import { ownWebSockets, serveBuiltPage } from '../built-page';
import { reachedBy } from './reached-by';
import type { PhoneServices } from './services';

/**
 * The phone page at `/phone`: files of a folder, and the page itself for any other path below. What the page
 * may load and reach is the API, and SIP where this node says.
 *
 * @param folder - with `index.html`, and `assets` whose names change with what is in them
 */
export function servePhonePage(
  app: Express,
  folder: string,
  { websocketUrls }: Pick<PhoneServices, 'websocketUrls'>,
): void {
  serveBuiltPage(app, {
    ...{ at: '/phone', folder, title: 'Phone', name: 'phone page' },
    headersOf: (request) => ({
      'Content-Security-Policy': policyOf(request, websocketUrls(reachedBy(request))),
      'Permissions-Policy': 'microphone=(self), camera=(), geolocation=()',
    }),
  });
}

/** No script but the page's own files; audio comes from the connection, or is made by the page. */
function policyOf(request: Request, sip: readonly string[]): string {
  const own = ownWebSockets(request);
  const reached = [...new Set([...own, ...sip.map((url) => new URL(url).origin.replace(/^null$/, url))])];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "media-src 'self' blob:",
    `connect-src ${["'self'", ...reached].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
