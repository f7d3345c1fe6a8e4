import type { Express, Request } from 'express';
import { ownWebSockets, serveBuiltPage } from '../built-page';

/**
 * The console at `/console`: files of a folder, and the page itself for any other path below. It may load its
 * own files, and reach the API and its news on the host it came from; nothing inline, nothing of others.
 *
 * @param folder - with `index.html`, and `assets` whose names change with what is in them
 */
export function serveConsole(app: Express, folder: string): void {
  serveBuiltPage(app, {
    ...{ at: '/console', folder, title: 'Console', name: 'console' },
    headersOf: (request) => ({
      'Content-Security-Policy': policyOf(request),
      'Permissions-Policy': 'microphone=(), camera=(), geolocation=()',
      'Cross-Origin-Opener-Policy': 'same-origin',
    }),
  });
}

function policyOf(request: Request): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "media-src 'self'",
    `connect-src ${["'self'", ...ownWebSockets(request)].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}
