import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Express, Request, RequestHandler } from 'express';
import type { Principal } from '../domain';
import { AppError, refusalOf } from '../domain';
import type { SettlementQueue } from '../billing';
import { callerOf } from './middleware/authenticate';

/** Queues that are shown to people. */
export interface ShownQueues {
  readonly queues: readonly SettlementQueue[];
  /** False while their Redis is away: nobody is kept waiting for it. */
  ready(): boolean;
}

const PATH = '/admin/queues';
/** The page's own scripts, styles and pictures; fonts that it would fetch elsewhere are not. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";
const READING = new Set(['GET', 'HEAD']);
const BASIC = /^Basic ([A-Za-z0-9+/=]{1,1024})$/i;
const KEY = /^[A-Za-z0-9_-]{8,128}$/;

/**
 * Bull Board, for people of the exchange with the scope `queues:read`; pausing, retrying and removing need `queues:write`.
 * Browsers know no API keys: here, and nowhere else, the key may come as the password of HTTP Basic, under
 * any name.
 *
 * @param guards - authentication and rate limit of the API
 */
export function serveBullBoard(app: Express, shown: ShownQueues, guards: readonly RequestHandler[]): void {
  const look = boardOf(shown, true);
  const touch = boardOf(shown, false);
  app.use(PATH, askForPassword, ...guards, (request, response, next) => {
    response.removeHeader('WWW-Authenticate');
    const caller = callerOf(request);
    const reads = READING.has(request.method);
    assertMay(caller, reads ? 'queues:read' : 'queues:write');
    if (!reads) refuseForeign(request);
    const mayTouch = refusalOf(caller, { scope: 'queues:write', tenants: [] }) === undefined;
    if (!shown.ready()) throw new AppError('unavailable', 'queues_unavailable', 'Redis is away: try again');
    response.setHeader('Content-Security-Policy', POLICY);
    (mayTouch ? touch : look)(request, response, next);
  });
}

function boardOf({ queues }: ShownQueues, readOnlyMode: boolean): RequestHandler {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(PATH);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode, allowRetries: !readOnlyMode })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'DCE queues' } },
  });
  return serverAdapter.getRouter() as RequestHandler;
}

/** A browser that is refused asks its user; the password that it sends then is taken for the key. */
const askForPassword: RequestHandler = (request, response, next) => {
  response.setHeader('WWW-Authenticate', 'Basic realm="dce queues", charset="UTF-8"');
  const [, encoded] = BASIC.exec(request.get('Authorization') ?? '') ?? [];
  if (encoded !== undefined && request.get('X-API-Key') === undefined) {
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const key = text.slice(text.indexOf(':') + 1);
    if (KEY.test(key)) request.headers['x-api-key'] = key;
  }
  next();
};

/**
 * A browser that has been told a password sends it along whoever makes it ask: what changes something must
 * come from the page itself (Fetch Metadata, and RFC 6454 for browsers without it).
 */
function refuseForeign(request: Request): void {
  const site = request.get('Sec-Fetch-Site');
  const origin = request.get('Origin');
  const foreign =
    site === undefined
      ? origin !== undefined && hostOf(origin) !== request.get('Host')
      : site !== 'same-origin' && site !== 'none';
  if (foreign)
    throw new AppError('forbidden', 'foreign_origin', 'this can be asked for by its own page only');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Whose `queues:write` it is may read as well. @throws AppError `forbidden` for people of other accounts, and without the scope */
function assertMay(caller: Principal, scope: 'queues:read' | 'queues:write'): void {
  const refusals = [scope, 'queues:write'].map((one) => refusalOf(caller, { scope: one, tenants: [] }));
  if (refusals.includes(undefined)) return;
  if (refusals[0] === 'role')
    throw new AppError('forbidden', 'operator_only', 'this is for people of the exchange');
  throw new AppError('forbidden', 'scope_missing', `this needs the scope ${scope}`);
}
