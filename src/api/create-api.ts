import type { Express } from 'express';
import express from 'express';
import { AuditTrail } from '../storage';
import { authenticatorOf } from './access/authenticator-of';
import { serveJwks } from './access/jwks';
import { apiRoutes, moneyServices } from './api-routes';
import type { ApiServices } from './api-services';
import { serveBullBoard } from './bull-board';
import { clientAddress } from './client-address';
import { serveConsole } from './console/console-page';
import { serveDocs } from './docs';
import { serveHealth } from './health';
import { authenticate } from './middleware/authenticate';
import { operations } from './mount';
import { openApiText } from './openapi';
import { servePhonePage } from './phone/phone-page';
import type { RequestLimits } from './middleware/rate-limit';
import { install, pipeline, requestLimits } from './pipeline';
import { isPostback, servePostbacks } from './postback-pixel';
import { sendProblem } from './problem';
import { RouteTable } from './route-table';
import { serveStripeWebhooks } from './webhooks-stripe';

const DOCUMENT = '/api/v1/openapi.json';

/** The admin API as an Express application: the pipeline, and behind it pages and operations. */
export function createApi(services: ApiServices): Express {
  const app = express();
  app.disable('x-powered-by');
  // Entity tags are versions; of anything else there is none.
  app.disable('etag');
  app.set('query parser', 'simple');
  const { database } = services;
  const trail =
    services.trail ??
    new AuditTrail(database, { now: services.now, onLost: (_entry, error) => services.onBug(error) });
  const routes = apiRoutes(services);
  const table = new RouteTable(routes, (request) => request.path === DOCUMENT || isPostback(request));
  const limits = requestLimits(services);
  install(app, pipeline({ ...services, trail }, table, limits), () => {
    // First, since they are most of what is asked.
    app.use(operations(routes, { database, trail, addressOf: clientAddress(services.trustedProxies) }));
    servePages(app, services, limits);
    // Of a node that nobody asks it is never written.
    let document: Promise<string> | undefined;
    app.get(DOCUMENT, async (_request, response) => {
      const text = await (document ??= openApiText(routes));
      if (!response.headersSent) response.type('json').send(text);
    });
    app.use((_request, response) => sendProblem(response, 404, 'not_found', 'there is nothing here'));
  });
  return app;
}

/** What is no operation: pages, and what others bring with proofs of their own. */
function servePages(app: Express, services: ApiServices, limits: RequestLimits): void {
  const { database, now, phone, queues, consoleFolder } = services;
  const addressOf = clientAddress(services.trustedProxies);
  serveHealth(app, services.health, now);
  serveDocs(app);
  if (services.access) serveJwks(app, services.access);
  if (phone?.pageFolder !== undefined) servePhonePage(app, phone.pageFolder, phone);
  if (consoleFolder !== undefined) serveConsole(app, consoleFolder);
  serveStripeWebhooks(app, database, services.payments, services.persons.now);
  servePostbacks(app, {
    ...moneyServices(services),
    database,
    addressOf,
    perMinute: services.requestsPerMinute,
    monotonic: now,
  });
  if (queues) {
    const guards = [authenticate(authenticatorOf(services), addressOf, now), limits.ofPage];
    serveBullBoard(app, queues, guards);
  }
}
