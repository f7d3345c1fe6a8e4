import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Express, Request } from 'express';
import express from 'express';
import type { BidRequestDesk } from '../rtb';
import type { Database } from '../storage';
import { identifyApiKey, identifyPhoneSession } from '../storage';
import type { ShownQueues } from './bull-board';
import { serveBullBoard } from './bull-board';
import { serveDocs } from './docs';
import type { CallNews, EventStreamLimits } from './event-streams';
import { EventStreams } from './event-streams';
import type { Health } from './health';
import { serveHealth } from './health';
import type { ClientAddress } from './client-address';
import { clientAddress } from './client-address';
import { authenticate } from './middleware/authenticate';
import { readBody } from './middleware/body';
import { cors } from './middleware/cors';
import { agentOf, phoneSession } from './middleware/phone-session';
import { rateLimit } from './middleware/rate-limit';
import type { RequestReport } from './middleware/request-context';
import { requestContext, securityHeaders } from './middleware/request-context';
import { timeLimit } from './middleware/time-limit';
import { mount } from './mount';
import type { MoneyRules, MoneyServices } from './money-rules';
import { MONEY_RULES } from './money-rules';
import { openApiDocument } from './openapi';
import { Passwords } from './phone/passwords';
import { phoneRoutes } from './phone/phone-routes';
import { servePhonePage } from './phone/phone-page';
import type { PhoneServices } from './phone/services';
import { servePostbacks } from './postback-pixel';
import { problemHandler, sendProblem } from './problem';
import { accountTermsRoutes } from './resources/account-terms';
import { accountRoutes } from './resources/accounts';
import { adjustmentRoutes } from './resources/adjustments';
import { agentRoutes } from './resources/agents';
import { bidRequestRoutes } from './resources/bid-requests';
import { bidRoutes } from './resources/bids';
import { buyerRoutes } from './resources/buyers';
import { callSignalRoutes } from './resources/call-signals';
import type { LiveCalls } from './resources/calls';
import { callRoutes } from './resources/calls';
import { campaignRoutes } from './resources/campaigns';
import { carrierRateRoutes } from './resources/carrier-rates';
import type { PersonServices } from './resources/consents';
import { consentRoutes } from './resources/consents';
import { disputeRoutes } from './resources/disputes';
import { dncRoutes } from './resources/dnc';
import { hoursOverrideRoutes } from './resources/hours-overrides';
import { fraudRoutes } from './resources/fraud-cases';
import { invoiceRoutes } from './resources/invoices';
import { ledgerRoutes } from './resources/ledger';
import type { NumberListParts } from './resources/number-lists';
import { numberListRoutes } from './resources/number-lists';
import { numberRoutes } from './resources/numbers';
import { paymentMethodRoutes } from './resources/payment-methods';
import type { PaymentServices } from './resources/payments';
import { paymentRoutes } from './resources/payments';
import { privacyRoutes } from './resources/privacy';
import { payoutRoutes } from './resources/publisher-payouts';
import { reconciliationRoutes } from './resources/reconciliation';
import { sellerRoutes } from './resources/sellers';
import { settlementRoutes } from './resources/settlements';
import { statementRoutes } from './resources/statements';
import type { SystemStats } from './resources/system';
import { systemRoutes } from './resources/system';
import { trunkRoutes } from './resources/trunks';
import { walletRoutes } from './resources/wallets';
import { webhookDeliveryRoutes } from './resources/webhook-deliveries';
import type { WebhookServices } from './resources/webhooks';
import { webhookRoutes } from './resources/webhooks';
import type { Route } from './route';
import type { TlsFiles } from './tls-files';
import { readTlsFiles, watchTlsFiles } from './tls-files';
import { serveStripeWebhooks } from './webhooks-stripe';

export interface ApiServices {
  readonly database: Database;
  readonly live: LiveCalls;
  readonly news: CallNews;
  readonly bidRequests: Pick<BidRequestDesk, 'answer' | 'cancel'>;
  /** Proof of consent, and what persons ask for. */
  readonly persons: PersonServices;
  readonly health: Health;
  /** Who charges cards, and tells of them; nobody by default. */
  readonly payments?: PaymentServices;
  /** Phones of agents, and the folder of their page; without them nobody signs in. */
  readonly phone?: PhoneServices & { readonly pageFolder?: string };
  /** What Bull Board shows; without them there is none. */
  readonly queues?: ShownQueues;
  readonly numberLists: NumberListParts;
  readonly system: SystemStats;
  /** Who is told of money, and by what a test of it is sent. */
  readonly webhooks: Omit<WebhookServices, 'vault'>;
  /** What the configuration says of money after the fact. */
  readonly moneyRules?: MoneyRules;
  /** Requests one API key may make in a minute. */
  readonly requestsPerMinute: number;
  /** Milliseconds a request may take before it is answered with 503; 30,000 by default. */
  readonly timeoutMs?: number;
  /** Origins whose pages may call the API from a browser; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Reverse proxies before the API whose X-Forwarded-For is believed: addresses and CIDR blocks; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly streamLimits?: EventStreamLimits;
  readonly onRequest: (report: RequestReport) => void;
  readonly onBug: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

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
  return [
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
}

function moneyServices({
  moneyRules = MONEY_RULES,
  persons,
}: Pick<ApiServices, 'moneyRules' | 'persons'>): MoneyServices {
  return { rules: moneyRules, now: persons.now };
}

/** The admin API as an Express application. */
export function createApi(services: ApiServices): Express {
  const { database, now } = services;
  const app = express();
  app.disable('x-powered-by');
  // Entity tags are versions; of anything else there is none.
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(requestContext(services.onRequest), securityHeaders, cors(services.corsOrigins ?? []));
  app.use(timeLimit(services.timeoutMs ?? TIMEOUT_MS));
  serveHealth(app, services.health, now);
  serveDocs(app);
  if (services.phone?.pageFolder !== undefined) {
    servePhonePage(app, services.phone.pageFolder, services.phone);
  }
  serveStripeWebhooks(app, database, services.payments, services.persons.now);
  const routes = apiRoutes(services);
  const document = openApiDocument(routes);
  app.get('/api/v1/openapi.json', (_request, response) => void response.json(document));
  const addressOf = clientAddress(services.trustedProxies);
  servePostbacks(app, {
    ...moneyServices(services),
    database,
    addressOf,
    perMinute: services.requestsPerMinute,
    monotonic: now,
  });
  const ofPhones = routes.filter(({ access }) => access !== 'account');
  const ofAccounts = routes.filter(({ access }) => access === 'account');
  if (services.phone) servePhones(app, ofPhones, addressOf, services);
  const guards = [
    authenticate((key) => identifyApiKey(database, key), addressOf, now),
    rateLimit(services.requestsPerMinute, now),
  ];
  app.use('/api/v1', ...guards, ...readBody(ofAccounts));
  if (services.queues) serveBullBoard(app, services.queues, guards);
  for (const route of ofAccounts) mount(app, route, database);
  refuseOtherMethods(app, ofAccounts);
  app.use((_request, response) => sendProblem(response, 404, 'not_found', 'there is nothing here'));
  app.use(problemHandler(services.onBug));
  return app;
}

/** What agents may ask, with sessions of their own in place of API keys. */
function servePhones(
  app: Express,
  routes: readonly Route[],
  addressOf: ClientAddress,
  { database, now }: ApiServices,
): void {
  const openPaths = new Set(routes.filter(({ access }) => access === 'open').map(({ path }) => path));
  const isOpen = ({ baseUrl, path }: Request): boolean =>
    openPaths.has(`${baseUrl}${path}`.replace('/api/v1', ''));
  app.use(
    '/api/v1/phone',
    phoneSession((token) => identifyPhoneSession(database, token), isOpen, addressOf, now),
    rateLimit(PHONE_REQUESTS_PER_MINUTE, now, (request) =>
      isOpen(request) ? addressOf(request) : agentOf(request).agentId,
    ),
    ...readBody(routes),
  );
  for (const route of routes) mount(app, route, database);
  refuseOtherMethods(app, routes);
  app.use('/api/v1/phone', (_request, response) => {
    sendProblem(response, 404, 'not_found', 'there is nothing here');
  });
}

/** Over TLS, and whom to tell of a new certificate that cannot be used. */
export interface ListenTls extends TlsFiles {
  readonly onError: (error: Error) => void;
}

/**
 * Serves an application, over TLS where its files are given: they are read again when they change.
 * @throws Error of the operating system when the port is taken, or of TLS files that cannot be used
 */
export async function listen(app: Express, host: string, port: number, tls?: ListenTls): Promise<Server> {
  const limits = { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 };
  const server = tls
    ? createTlsServer({ ...limits, ...(await readTlsFiles(tls)) }, app)
    : createServer(limits, app);
  if (tls && 'setSecureContext' in server) {
    const stop = watchTlsFiles(tls, (options) => server.setSecureContext(options), tls.onError);
    server.once('close', stop);
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve(server);
    });
  });
}

function refuseOtherMethods(app: Express, routes: readonly Route[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    const allowed = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
    app.all(`/api/v1${path}`, (_request, response) => {
      response.setHeader('Allow', allowed);
      sendProblem(response, 405, 'method_not_allowed', `only ${allowed} here`);
    });
  }
}
