import Stripe from 'stripe';
import { minorUnitsOf } from './minor-units';
import type {
  ChargeRequest,
  PaymentOutcome,
  PaymentProvider,
  RefundRequest,
  RetrieveRequest,
} from './payment-provider';
import { errorOutcome, failureOf, intentOutcome, refundOutcome } from './stripe-outcomes';

export interface StripeOptions {
  /** Secret; never logged. */
  readonly apiKey: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: 'https' | 'http';
  /** Milliseconds after which an answer is taken for lost. */
  readonly timeoutMs: number;
}

/** Where payments carry the name of ours. */
export const PAYMENT_ID = 'dce_payment';
/** Clocks differ: what was asked for may seem to be made a little before. */
const SKEW_SECONDS = 3_600;
const PAGE = 100;
/** A customer with more payments since then is not looked through: a person does that. */
const MAX_LOOKED_AT = 1_000;

/**
 * Charges cards by Stripe's payment intents. Nothing is tried again here, but for what its client does by itself
 * when a connection that was kept turns out to be closed: who asks does that, and knows of it.
 */
export class StripeProvider implements PaymentProvider {
  readonly #stripe: Stripe.Stripe;

  constructor({ apiKey, host, port, protocol, timeoutMs }: StripeOptions) {
    this.#stripe = new Stripe(apiKey, {
      host,
      port,
      protocol,
      timeout: timeoutMs,
      maxNetworkRetries: 0,
      telemetry: false,
    });
  }

  async charge(request: ChargeRequest): Promise<PaymentOutcome> {
    const { paymentId, idempotencyKey, accountId, method, currency } = request;
    const amount = minorUnitsOf(request.amount, currency);
    if (!amount.ok) return unpayable(amount.reason);
    try {
      const intent = await this.#stripe.paymentIntents.create(
        {
          amount: amount.units,
          currency: currency.toLowerCase(),
          customer: method.customerRef,
          payment_method: method.methodRef,
          // Nobody is there to confirm it or to be sent elsewhere.
          confirm: true,
          off_session: true,
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          metadata: { [PAYMENT_ID]: paymentId, dce_account: accountId },
        },
        { idempotencyKey },
      );
      return await this.#settled(intent);
    } catch (error) {
      return errorOutcome(error);
    }
  }

  async refund(request: RefundRequest): Promise<PaymentOutcome> {
    const { paymentId, idempotencyKey, accountId, chargeRef, currency } = request;
    const amount = minorUnitsOf(request.amount, currency);
    if (!amount.ok) return unpayable(amount.reason);
    try {
      return refundOutcome(
        await this.#stripe.refunds.create(
          {
            payment_intent: chargeRef,
            amount: amount.units,
            metadata: { [PAYMENT_ID]: paymentId, dce_account: accountId },
          },
          { idempotencyKey },
        ),
      );
    } catch (error) {
      return errorOutcome(error);
    }
  }

  async retrieve(request: RetrieveRequest): Promise<PaymentOutcome | { readonly state: 'absent' }> {
    try {
      return request.kind === 'charge' ? await this.#findIntent(request) : await this.#findRefund(request);
    } catch (error) {
      const outcome = errorOutcome(error);
      // That looking failed says nothing of the payment.
      return outcome.state === 'failed'
        ? { state: 'pending', ref: undefined, why: outcome.failure.message }
        : outcome;
    }
  }

  async #findIntent(request: RetrieveRequest): Promise<PaymentOutcome | { readonly state: 'absent' }> {
    if (request.ref !== undefined) {
      return this.#settled(await this.#stripe.paymentIntents.retrieve(request.ref));
    }
    if (request.customerRef === undefined) return { state: 'absent' };
    const made = await foundIn(
      this.#stripe.paymentIntents.list({
        customer: request.customerRef,
        created: after(request),
        limit: PAGE,
      }),
      request.paymentId,
    );
    if (made === 'too_many') return tooMany();
    return made ? this.#settled(made) : { state: 'absent' };
  }

  async #findRefund(request: RetrieveRequest): Promise<PaymentOutcome | { readonly state: 'absent' }> {
    if (request.ref !== undefined) return refundOutcome(await this.#stripe.refunds.retrieve(request.ref));
    if (request.chargeRef === undefined) return { state: 'absent' };
    const made = await foundIn(
      this.#stripe.refunds.list({ payment_intent: request.chargeRef, limit: PAGE }),
      request.paymentId,
    );
    if (made === 'too_many') return tooMany();
    return made ? refundOutcome(made) : { state: 'absent' };
  }

  /** What waits for its owner is called off, so that it cannot be made long after it was taken for failed. */
  async #settled(intent: Stripe.PaymentIntent): Promise<PaymentOutcome> {
    const outcome = intentOutcome(intent);
    if (outcome !== 'unfinished') return outcome;
    const ref = intent.id;
    try {
      const after = intentOutcome(await this.#stripe.paymentIntents.cancel(ref));
      if (after !== 'unfinished' && after.state !== 'failed') return after;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError)) throw error;
      return { state: 'pending', ref, why: `${intent.status}, and calling it off failed: ${error.type}` };
    }
    const failure = failureOf({
      code: 'authentication_required',
      message: 'the bank wants the owner of the card to confirm the payment',
    });
    return { state: 'failed', ref, failure };
  }
}

interface Named {
  readonly metadata: Stripe.Metadata | null;
}

async function foundIn<T extends Named>(
  list: AsyncIterable<T>,
  paymentId: string,
): Promise<T | 'too_many' | undefined> {
  let looked = 0;
  for await (const one of list) {
    if (one.metadata?.[PAYMENT_ID] === paymentId) return one;
    if (++looked >= MAX_LOOKED_AT) return 'too_many';
  }
  return undefined;
}

function after({ since }: RetrieveRequest): { gte: number } {
  return { gte: Math.floor(since / 1000) - SKEW_SECONDS };
}

function tooMany(): PaymentOutcome {
  return { state: 'pending', ref: undefined, why: 'there are too many payments to look through' };
}

function unpayable(reason: string): PaymentOutcome {
  const failure = { code: 'amount_unpayable', message: `the amount ${reason}`, retryable: false };
  return { state: 'failed', ref: undefined, failure };
}
