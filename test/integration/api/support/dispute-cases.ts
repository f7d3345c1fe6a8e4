import { randomUUID } from 'node:crypto';
import type { HappyPath } from './happy-path';
import { storeSoldCall } from './stored-calls';
import type { TestApi } from './test-api';

const TOKEN = { accountId: 'buyer-account', name: 'CRM', events: ['sale'] };
const REFUND = { reference: 'r', bearer: 'exchange', reason: 'agreed' };
const DISPUTE = { side: 'buyer', reason: 'bad_audio', amount: 1_000_000, text: 'Nothing was heard' };
/** More than one person may move alone. */
const GOODWILL = {
  kind: 'goodwill',
  accountId: 'buyer-account',
  currency: 'USD',
  amount: 500_000_000,
  reference: 'g',
  reason: 'agreed',
};

/** A call that can be named by its buyer's offer, and disputed. */
export async function openDisputes(api: TestApi): Promise<void> {
  await storeSoldCall(api, 'offered', 'offer 1');
}

/** A call that is settled, with a sale that its money follows from. */
async function soldCall(api: TestApi): Promise<string> {
  const id = `sold-${randomUUID()}`;
  await storeSoldCall(api, id);
  return id;
}

async function deadSignal(api: TestApi): Promise<string> {
  const id = await soldCall(api);
  await api.ask('POST', `/api/v1/calls/${id}/postbacks?event=sale`);
  await api.pool.query(
    `update outbox set dead_at = now(), dead_reason = 'terms with a hole' where payload ->> 'callId' = $1 and type = 'call.signal'`,
    [id],
  );
  return id;
}

async function postbackToken(api: TestApi): Promise<string> {
  return String((await api.ask('POST', '/api/v1/postback-tokens', { body: TOKEN })).body['id']);
}

async function dispute(api: TestApi): Promise<string> {
  const body = { ...DISPUTE, callId: await soldCall(api) };
  return String((await api.ask('POST', '/api/v1/disputes', { body })).body['id']);
}

async function reviewedDispute(api: TestApi): Promise<string> {
  const id = await dispute(api);
  await api.ask('POST', `/api/v1/disputes/${id}/review`, { body: {} });
  return id;
}

async function adjustment(api: TestApi, key?: string): Promise<string> {
  const body = { ...GOODWILL, reference: `g-${randomUUID()}` };
  const made = await api.ask('POST', '/api/v1/adjustments', { body, ...(key === undefined ? {} : { key }) });
  return String(made.body['id']);
}

async function otherAdjustment(api: TestApi): Promise<string> {
  return adjustment(api, await api.keyWith('adjustments:write'));
}

/** Every operation about signals, disputes, refunds and adjustments. */
export function disputeCases(api: () => TestApi): [string, HappyPath][] {
  return [
    ['GET /api/v1/calls/{id}/signals', { id: () => soldCall(api()) }],
    [
      'POST /api/v1/calls/{id}/signals',
      { id: () => soldCall(api()), body: { kind: 'disposition', value: 'sold' } },
    ],
    ['GET /api/v1/calls/{id}/postbacks', { id: () => soldCall(api()), query: '?event=sale&clickid=17' }],
    ['POST /api/v1/calls/{id}/postbacks', { id: () => soldCall(api()), query: '?event=sale' }],
    ['GET /api/v1/postbacks', { query: '?reference=offer%201&event=sale' }],
    ['POST /api/v1/postbacks', { query: '?reference=offer%201&event=sale' }],
    ['GET /api/v1/signals/dead', {}],
    ['POST /api/v1/signals/dead/{id}/redrive', { id: () => deadSignal(api()) }],
    ['GET /api/v1/postback-tokens', {}],
    ['POST /api/v1/postback-tokens', { body: TOKEN }],
    ['DELETE /api/v1/postback-tokens/{id}', { id: () => postbackToken(api()) }],
    ['GET /api/v1/calls/{id}/money', { id: () => soldCall(api()) }],
    ['GET /api/v1/calls/{id}/refunds', { id: () => soldCall(api()) }],
    ['POST /api/v1/calls/{id}/refunds', { id: () => soldCall(api()), body: REFUND }],
    ['GET /api/v1/disputes', {}],
    ['POST /api/v1/disputes', { body: { ...DISPUTE, callId: 'offered' } }],
    ['GET /api/v1/disputes/{id}', { id: () => dispute(api()) }],
    ['POST /api/v1/disputes/{id}/review', { id: () => dispute(api()), body: {} }],
    [
      'POST /api/v1/disputes/{id}/resolve',
      { id: () => reviewedDispute(api()), body: { state: 'accepted', bearer: 'seller' } },
    ],
    ['POST /api/v1/disputes/{id}/withdraw', { id: () => dispute(api()), body: {} }],
    ['GET /api/v1/disputes/{id}/evidence', { id: () => dispute(api()) }],
    [
      'POST /api/v1/disputes/{id}/evidence',
      { id: () => dispute(api()), body: { kind: 'text', text: 'heard it' } },
    ],
    ['GET /api/v1/dispute-windows', {}],
    ['POST /api/v1/dispute-windows', { body: { accountId: 'buyer-account', days: 30 } }],
    ['GET /api/v1/adjustments', {}],
    ['GET /api/v1/adjustments/{id}', { id: () => adjustment(api()) }],
    ['POST /api/v1/adjustments', { body: GOODWILL }],
    ['POST /api/v1/adjustments/{id}/approve', { id: () => otherAdjustment(api()), body: {} }],
    ['POST /api/v1/adjustments/{id}/reject', { id: () => adjustment(api()), body: {} }],
  ];
}
