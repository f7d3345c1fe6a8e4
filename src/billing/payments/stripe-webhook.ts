import Stripe from 'stripe';
import { isCurrency } from '../../domain';
import { microsOfMinorUnits } from './minor-units';
import type { ProviderEvent, ProviderNews } from './provider-events';
import { failureOf, intentOutcome, refundOutcome } from './stripe-outcomes';
import { PAYMENT_ID } from './stripe-provider';

/** `ignored`: of a type, or in a currency, that means nothing here. */
export type StripeMessage =
  | { readonly ok: true; readonly event: ProviderEvent }
  | { readonly ok: false; readonly reason: 'bad_signature' | 'ignored' };

/** Seconds that a signature may be old, as Stripe's libraries have it: against messages sent once more later. */
const TOLERANCE_SECONDS = 300;

/**
 * Reads a message that Stripe signed. What is signed is the body as it came, byte for byte.
 *
 * @param now - UTC epoch milliseconds
 */
export function readStripeMessage(
  body: Buffer,
  signature: string,
  secret: string,
  now: number,
): StripeMessage {
  let event: Stripe.Event;
  try {
    event = Stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_SECONDS, undefined, now);
  } catch {
    // Whatever the library stumbles over came with the message: it says so in several kinds of errors.
    return { ok: false, reason: 'bad_signature' };
  }
  const news = newsOf(event);
  if (!news) return { ok: false, reason: 'ignored' };
  return { ok: true, event: { id: event.id, type: event.type, news } };
}

function newsOf(event: Stripe.Event): ProviderNews | undefined {
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled':
      return newsOfIntent(event.data.object);
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.refund.updated':
      return newsOfRefund(event.data.object);
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
    case 'charge.dispute.closed':
      return newsOfDispute(event.data.object);
    default:
      return undefined;
  }
}

function newsOfIntent(intent: Stripe.PaymentIntent): ProviderNews | undefined {
  const outcome = intentOutcome(intent);
  if (outcome === 'unfinished') return undefined;
  const end = outcome.state === 'pending' ? { state: outcome.state } : outcome;
  return common('charge', intent, intent.id, end);
}

function newsOfRefund(refund: Stripe.Refund): ProviderNews | undefined {
  const outcome = refundOutcome(refund);
  const end = outcome.state === 'pending' ? { state: outcome.state } : outcome;
  return common('refund', refund, idOf(refund.payment_intent) ?? idOf(refund.charge), end);
}

/**
 * An inquiry (`warning_…`) moves no money, and neither does what was prevented. Of all others the money is
 * gone until they are won.
 */
function newsOfDispute(dispute: Stripe.Dispute): ProviderNews | undefined {
  const { id: ref, status, reason } = dispute;
  if (status.startsWith('warning_') || status === 'prevented') return undefined;
  const end: ProviderNews['end'] =
    status === 'won'
      ? { state: 'failed', ref, failure: failureOf({ code: 'won', message: `won (${reason})` }) }
      : { state: 'succeeded', ref };
  const chargeRef = idOf(dispute.payment_intent) ?? idOf(dispute.charge);
  return common('chargeback', { ...dispute, metadata: null }, chargeRef, end);
}

interface StripeObject {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Stripe.Metadata | null;
}

function common(
  kind: ProviderNews['kind'],
  { id: ref, amount, currency: code, metadata }: StripeObject,
  chargeRef: string | undefined,
  end: ProviderNews['end'],
): ProviderNews | undefined {
  const currency = code.toUpperCase();
  if (chargeRef === undefined || !isCurrency(currency) || amount <= 0) return undefined;
  const paymentId = metadata?.[PAYMENT_ID] ?? null;
  return { kind, ref, chargeRef, paymentId, amount: microsOfMinorUnits(amount, currency), currency, end };
}

function idOf(reference: string | { readonly id: string } | null): string | undefined {
  return typeof reference === 'string' ? reference : reference?.id;
}
