import type { Express, Request, Response } from 'express';
import express from 'express';
import { readStripeMessage, takeProviderEvent } from '../billing';
import type { Database } from '../storage';
import { sendProblem } from './problem';
import type { PaymentServices } from './resources/payments';

const PATH = '/webhooks/stripe';
/** Stripe's messages are of some kilobytes. */
const BODY_LIMIT = '256kb';

/**
 * Takes what Stripe tells of payments. It is outside the API's keys: each message is signed, over its body as
 * it came. Whatever is not 200 Stripe sends again, for days; so what means nothing here is 200 as well.
 *
 * @param now - UTC epoch milliseconds
 */
export function serveStripeWebhooks(
  app: Express,
  database: Database,
  services: PaymentServices | undefined,
  now: () => number,
): void {
  const secret = services?.stripeWebhookSecret;
  if (secret === undefined) return;
  app.post(
    PATH,
    express.raw({ type: () => true, limit: BODY_LIMIT, inflate: false }),
    async (request: Request, response: Response) => {
      const body: unknown = request.body;
      const signature = request.get('Stripe-Signature') ?? '';
      const message = readStripeMessage(
        Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        signature,
        secret,
        now(),
      );
      if (message.ok) {
        response.json({ outcome: await takeProviderEvent(database, message.event) });
      } else if (message.reason === 'ignored') {
        response.json({ outcome: 'ignored' });
      } else {
        sendProblem(response, 400, 'bad_signature', 'this was not signed by Stripe, or too long ago');
      }
    },
  );
  app.all(PATH, (_request, response) => {
    response.setHeader('Allow', 'POST');
    sendProblem(response, 405, 'method_not_allowed', 'only POST here');
  });
}
