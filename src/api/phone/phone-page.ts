import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Express, Request, Response } from 'express';
import express from 'express';
import { reachedBy } from './reached-by';
import type { PhoneServices } from './services';

const KEPT = 'public, max-age=31536000, immutable';
const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Phone</title></head>
<body><h1>The phone page is not built</h1>
<p>Build it with <code>npm run build</code>, and load this page again.</p></body></html>
`;

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
  const page = join(folder, 'index.html');
  app.use('/phone', (request, response, next) => {
    response.setHeader('Content-Security-Policy', policyOf(request, websocketUrls(reachedBy(request))));
    response.setHeader('Permissions-Policy', 'microphone=(self), camera=(), geolocation=()');
    next();
  });
  app.use(
    '/phone/assets',
    express.static(join(folder, 'assets'), {
      index: false,
      redirect: false,
      cacheControl: false,
      setHeaders: (response) => void response.setHeader('Cache-Control', KEPT),
    }),
    (_request, response) => void response.status(404).type('text').send('there is no such file\n'),
  );
  app.use('/phone', express.static(folder, { index: false, cacheControl: false, redirect: false }));
  const send = (_request: Request, response: Response): void => {
    if (existsSync(page)) response.sendFile(page, { cacheControl: false });
    else response.status(503).type('html').send(NOT_BUILT);
  };
  app.get('/phone', send);
  // Places within the page.
  app.get('/phone/*place', send);
}

/** No script but the page's own files; audio comes from the connection, or is made by the page. */
function policyOf(request: Request, sip: readonly string[]): string {
  const host = request.get('Host');
  // Not every browser takes 'self' for WebSockets of the page's own host.
  const own =
    host !== undefined && /^[A-Za-z0-9.:[\]-]+$/.test(host) ? [`ws://${host}`, `wss://${host}`] : [];
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
