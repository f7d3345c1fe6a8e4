import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Express, Request, Response } from 'express';
import express from 'express';

const KEPT = 'public, max-age=31536000, immutable';
const notBuilt = (title: string, name: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>The ${name} is not built</h1>
<p>Build it with <code>npm run build</code>, and load this page again.</p></body></html>
`;

/** A page that is built beforehand, and where it lies. */
export interface BuiltPage {
  /** Where it is served, e.g. `/phone`. */
  readonly at: string;
  /** With `index.html`, and `assets` whose names change with what is in them. */
  readonly folder: string;
  readonly title: string;
  /** As it is called in a sentence. */
  readonly name: string;
  /** Headers of everything below it, its policies above all. */
  headersOf(request: Request): Readonly<Record<string, string>>;
}

/** Serves the files of a page's folder, and the page itself for any other path below. */
export function serveBuiltPage(app: Express, { at, folder, title, name, headersOf }: BuiltPage): void {
  const page = join(folder, 'index.html');
  app.use(at, (request, response, next) => {
    response.set(headersOf(request));
    next();
  });
  app.use(
    `${at}/assets`,
    express.static(join(folder, 'assets'), {
      index: false,
      redirect: false,
      cacheControl: false,
      setHeaders: (response) => void response.setHeader('Cache-Control', KEPT),
    }),
    (_request, response) => void response.status(404).type('text').send('there is no such file\n'),
  );
  app.use(at, express.static(folder, { index: false, cacheControl: false, redirect: false }));
  const send = (_request: Request, response: Response): void => {
    if (existsSync(page)) response.sendFile(page, { cacheControl: false });
    else response.status(503).type('html').send(notBuilt(title, name));
  };
  app.get(at, send);
  // Places within the page.
  app.get(`${at}/*place`, send);
}

/** WebSockets of the host that a page came from: not every browser takes 'self' for them. */
export function ownWebSockets(request: Request): string[] {
  const host = request.get('Host');
  return host !== undefined && /^[A-Za-z0-9.:[\]-]+$/.test(host) ? [`ws://${host}`, `wss://${host}`] : [];
}
