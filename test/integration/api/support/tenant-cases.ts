import { planText } from './dialplan-cases';
import { RESERVATION } from './test-api';
import type { Party } from './two-worlds';
import { bidOf, OPEN_CAMPAIGN } from './two-worlds';

/** How an operation is asked for. */
export interface Sent {
  readonly id?: string;
  readonly query?: string;
  readonly body?: unknown;
}

let count = 0;

/** What each operation that changes something is asked with, for what is a party's own. */
export const WRITES: Readonly<Record<string, (party: Party) => Sent & { readonly status?: number }>> = {
  // No call of theirs is up.
  hangUp: () => ({ body: {}, status: 404 }),
  holdCall: () => ({ status: 404 }),
  resumeCall: () => ({ status: 404 }),
  recordCall: () => ({ body: { action: 'pause' }, status: 404 }),
  monitorCall: () => ({ body: { action: 'stop' }, status: 404 }),
  placeTestCall: ({ ids }) => ({ body: { to: { kind: 'target', id: ids['targets'] } } }),
  hangUpTestCall: () => ({ body: {} }),
  changeBuyer: () => ({ body: { caps: { concurrent: 3 } } }),
  createTarget: ({ ids, mark }) => ({
    body: { buyerId: ids['buyers'], name: mark, uri: 'sip:new@192.0.2.7:5060' },
  }),
  changeTarget: () => ({ body: { caps: { concurrent: 3 } } }),
  archiveTarget: () => ({}),
  createAgent: ({ ids, mark }) => ({
    body: { buyerId: ids['buyers'], name: mark, username: `${mark}-${count++}` },
  }),
  changeAgent: () => ({ body: { wrapUpMs: 10 } }),
  archiveAgent: () => ({}),
  setAgentPassword: () => ({ body: { password: 'a password of some length' } }),
  createTeam: ({ ids, mark }) => ({
    body: { buyerId: ids['buyers'], name: mark, agentIds: [ids['agents']] },
  }),
  changeTeam: ({ ids }) => ({ body: { agentIds: [ids['agents']], ringMs: 5_000 } }),
  archiveTeam: () => ({}),
  createBid: ({ ids, mark }) => ({
    body: bidOf({ buyerId: ids['buyers'] ?? '', targetId: ids['targets'] ?? '', name: mark }),
  }),
  changeBid: ({ ids }) => ({ body: { targetId: ids['targets'], status: 'paused' } }),
  archiveBid: () => ({}),
  createPayment: ({ accountId, ids }) => ({
    body: { accountId, methodId: ids['payment-methods'], amountMicros: 1_000_000, currency: 'USD' },
  }),
  updatePaymentMethod: () => ({ body: { brand: 'visa' } }),
  deletePaymentMethod: () => ({}),
  addCallSignal: ({ role }) => ({
    body: { kind: 'postback', value: 'sale' },
    // A seller has no calls to tell of.
    ...(role === 'seller' ? { status: 404 } : {}),
  }),
  sendPostback: ({ role }) => ({ query: '?event=sale', ...(role === 'seller' ? { status: 404 } : {}) }),
  sendPostbackPixel: ({ role }) => ({ query: '?event=seen', ...(role === 'seller' ? { status: 404 } : {}) }),
  sendReferencePostbackPixel: ({ role, mark }) => ({
    query: `?event=seen&reference=${mark}`,
    ...(role === 'seller' ? { status: 404 } : {}),
  }),
  sendReferencePostback: ({ role, mark }) => ({
    query: `?event=sale&reference=${mark}`,
    ...(role === 'seller' ? { status: 404 } : {}),
  }),
  createPostbackToken: ({ accountId, mark, role }) => ({
    body: { accountId, name: mark },
    ...(role === 'seller' ? { status: 422 } : {}),
  }),
  revokePostbackToken: ({ role }) => (role === 'seller' ? { status: 404 } : {}),
  openDispute: ({ ids }) => ({
    body: { callId: ids['calls'], reason: 'other', amount: 1, text: 'again' },
    // There is one open already.
    status: 409,
  }),
  addDisputeEvidence: ({ ids, mark }) => ({ id: ids['disputes'] ?? '', body: { kind: 'text', text: mark } }),
  withdrawDispute: () => ({ body: {} }),
  createWebhook: ({ accountId, mark }) => ({
    body: {
      ...{ accountId, name: mark, url: 'http://127.0.0.1:1024/x', events: ['call.settled'] },
      campaignIds: [OPEN_CAMPAIGN],
    },
  }),
  changeWebhook: () => ({ body: { name: 'renamed', campaignIds: [OPEN_CAMPAIGN] } }),
  rotateWebhookSecret: () => ({ body: {} }),
  testWebhook: () => ({ body: {} }),
  replayWebhook: () => ({ query: '?from=0&to=60000' }),
  redriveWebhook: () => ({}),
  // Its webhook had all of them driven again.
  redriveWebhookDelivery: () => ({ status: 409 }),
  archiveWebhook: () => ({}),
  createUser: ({ accountId, mark }) => ({
    body: { email: `new-${mark}@people.example`, name: mark, accountId, scopes: ['calls:read'] },
  }),
  changeUser: () => ({ body: { name: 'Renamed' } }),
  createUserLink: () => ({}),
  disableUser: () => ({}),
  createKey: ({ accountId, mark }) => ({ body: { accountId, name: mark, scopes: ['calls:read'] } }),
  revokeKey: () => ({}),
  createOauthClient: ({ accountId, mark }) => ({ body: { accountId, name: mark, scopes: ['calls:read'] } }),
  revokeOauthClient: () => ({}),
  createDialplan: ({ mark }) => ({ body: { name: `${mark}-${count++}`, yaml: planText(mark) } }),
  replaceDialplan: ({ mark }) => ({ body: { yaml: planText(mark, 'another one') } }),
  publishDialplan: () => ({ body: { version: 1 } }),
  checkDialplan: ({ mark }) => ({ body: { yaml: planText(mark) } }),
  simulateDialplanText: ({ mark }) => ({ body: { yaml: planText(mark) } }),
  simulateDialplan: () => ({ body: { answers: ['refused'] } }),
  archiveDialplan: () => ({}),
  requestBid: ({ accountId }) => ({ body: { sellerId: accountId, number: '800-555-0199' } }),
  cancelReservation: () => ({ id: RESERVATION }),
};

/** Operations that end what the others are about come last. */
export const ENDS = /^(archive|delete|disable|revoke|withdraw)/;

/** Open to anybody, on purpose: where people, agents and clients sign in. */
export const OPEN = [
  'askForReset',
  'finishOidcSignIn',
  'issueClientToken',
  'listSignInProviders',
  'refreshSession',
  'setPasswordByLink',
  'signIn',
  'signInAgent',
  'signOut',
  'startOidcSignIn',
];

/** Queries that an operation does not work without. */
export const NEEDED: Readonly<Record<string, (party: Party) => string>> = {
  getStatement: () => '?from=1&to=4000000000000',
  getStatementCsv: () => '?from=1&to=4000000000000',
  findCarrierRate: () => '?direction=inbound&number=8005550199',
  listWebhookDeliveries: ({ ids }) => `?webhookId=${ids['webhooks']}`,
};

/** Lists in which parties have nothing. */
export const EMPTY = [
  'buyer listDisputeEvidence',
  'buyer listLiveCalls',
  'carrier listInvoices',
  'carrier listLiveCalls',
  'seller listDisputeEvidence',
  'seller listInvoices',
  'seller listLiveCalls',
  'seller listPostbackTokens',
];

/** Closed on purpose: what is for the exchange, its machines and its people alone. A new table is walled, or named here. */
export const CLOSED = [
  'adjustments',
  'agent_calls',
  'agent_secrets',
  'analytics_progress',
  'api_idempotency',
  'audit_blocks',
  'audit_unsealed',
  'bid_qualities',
  'bid_sums',
  'billing_document_lines',
  'billing_document_numbers',
  'call_decisions',
  'callbacks',
  'call_dispositions',
  'call_late_ends',
  'call_refunds',
  'call_signals',
  'cap_usage',
  'carrier_cdrs',
  'consent_chains',
  'consent_details',
  'consent_disclosures',
  'consent_records',
  'consent_removals',
  'consent_subjects',
  'dispute_windows',
  'disputed_payables',
  'dnc_entries',
  'event_positions',
  'fraud_cases',
  'fraud_models',
  'fraud_priors',
  'fraud_sums',
  'hours_overrides',
  'ledger_blocks',
  'ledger_chains',
  'ledger_period_balances',
  'ledger_periods',
  'market_eras',
  'market_history',
  'nodes',
  'number_list_segments',
  'number_list_versions',
  'outbox',
  'payment_events',
  'payout_batches',
  'phone_sessions',
  'privacy_key',
  'privacy_requests',
  'privacy_suppressions',
  'reconciliation_differences',
  'refresh_tokens',
  'roll_ups',
  'rtb_bid_requests',
  'rtb_reservations',
  'rtb_secrets',
  'schema_migrations',
  'settlement_differences',
  'settlement_history',
  'settlement_revisions',
  'settlements',
  'signing_keys',
  'target_discipline',
  'target_pauses',
  'user_identities',
  'user_links',
  'user_recovery_codes',
  'user_sessions',
];
