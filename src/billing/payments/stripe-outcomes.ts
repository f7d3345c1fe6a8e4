import Stripe from 'stripe';
import type { PaymentFailure } from './payment';
import type { PaymentOutcome } from './payment-provider';

const MAX_CODE = 100;
const MAX_MESSAGE = 500;

/** Refusals after which the same may work another time (Stripe, "Decline codes"); all others stay. */
const PASSING = new Set([
  'approve_with_id',
  'authentication_not_handled',
  'card_decline_rate_limit_exceeded',
  'card_velocity_exceeded',
  'insufficient_funds',
  'issuer_not_available',
  'processing_error',
  'reenter_transaction',
  'try_again_later',
  'withdrawal_count_limit_exceeded',
]);

/** What Stripe says of why a card was not charged. */
interface Decline {
  readonly code?: string | null | undefined;
  readonly decline_code?: string | null | undefined;
  readonly advice_code?: string | null | undefined;
  readonly message?: string | null | undefined;
}

/** How a payment intent stands; `unfinished` when its owner would have to do something, which nobody asks for. */
export function intentOutcome(intent: Stripe.PaymentIntent): PaymentOutcome | 'unfinished' {
  const ref = intent.id;
  switch (intent.status) {
    case 'succeeded':
      return { state: 'succeeded', ref };
    case 'canceled': {
      const why = intent.cancellation_reason ?? 'canceled';
      const failure = failureOf({ code: 'canceled', message: `the payment was canceled (${why})` });
      return { state: 'failed', ref, failure };
    }
    case 'requires_payment_method':
      return { state: 'failed', ref, failure: failureOf(intent.last_payment_error ?? {}) };
    case 'requires_action':
    case 'requires_confirmation':
    case 'requires_capture':
      return 'unfinished';
    default:
      // `processing`, and whatever Stripe comes to say that is not known here.
      return { state: 'pending', ref, why: intent.status };
  }
}

/** How a refund stands. */
export function refundOutcome(refund: Stripe.Refund): PaymentOutcome {
  const ref = refund.id;
  const status = refund.status ?? 'pending';
  if (status === 'succeeded') return { state: 'succeeded', ref };
  if (status !== 'failed' && status !== 'canceled') return { state: 'pending', ref, why: status };
  const code = refund.failure_reason ?? status;
  return { state: 'failed', ref, failure: failureOf({ code, message: `the refund is ${status} (${code})` }) };
}

/**
 * What an error says of a payment: a card that was refused, a request that was; everything else says
 * nothing of whether the money moves.
 */
export function errorOutcome(error: unknown): PaymentOutcome {
  if (error instanceof Stripe.errors.StripeCardError) {
    return { state: 'failed', ref: error.payment_intent?.id, failure: failureOf(error) };
  }
  // Not one of the same kind: that a key came with another request before is of this class no longer.
  if (error instanceof Stripe.errors.StripeInvalidRequestError) {
    return { state: 'failed', ref: error.payment_intent?.id, failure: failureOf(error) };
  }
  if (error instanceof Stripe.errors.StripeError) {
    return { state: 'pending', ref: undefined, why: plainText(`${error.type}: ${error.message}`) };
  }
  throw error;
}

/** Why, with a code for programs and a sentence for people. */
export function failureOf({ code, decline_code, advice_code, message }: Decline): PaymentFailure {
  // Which of `card_declined` it was says more; a card without one has an empty text.
  const known = [decline_code, code].find((text) => text) ?? 'declined';
  return {
    code: plainText(known, MAX_CODE),
    message: plainText(message || 'the payment was refused'),
    retryable:
      advice_code === 'try_again_later' || (advice_code !== 'do_not_try_again' && PASSING.has(known)),
  };
}

/** Text of others as it can be stored: without control characters and broken surrogates, not too long. */
function plainText(text: string, most = MAX_MESSAGE): string {
  const whole = Buffer.from(text.slice(0, most)).toString();
  return whole.replace(/[\x00-\x1f\x7f]/g, ' ').trim();
}
