import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Express, Request, Response } from 'express';
import express from 'express';

const KEPT = 'public, max-age=31536000, immutable';
const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Console</title></head>
<body><h1>The console is not built</h1>
<p>Build it with <code>npm run build</code>, and load this page again.</p></body></html>
`;

/**
 * The console at `/console`: files of a folder, and the page itself for any other path below. It may load its
 * own files, and reach the API and its news on the host it came from; nothing inline, nothing of others.
 *
 * @param folder - with `index.html`, and `assets` whose names change with what is in them
 */
export function serveConsole(app: Express, folder: string): void {
  const page = join(folder, 'index.html');
  app.use('/console', (request, response, next) => {
    response.setHeader('Content-Security-Policy', policyOf(request));
    response.setHeader('Permissions-Policy', 'microphone=(), camera=(), geolocation=()');
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    next();
  });
  app.use(
    '/console/assets',
    express.static(join(folder, 'assets'), {
      index: false,
      redirect: false,
      cacheControl: false,
      setHeaders: (response) => void response.setHeader('Cache-Control', KEPT),
    }),
    (_request, response) => void response.status(404).type('text').send('there is no such file\n'),
  );
  app.use('/console', express.static(folder, { index: false, cacheControl: false, redirect: false }));
  const send = (_request: Request, response: Response): void => {
    if (existsSync(page)) response.sendFile(page, { cacheControl: false });
    else response.status(503).type('html').send(NOT_BUILT);
  };
  app.get('/console', send);
  // Places within the console.
  app.get('/console/*place', send);
}

function policyOf(request: Request): string {
  const host = request.get('Host');
  // Not every browser takes 'self' for WebSockets of the page's own host.
  const own =
    host !== undefined && /^[A-Za-z0-9.:[\]-]+$/.test(host) ? [`ws://${host}`, `wss://${host}`] : [];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "media-src 'self'",
    `connect-src ${["'self'", ...own].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}
