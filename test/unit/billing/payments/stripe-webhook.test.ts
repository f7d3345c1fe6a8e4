import fc from 'fast-check';
import Stripe from 'stripe';
import type { StripeMessage } from '../../../../src/billing/payments/stripe-webhook';
import { readStripeMessage } from '../../../../src/billing/payments/stripe-webhook';

const SECRET = 'whsec_of_a_test';
const NOW = Date.UTC(2026, 10, 21, 12);

function read(
  event: unknown,
  { secret = SECRET, sentAt = NOW, body = JSON.stringify(event) } = {},
): StripeMessage {
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload: JSON.stringify(event),
    secret,
    timestamp: Math.floor(sentAt / 1000),
  });
  return readStripeMessage(Buffer.from(body), signature, SECRET, NOW);
}

const event = (type: string, object: object): object => ({
  id: 'evt_1',
  object: 'event',
  type,
  data: { object },
});

const INTENT = {
  id: 'pi_1',
  object: 'payment_intent',
  amount: 5_000,
  currency: 'usd',
  status: 'succeeded',
  metadata: {},
};
const REFUND = { ...INTENT, id: 're_1', object: 'refund', payment_intent: 'pi_1' };
const DISPUTE = { ...REFUND, id: 'dp_1', object: 'dispute', status: 'needs_response', reason: 'fraudulent' };

test('a charge that was made', () => {
  const metadata = { dce_payment: 'payment-1' };
  expect(read(event('payment_intent.succeeded', { ...INTENT, metadata }))).toEqual({
    ok: true,
    event: {
      id: 'evt_1',
      type: 'payment_intent.succeeded',
      news: {
        kind: 'charge',
        ref: 'pi_1',
        chargeRef: 'pi_1',
        paymentId: 'payment-1',
        amount: 50_000_000,
        currency: 'USD',
        end: { state: 'succeeded', ref: 'pi_1' },
      },
    },
  });
});

test.each<[string, object, object]>([
  [
    'payment_intent.payment_failed',
    {
      ...INTENT,
      status: 'requires_payment_method',
      last_payment_error: { code: 'expired_card', message: 'Expired.' },
    },
    { end: { state: 'failed', failure: { code: 'expired_card', message: 'Expired.', retryable: false } } },
  ],
  ['payment_intent.canceled', { ...INTENT, status: 'canceled' }, { end: { state: 'failed' } }],
  [
    'refund.created',
    { ...REFUND, status: 'pending' },
    { kind: 'refund', chargeRef: 'pi_1', end: { state: 'pending' } },
  ],
  ['refund.updated', REFUND, { end: { state: 'succeeded', ref: 're_1' } }],
  [
    'refund.failed',
    { ...REFUND, status: 'failed', failure_reason: 'lost_or_stolen_card' },
    { end: { state: 'failed', failure: { code: 'lost_or_stolen_card' } } },
  ],
  [
    'charge.dispute.created',
    DISPUTE,
    { kind: 'chargeback', paymentId: null, end: { state: 'succeeded', ref: 'dp_1' } },
  ],
  ['charge.dispute.closed', { ...DISPUTE, status: 'lost' }, { end: { state: 'succeeded' } }],
  [
    'charge.dispute.closed',
    { ...DISPUTE, status: 'won' },
    { end: { state: 'failed', failure: { code: 'won' } } },
  ],
  ['refund.created', { ...REFUND, currency: 'jpy', amount: 500 }, { amount: 500_000_000, currency: 'JPY' }],
  ['refund.created', { ...REFUND, payment_intent: null, charge: { id: 'ch_1' } }, { chargeRef: 'ch_1' }],
])('%s', (type, object, news) => {
  expect(read(event(type, object))).toMatchObject({ ok: true, event: { news } });
});

test.each<[string, object]>([
  ['customer.created', { id: 'cus_1' }],
  ['payment_intent.succeeded', { ...INTENT, currency: 'xyz' }],
  ['payment_intent.payment_failed', { ...INTENT, status: 'requires_action' }],
  ['charge.dispute.created', { ...DISPUTE, status: 'warning_needs_response' }],
  ['charge.dispute.closed', { ...DISPUTE, status: 'prevented' }],
  ['refund.created', { ...REFUND, payment_intent: null, charge: null }],
])('ignored: %s %j', (type, object) => {
  expect(read(event(type, object))).toEqual({ ok: false, reason: 'ignored' });
});

test('what Stripe did not sign, or signed long ago, or for somebody else', () => {
  const good = event('payment_intent.succeeded', INTENT);
  const bad = { ok: false, reason: 'bad_signature' };
  expect(read(good, { secret: 'whsec_of_another' })).toEqual(bad);
  expect(read(good, { sentAt: NOW - 301_000 })).toEqual(bad);
  expect(read(good, { body: JSON.stringify(good).replace('5000', '5001') })).toEqual(bad);
  expect(readStripeMessage(Buffer.from(JSON.stringify(good)), '', SECRET, NOW)).toEqual(bad);
  expect(read(good, { sentAt: NOW - 299_000 })).toMatchObject({ ok: true });
});

test('no signature that is made up is believed', () => {
  const body = Buffer.from(JSON.stringify(event('payment_intent.succeeded', INTENT)));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((v1) => `t=${NOW / 1000},v1=${v1}`),
      ),
      (signature) => {
        expect(readStripeMessage(body, signature, SECRET, NOW)).toEqual({
          ok: false,
          reason: 'bad_signature',
        });
      },
    ),
  );
});
