import type { PaymentServices } from '../api';
import type { OnTopUpDue } from '../billing';
import { chargeTopUps, PaymentKeeper, StripeProvider } from '../billing';
import type { Config } from '../config';
import type { Database } from '../storage';
import type { Logger } from '../telemetry';

/** What the API is to know of payments. */
export function paymentServices({ payments: { stripe } }: Config): PaymentServices {
  return { enabled: stripe.apiKey !== undefined, stripeWebhookSecret: stripe.webhookSecret };
}

/** Who fetches money for wallets that run low; without Stripe they are asked in vain, and ask again. */
export function topUps({ payments: { stripe } }: Config, database: Database): OnTopUpDue {
  if (stripe.apiKey !== undefined) return chargeTopUps(database, () => Date.now());
  return ({ accountId }) =>
    Promise.reject(
      new Error(`account ${accountId} wants a top-up, and there is no provider: set payments.stripe.apiKey`),
    );
}

/** Who asks Stripe for payments; nobody without a key. */
export function paymentJobs(
  { payments: { stripe } }: Config,
  database: Database,
  log: Logger,
): PaymentKeeper[] {
  const { apiKey, host, port, protocol, timeoutMs } = stripe;
  if (apiKey === undefined) return [];
  const provider = new StripeProvider({ apiKey, host, port, protocol, timeoutMs });
  return [
    new PaymentKeeper(database, provider, {
      now: () => Date.now(),
      onStuck: ({ id }, why) => log.error({ paymentId: id, why }, 'a payment needs a person'),
      onError: (error) => log.warn({ error: error.message }, 'payments wait'),
    }),
  ];
}
