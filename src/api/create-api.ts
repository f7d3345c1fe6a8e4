import type { Express } from 'express';
import express from 'express';
import { identifyApiKey } from '../storage';
import { apiRoutes, moneyServices } from './api-routes';
import type { ApiServices } from './api-services';
import { serveBullBoard } from './bull-board';
import { clientAddress } from './client-address';
import { serveConsole } from './console/console-page';
import { serveDocs } from './docs';
import { serveHealth } from './health';
import { authenticate } from './middleware/authenticate';
<<<<<<< Updated upstream
import { operations } from './mount';
=======
import { readBody } from './middleware/body';
import { cors } from './middleware/cors';
import { agentOf, phoneSession } from './middleware/phone-session';
import { rateLimit } from './middleware/rate-limit';
import type { RequestReport } from './middleware/request-context';
import { requestContext, securityHeaders } from './middleware/request-context';
import { timeLimit } from './middleware/time-limit';
import { withFields } from './lists/sparse-fields';
import { mount } from './mount';
import type { MoneyRules, MoneyServices } from './money-rules';
import { MONEY_RULES } from './money-rules';
>>>>>>> Stashed changes
import { openApiDocument } from './openapi';
import { servePhonePage } from './phone/phone-page';
import { install, pipeline } from './pipeline';
import { isPostback, servePostbacks } from './postback-pixel';
import { sendProblem } from './problem';
import { RouteTable } from './route-table';
import { serveStripeWebhooks } from './webhooks-stripe';

const DOCUMENT = '/api/v1/openapi.json';

<<<<<<< Updated upstream
/** The admin API as an Express application: the pipeline, and behind it pages and operations. */
=======
const TIMEOUT_MS = 30_000;
/** Of one agent, and of one address that signs in. */
const PHONE_REQUESTS_PER_MINUTE = 600;

/** Every operation of the API. */
export function apiRoutes(
  services: Pick<
    ApiServices,
    | 'live'
    | 'news'
    | 'bidRequests'
    | 'payments'
    | 'phone'
    | 'persons'
    | 'numberLists'
    | 'system'
    | 'webhooks'
    | 'streamLimits'
    | 'moneyRules'
    | 'trustedProxies'
  >,
): Route[] {
  const money = moneyServices(services);
  const passwords = new Passwords();
  const routes = [
    ...accountRoutes(),
    ...accountTermsRoutes(services.persons.now),
    ...trunkRoutes(),
    ...carrierRateRoutes(services.persons.now),
    ...sellerRoutes(),
    ...numberRoutes(),
    ...campaignRoutes(),
    ...buyerRoutes(),
    ...agentRoutes(services.phone, passwords, services.persons.now),
    ...bidRoutes(),
    ...bidRequestRoutes(services.bidRequests),
    ...dncRoutes(),
    ...numberListRoutes(services.numberLists),
    ...hoursOverrideRoutes(),
    ...consentRoutes(services.persons),
    ...privacyRoutes(services.persons),
    ...callRoutes(services.live, new EventStreams(services.news, services.streamLimits)),
    ...fraudRoutes(),
    ...walletRoutes(),
    ...paymentRoutes(services.payments, services.persons.now),
    ...paymentMethodRoutes(),
    ...payoutRoutes(services.persons.now),
    ...ledgerRoutes(),
    ...settlementRoutes(),
    ...callSignalRoutes(money),
    ...disputeRoutes(money),
    ...adjustmentRoutes(money),
    ...invoiceRoutes(services.persons.now),
    ...statementRoutes(),
    ...reconciliationRoutes(),
    ...webhookRoutes({ ...services.webhooks, vault: services.persons.vault }),
    ...webhookDeliveryRoutes(),
    ...systemRoutes(services.system),
    ...(services.phone
      ? phoneRoutes(services.phone, money, passwords, clientAddress(services.trustedProxies))
      : []),
  ];
  return routes.map(withFields);
}

function moneyServices({
  moneyRules = MONEY_RULES,
  persons,
}: Pick<ApiServices, 'moneyRules' | 'persons'>): MoneyServices {
  return { rules: moneyRules, now: persons.now };
}

/** The admin API as an Express application. */
>>>>>>> Stashed changes
export function createApi(services: ApiServices): Express {
  const app = express();
  app.disable('x-powered-by');
  // Entity tags are versions; of anything else there is none.
  app.disable('etag');
  app.set('query parser', 'simple');
  const routes = apiRoutes(services);
  const table = new RouteTable(routes, (request) => request.path === DOCUMENT || isPostback(request));
  install(app, pipeline(services, table), () => {
    // First, since they are most of what is asked.
    app.use(operations(routes, services.database));
    servePages(app, services);
    const document = JSON.stringify(openApiDocument(routes));
    app.get(DOCUMENT, (_request, response) => void response.type('json').send(document));
    app.use((_request, response) => sendProblem(response, 404, 'not_found', 'there is nothing here'));
  });
  return app;
}

/** What is no operation: pages, and what others bring with proofs of their own. */
function servePages(app: Express, services: ApiServices): void {
  const { database, now, phone, queues, consoleFolder } = services;
  const addressOf = clientAddress(services.trustedProxies);
  serveHealth(app, services.health, now);
  serveDocs(app);
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
    serveBullBoard(app, queues, [authenticate((key) => identifyApiKey(database, key), addressOf, now)]);
  }
}
