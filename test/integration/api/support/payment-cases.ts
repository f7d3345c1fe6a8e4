import { randomUUID } from 'node:crypto';
import {
  addPaymentMethod,
  approvePayouts,
  postTransaction,
  preparePayouts,
  putPayoutTerms,
  requestCharge,
  takeProviderEvent,
} from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import type { HappyPath } from './happy-path';
import type { TestApi } from './test-api';

const PREPARER = { keyId: 'key-of-another', accountId: 'operator' };
const APPROVER = { keyId: 'key-of-a-third', accountId: 'operator' };

/** An account of that type, new for each who asks. */
export async function storeAccount(
  api: TestApi,
  type: 'buyer' | 'seller',
  id = `${type}-${randomUUID().slice(0, 12)}`,
): Promise<string> {
  await api.pool.query('insert into accounts (id, name, type) values ($1, $2, $3)', [
    id,
    `Account ${id}`,
    type,
  ]);
  return id;
}

/** A card of a buyer. */
export async function storeCard(
  api: TestApi,
  account?: string,
  methodId: string = randomUUID(),
): Promise<{ readonly accountId: string; readonly methodId: string }> {
  const accountId = await storeAccount(api, 'buyer', account);
  await addPaymentMethod(api.pool, {
    id: methodId,
    accountId,
    customerRef: 'cus_1',
    methodRef: `pm_${methodId}`,
    brand: 'visa',
    last4: '4242',
    expMonth: 12,
    expYear: 2030,
    createdBy: 'operator',
  });
  return { accountId, methodId };
}

/** A charge that is asked for. */
export async function storePayment(api: TestApi): Promise<string> {
  const wish = { ...(await storeCard(api)), currency: 'USD' as const, amount: micros(50_000_000) };
  return (await requestCharge(api.pool, { ...wish, requestedBy: 'operator' }, Date.now())).id;
}

/** A charge that was made. */
export async function storeMadePayment(api: TestApi): Promise<string> {
  const paymentId = await storePayment(api);
  const ref = `pi_${paymentId}`;
  await takeProviderEvent(api.pool, {
    id: `evt_${paymentId}`,
    type: 'payment_intent.succeeded',
    news: {
      kind: 'charge',
      ref,
      chargeRef: ref,
      paymentId,
      amount: micros(50_000_000),
      currency: 'USD',
      end: { state: 'succeeded', ref },
    },
  });
  return paymentId;
}

/** What was told of a payment that nobody knows. */
export async function storeKeptEvent(api: TestApi): Promise<string> {
  const ref = `pi_${randomUUID()}`;
  const id = `evt_${ref}`;
  const news = { kind: 'charge', ref, chargeRef: ref, paymentId: null, currency: 'USD' } as const;
  await takeProviderEvent(api.pool, {
    id,
    type: 'payment_intent.succeeded',
    news: { ...news, amount: micros(1_000_000), end: { state: 'succeeded', ref } },
  });
  return id;
}

/** A seller with terms, to whom ten dollars are owed. */
export async function storePaidSeller(api: TestApi, account?: string): Promise<string> {
  const accountId = await storeAccount(api, 'seller', account);
  const amount = micros(10_000_000);
  await putPayoutTerms(api.pool, {
    accountId,
    period: 'manual',
    minimumAmount: micros(0),
    holdBackDays: 0,
    method: 'IBAN DE02',
    updatedBy: 'operator',
  });
  await api.pool.transaction((tx) =>
    postTransaction(tx, {
      idempotencyKey: randomUUID(),
      kind: 'call_settlement',
      postings: [
        { accountId, purpose: 'payable', currency: 'USD', amount: micros(-amount) },
        { accountId: 'operator', purpose: 'payout', currency: 'USD', amount },
      ],
    }),
  );
  return accountId;
}

/** A batch that somebody else prepared, and maybe a third one approved. */
export async function storePayout(api: TestApi, state: 'draft' | 'approved'): Promise<string> {
  const wish = { currency: 'USD' as const, accountIds: [await storePaidSeller(api)], by: PREPARER };
  const { batch } = await preparePayouts(api.pool, { ...wish, upTo: Date.now() }, Date.now());
  if (!batch) throw new Error('nothing is due');
  if (state === 'approved') await approvePayouts(api.pool, batch.id, APPROVER);
  return batch.id;
}

const CARD = 'card-of-a-test';
const BUYER = 'buyer-with-a-card';
const SELLER = 'seller-that-is-paid';

/** Makes what {@link paymentCases} name. */
export async function openPayments(api: TestApi): Promise<void> {
  await storeCard(api, BUYER, CARD);
  await storePaidSeller(api, SELLER);
}

/** How operations on payments and payouts are called so that they work. */
export function paymentCases(api: () => TestApi): [string, HappyPath][] {
  const payment = (): Promise<string> => storePayment(api());
  const draft = (): Promise<string> => storePayout(api(), 'draft');
  const approved = (): Promise<string> => storePayout(api(), 'approved');
  const method = async (): Promise<string> => (await storeCard(api())).methodId;
  return [
    ['GET /api/v1/payments', {}],
    ['GET /api/v1/payments/{id}', { id: payment }],
    [
      'POST /api/v1/payments',
      { body: { accountId: BUYER, methodId: CARD, amountMicros: 50_000_000, currency: 'USD' } },
    ],
    ['POST /api/v1/payments/{id}/refunds', { id: () => storeMadePayment(api()), body: {} }],
    ['POST /api/v1/payments/{id}/retry', { id: payment }],
    ['GET /api/v1/payment-events', {}],
    [
      'POST /api/v1/payment-events/{id}/resolve',
      { id: () => storeKeptEvent(api()), body: { note: 'of our shop' } },
    ],
    ['GET /api/v1/payment-methods', {}],
    [
      'POST /api/v1/payment-methods',
      { body: { accountId: BUYER, customerRef: 'cus_1', methodRef: 'pm_1SavedForLater' } },
    ],
    ['GET /api/v1/payment-methods/{id}', { id: method }],
    ['PATCH /api/v1/payment-methods/{id}', { id: method, body: { brand: 'mastercard' } }],
    ['DELETE /api/v1/payment-methods/{id}', { id: method }],
    ['GET /api/v1/payout-terms', {}],
    ['GET /api/v1/payout-terms/{id}', { id: () => storePaidSeller(api()) }],
    [
      'PUT /api/v1/payout-terms/{id}',
      {
        id: () => storeAccount(api(), 'seller'),
        body: { period: 'weekly', holdBackDays: 7, method: 'IBAN DE02' },
      },
    ],
    ['GET /api/v1/publisher-payouts', {}],
    ['POST /api/v1/publisher-payouts', { body: { currency: 'USD', accountIds: [SELLER] } }],
    ['GET /api/v1/publisher-payouts/{id}', { id: draft }],
    ['GET /api/v1/publisher-payouts/{id}/csv', { id: approved }],
    ['POST /api/v1/publisher-payouts/{id}/approve', { id: draft }],
    ['POST /api/v1/publisher-payouts/{id}/cancel', { id: draft }],
    ['POST /api/v1/publisher-payouts/{id}/paid', { id: approved, body: { reference: 'SEPA 7' } }],
    ['POST /api/v1/publisher-payouts/{id}/failed', { id: draft, body: { reason: 'not yet' } }],
    ['GET /api/v1/payout-items', {}],
  ];
}
