import { EventFeed } from './event-feed';
import { EventStreams } from './event-streams';
import { clientAddress } from './client-address';
import type { MoneyServices } from './money-rules';
import { exportOf } from './csv/export-of';
import { withFields } from './lists/sparse-fields';
import { MONEY_RULES } from './money-rules';
import { accessRoutes } from './access/access-routes';
import { Passwords } from './phone/passwords';
import { phoneRoutes } from './phone/phone-routes';
import { accountTermsRoutes } from './resources/account-terms';
import { accountRoutes } from './resources/accounts';
import { adjustmentRoutes } from './resources/adjustments';
import { agentRoutes } from './resources/agents';
import { debugRoutes } from './debug/debug-routes';
import { auditRoutes } from './resources/audit';
import { analyticsRoutes } from './resources/analytics';
import { auctionRoutes } from './resources/auctions';
import { bidRequestRoutes } from './resources/bid-requests';
import { bidRoutes } from './resources/bids';
import { buyerRoutes } from './resources/buyers';
import { callSignalRoutes } from './resources/call-signals';
import { callbackRoutes } from './resources/callbacks';
import { callControlRoutes } from './resources/call-control';
import { callSupervisionRoutes } from './resources/call-supervision';
import { callLadderRoutes } from './resources/call-ladder';
import { callRoutes } from './resources/calls';
import { campaignRoutes } from './resources/campaigns';
import { carrierRateRoutes } from './resources/carrier-rates';
import { checkRoutes } from './resources/checks';
import { consentRoutes } from './resources/consents';
import { decisionRoutes } from './resources/decisions';
import { dialplanRoutes, NO_FILES } from './resources/dialplans';
import { disputeRoutes } from './resources/disputes';
import { dncRoutes } from './resources/dnc';
import { hoursOverrideRoutes } from './resources/hours-overrides';
import { eventRoutes } from './resources/events';
import { fraudRoutes } from './resources/fraud-cases';
import { invoiceRoutes } from './resources/invoices';
import { ledgerRoutes } from './resources/ledger';
import { numberListRoutes } from './resources/number-lists';
import { numberRoutes } from './resources/numbers';
import { paymentMethodRoutes } from './resources/payment-methods';
import { paymentRoutes } from './resources/payments';
import { privacyRoutes } from './resources/privacy';
import { payoutRoutes } from './resources/publisher-payouts';
import { reconciliationRoutes } from './resources/reconciliation';
import { recordingRoutes } from './resources/recordings';
import { sellerRoutes } from './resources/sellers';
import { settlementRoutes } from './resources/settlements';
import { statementRoutes } from './resources/statements';
import { systemRoutes } from './resources/system';
import { testCallRoutes } from './resources/test-calls';
import { trunkRoutes } from './resources/trunks';
import { walletRoutes } from './resources/wallets';
import { webhookDeliveryRoutes } from './resources/webhook-deliveries';
import { webhookRoutes } from './resources/webhooks';
import type { Route } from './route';
import type { ApiServices } from './api-services';

/** Every operation of the API. */
export function apiRoutes(
  services: Pick<
    ApiServices,
    | 'live'
    | 'callControl'
    | 'dialplans'
    | 'dryRun'
    | 'testCalls'
    | 'recordings'
    | 'checks'
    | 'liveFigures'
    | 'news'
    | 'events'
    | 'bidRequests'
    | 'payments'
    | 'access'
    | 'phone'
    | 'persons'
    | 'numberLists'
    | 'system'
    | 'debug'
    | 'webhooks'
    | 'streamLimits'
    | 'moneyRules'
    | 'trustedProxies'
  >,
): Route[] {
  const money = moneyServices(services);
  const { access, dialplans: plans = NO_FILES } = services;
  const passwords = access?.passwords ?? new Passwords();
  const routes = [
    ...accountRoutes(),
    ...accountTermsRoutes(services.persons.now),
    ...trunkRoutes(),
    ...carrierRateRoutes(services.persons.now),
    ...sellerRoutes(),
    ...numberRoutes(plans),
    ...campaignRoutes(plans),
    ...dialplanRoutes(plans, services.persons.now),
    ...buyerRoutes(),
    ...agentRoutes(services.phone, passwords, services.persons.now),
    ...bidRoutes(),
    ...bidRequestRoutes(services.bidRequests),
    ...dncRoutes(),
    ...numberListRoutes(services.numberLists),
    ...hoursOverrideRoutes(),
    ...consentRoutes(services.persons),
    ...privacyRoutes(services.persons),
    ...callbackRoutes(services.persons.now),
    ...callControlRoutes(services.callControl),
    ...callSupervisionRoutes(services.callControl),
    ...callLadderRoutes(),
    ...decisionRoutes(services.dryRun),
    ...testCallRoutes(services.testCalls, services.dryRun),
    ...recordingRoutes(services.recordings),
    ...checkRoutes(services.checks),
    ...auctionRoutes(),
    ...callRoutes(
      services.live,
      services.callControl,
      new EventStreams(services.news, services.streamLimits),
    ),
    ...eventRoutes(new EventFeed(services.events, services.streamLimits)),
    ...analyticsRoutes(services.liveFigures, services.persons.now),
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
    ...auditRoutes(),
    ...systemRoutes(services.system),
    ...(services.debug ? debugRoutes(services.debug, services.live) : []),
    ...(access ? accessRoutes(access) : []),
    ...(services.phone
      ? phoneRoutes(
          services.phone,
          money,
          passwords,
          clientAddress(services.trustedProxies),
          services.callControl,
        )
      : []),
  ];
  return routes.map(withFields).flatMap(withExport);
}

/** Lists that are asked for as files, besides those of entities. */
const EXPORTED = new Set([
  'listCalls',
  'listAuctions',
  'listLedgerEntries',
  'listDisputes',
  'listInvoices',
  'listSettlements',
]);

function withExport(route: Route): Route[] {
  return EXPORTED.has(route.operationId) ? [route, exportOf(route)] : [route];
}

/** What is needed where money is made of what becomes known later. */
export function moneyServices({
  moneyRules = MONEY_RULES,
  persons,
}: Pick<ApiServices, 'moneyRules' | 'persons'>): MoneyServices {
  return { rules: moneyRules, now: persons.now };
}
