import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { Express, Request, Response } from 'express';
import express from 'express';
import type { DeadLetters } from '../billing';
import { AppError } from '../domain';
import type { Queryable } from '../storage';
import { entityStores, identifyApiKey } from '../storage';
import { serveDocs } from './docs';
import type { Health } from './health';
import { serveHealth } from './health';
import { allows, authenticate, callerOf } from './middleware/authenticate';
import { recall, remember } from './middleware/idempotency';
import { rateLimit } from './middleware/rate-limit';
import type { RequestReport } from './middleware/request-context';
import { requestContext, securityHeaders } from './middleware/request-context';
import { openApiDocument } from './openapi';
import { problemHandler, sendProblem, validationProblem } from './problem';
import { accountRoutes } from './resources/accounts';
import { bidRoutes } from './resources/bids';
import { buyerRoutes } from './resources/buyers';
import type { CallNews, LiveCalls } from './resources/calls';
import { callRoutes } from './resources/calls';
import { campaignRoutes } from './resources/campaigns';
import { dncRoutes } from './resources/dnc';
import { ledgerRoutes } from './resources/ledger';
import { numberRoutes } from './resources/numbers';
import type { SystemStats } from './resources/system';
import { systemRoutes } from './resources/system';
import { trunkRoutes } from './resources/trunks';
import type { Route } from './route';

export interface ApiServices {
  readonly database: Queryable;
  readonly live: LiveCalls;
  readonly news: CallNews;
  readonly deadLetters: DeadLetters;
  readonly health: Health;
  readonly system: SystemStats;
  /** Requests one API key may make in a minute. */
  readonly requestsPerMinute: number;
  readonly onRequest: (report: RequestReport) => void;
  readonly onBug: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const BODY_LIMIT = '1mb';

/** Every operation of the API. */
export function apiRoutes(
  services: Pick<ApiServices, 'database' | 'live' | 'news' | 'deadLetters' | 'system'>,
): Route[] {
  const stores = entityStores(services.database);
  return [
    ...accountRoutes(stores),
    ...trunkRoutes(stores),
    ...numberRoutes(stores),
    ...campaignRoutes(stores),
    ...buyerRoutes(stores),
    ...bidRoutes(stores),
    ...dncRoutes(stores),
    ...callRoutes(services.database, services.live, services.news),
    ...ledgerRoutes(services.database, services.deadLetters),
    ...systemRoutes(services.system),
  ];
}

/** The admin API as an Express application. */
export function createApi(services: ApiServices): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(requestContext(services.onRequest), securityHeaders);
  serveHealth(app, services.health, services.now(), services.now);
  serveDocs(app);
  const routes = apiRoutes(services);
  const document = openApiDocument(routes);
  app.get('/api/v1/openapi.json', (_request, response) => void response.json(document));
  app.use(
    '/api/v1',
    authenticate((key) => identifyApiKey(services.database, key), services.now),
    rateLimit(services.requestsPerMinute, services.now),
    express.json({ limit: BODY_LIMIT, strict: true }),
  );
  for (const route of routes) mount(app, route, services.database);
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    app.all(`/api/v1${path}`, (_request, response) => {
      response.setHeader('Allow', allowed.join(', '));
      sendProblem(response, 405, 'method_not_allowed', `only ${allowed.join(', ')} here`);
    });
  }
  app.use((_request, response) => sendProblem(response, 404, 'not_found', 'there is nothing here'));
  app.use(problemHandler(services.onBug));
  return app;
}

/** Serves an application. @throws Error of the operating system when the port is taken */
export function listen(app: Express, host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, app);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve(server);
    });
  });
}

function mount(app: Express, route: Route, database: Queryable): void {
  app[route.method](`/api/v1${route.path}`, async (request: Request, response: Response) => {
    const caller = callerOf(request);
    if (!allows(caller.scopes, route.scope)) {
      throw new AppError('forbidden', 'scope_missing', `this needs the scope ${route.scope}`);
    }
    const params = validate(route.params, request.params, 'path');
    const query = validate(route.query, request.query, 'query');
    const body = validate(route.body, request.body, 'body');
    const key = route.idempotent ? request.get('Idempotency-Key') : undefined;
    const asked = { method: request.method, path: request.path, body: request.body as unknown };
    const before = key === undefined ? undefined : await recall(database, caller.keyId, key, asked);
    if (before) {
      response.setHeader('Idempotency-Replayed', 'true');
      response.status(before.status).json(before.body);
      return;
    }
    const reply = await route.handle({
      params: params as never,
      query: query as never,
      body: body as never,
      caller,
      ifMatch: versionOf(request.get('If-Match')),
      request,
      response,
    });
    if (route.streams) return;
    const status = reply.status ?? route.status;
    if (key !== undefined) await remember(database, caller.keyId, key, asked, { status, body: reply.body });
    if (reply.etag !== undefined) response.setHeader('ETag', `"${reply.etag}"`);
    if (status === 204) response.status(204).end();
    else response.status(status).json(reply.body);
  });
}

function validate(schema: Route['body'], value: unknown, where: string): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationProblem(parsed.error, where);
  return parsed.data;
}

/** The number in `"3"`; `*` and nothing name no version. */
function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const match = /^(?:W\/)?"(\d{1,9})"$/.exec(ifMatch.trim());
  if (!match) throw new AppError('validation', 'invalid_if_match', 'If-Match names no version of ours');
  return Number(match[1]);
}
