import { randomUUID } from 'node:crypto';
import { postTransaction, settleCall } from '../../../../src/billing';
import type { E164 } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import { addCallback } from '../../../../src/storage';
import { endedRecord, ringTarget, saleTerms, storeEnded } from '../../../support/call-records';
import type { TestApi } from './test-api';

export interface StoredCall {
  readonly id: string;
  readonly receivedAt: number;
  readonly state?: string;
}

/** Puts a call into the books as the switch does, without its decision and its money. */
export async function storeCall(
  api: TestApi,
  { id, receivedAt, state = 'completed' }: StoredCall,
): Promise<void> {
  await api.pool.query(
    `insert into calls (id, node_id, boot_id, sip_call_id, state, end_reason, sip_status, trunk_id, caller, dialled,
       origin, campaign_id, buyer_id, received_at, answered_at, ended_at, connected_ms, attempts, media)
     values ($1, 'node', 'boot', $1 || '@carrier', $2, 'caller_hangup', 200, 'trunk', '+12125550123', '+18005550100',
       'inbound_consumer', 'campaign', 'buyer', $3::bigint, $3::bigint + 5, $3::bigint + 65005, 65000, '[]', '{"packets": 3250}')`,
    [id, state, receivedAt],
  );
}

/** A call that was decided, sold and settled. */
export async function storeSettledCall(api: TestApi, id: string): Promise<void> {
  await storeCall(api, { id, receivedAt: 1_700_000_000_000 });
  await api.pool.query('insert into call_decisions (call_id, decision, microseconds) values ($1, $2, 48)', [
    id,
    JSON.stringify({ ok: true, trace: { findings: [] } }),
  ]);
  await api.pool.transaction((tx) =>
    postTransaction(tx, {
      idempotencyKey: `call:${id}`,
      kind: 'call_settlement',
      callId: id,
      postings: [
        { accountId: 'buyer-account', purpose: 'wallet', currency: 'USD', amount: micros(20_000_000) },
        { accountId: 'operator', purpose: 'revenue', currency: 'USD', amount: micros(-20_000_000) },
      ],
    }),
  );
}

/** A call that was sold to buyer-account and settled, with its sale. @param reference - its buyer's name of the offer */
export async function storeSoldCall(api: TestApi, id: string, reference?: string): Promise<void> {
  const sale = { target: ringTarget({ reference }), terms: saleTerms() };
  const record = endedRecord(id, { sale, endedAt: Date.now() });
  await storeEnded(api.pool, [record]);
  await settleCall(api.pool, id);
}

let callbacks = 0;

/** Somebody who wants to be called. @returns its id */
export async function storeCallback(api: TestApi): Promise<string> {
  const id = randomUUID();
  const number = `+1212${String(5_550_000 + callbacks++)}` as E164;
  const requestedAt = Date.now();
  await addCallback(api.pool, {
    ...{
      id,
      callId: `asks-${callbacks}`,
      campaignId: 'campaign',
      sellerId: 'seller',
      number,
      ownNumber: true,
    },
    ...{ requestedAt, notAfter: requestedAt + 86_400_000 },
  });
  return id;
}

/** A call that was flagged, and waits for people. */
export async function storeFraudCase(api: TestApi, id: string): Promise<void> {
  await storeCall(api, { id, receivedAt: 1_700_000_000_000 });
  await api.pool.query(
    `insert into fraud_cases (call_id, score, level, reasons, model, caller, dialled, trunk_id, seller_id, campaign_id, received_at)
     values ($1, 0.65, 'challenge', '{rotated_numbers:9}', 'rules', '+12125550123', '+18005550100', 'trunk', 'seller', 'campaign', 1700000000000)`,
    [id],
  );
}

/** An act of consent as a client tells it. */
export const CONSENT = {
  number: '212-555-0123',
  scopes: ['calls'],
  givenAt: 1_700_000_000_000,
  disclosure: { version: '1', text: 'I agree.' },
  act: 'ticked',
};

/** A webhook that nobody answers at. */
export const WEBHOOK = { name: 'Calls', url: 'http://127.0.0.1:1024/told', events: ['call.settled'] };

/** A delivery that no retry helped. @returns its id */
export async function storeDeadDelivery(api: TestApi, webhookId: string): Promise<string> {
  const { rows } = await api.pool.query<{ id: string }>(
    `insert into postback_deliveries (postback_id, event_id, event, subject, happened_at, listener, fields, state,
       attempts, give_up_at, done_at, attempted_at, last_status, last_error, took_ms, request, response)
     values ($1, '17', 'call.settled', 'call:c', now(), 'operator', '{"callId": "c"}', 'dead', 9, now(), now(), now(), 500,
       'answered 500', 12, '{"method": "POST", "url": "http://127.0.0.1:1024/told", "body": "{}"}', 'oh no')
     returning id::text`,
    [webhookId],
  );
  return rows[0]?.id ?? '';
}
