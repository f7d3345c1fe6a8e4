import { z } from 'zod';
import type { KeptEvent, Payment } from '../../billing';
import {
  getPayment,
  listKeptEvents,
  listPayments,
  PAYMENT_CAUSES,
  PAYMENT_KINDS,
  PAYMENT_STEPS,
  requestCharge,
  requestRefund,
  resolveKeptEvent,
  retryPayment,
} from '../../billing';
import { AppError, notFound } from '../../domain';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { assertOwnInBody, isOfOthers, NOTHING } from '../own-account';
import { currency, id, listOf, page, queryFlag, someMoney, text } from '../schemas';

/** What operations on payments need. */
export interface PaymentServices {
  /** Whether there is a provider that charges cards; what is asked for is refused otherwise. */
  readonly enabled: boolean;
  /** What Stripe signs its webhooks with; without it none are taken. */
  readonly stripeWebhookSecret: string | undefined;
}

const params = z.strictObject({ id });

const failure = z.object({
  code: z.string().describe("The provider's word, e.g. card_declined, or never_made, not_chargeable"),
  message: z.string(),
  retryable: z.boolean().describe('The same may work another time'),
});

const payment = z.object({
  id: z.string(),
  kind: z.enum(PAYMENT_KINDS).describe('A chargeback is money that the bank of the buyer took back'),
  cause: z.enum(PAYMENT_CAUSES).describe('Who began it: this API, a wallet that ran low, or the provider'),
  accountId: z.string(),
  currency: z.string(),
  amountMicros: z.number().int(),
  state: z.enum(PAYMENT_STEPS),
  chargeId: z.string().nullable().describe('Of a refund or chargeback: what it takes back'),
  methodId: z.string().nullable(),
  provider: z.literal('stripe'),
  providerRef: z.string().nullable(),
  reason: z.string().nullable(),
  failure: failure.nullable(),
  attempts: z.number().int().describe('Times that the provider was asked'),
  needsPerson: z.boolean().describe('Nobody knows whether the money moved, and asking again did not help'),
  transactionId: z.number().int().nullable().describe('Of the ledger'),
  requestedBy: z.string().nullable().describe('Account of the API key that asked'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
});

const keptEvent = z.object({
  id: z.string(),
  type: z.string(),
  outcome: z.enum(['kept', 'resolved']),
  why: z.string().describe('unknown_payment, other_amount, other_reference, other_kind or failed'),
  news: z.object({
    kind: z.enum(PAYMENT_KINDS),
    ref: z.string(),
    chargeRef: z.string(),
    paymentId: z.string().nullable(),
    amountMicros: z.number().int(),
    currency: z.string(),
    state: z.enum(['pending', 'succeeded', 'failed']),
  }),
  receivedAt: z.iso.datetime(),
  resolvedBy: z.string().nullable(),
  resolvedAt: z.iso.datetime().nullable(),
  note: z.string().nullable(),
});

/**
 * Cards that are charged, what is given back to them, and what the provider tells by itself.
 * @param now - UTC epoch milliseconds
 */
export function paymentRoutes(services: PaymentServices | undefined, now: () => number): Route[] {
  const assertEnabled = (): void => {
    if (services?.enabled) return;
    throw new AppError('unprocessable', 'no_payment_provider', 'there is no provider that charges cards');
  };
  return [
    route({
      method: 'get',
      path: '/payments',
      operationId: 'listPayments',
      tag: 'payments',
      summary: 'Charges, refunds and chargebacks, newest first',
      scope: 'payments:read',
      tenants: ['buyer'],
      query: page.extend({
        accountId: id.optional(),
        kind: z.enum(PAYMENT_KINDS).optional(),
        state: z.enum(PAYMENT_STEPS).optional(),
        chargeId: id.optional(),
        needsPerson: queryFlag.optional(),
      }),
      reply: listOf(payment),
      handle: async ({ db, query: { limit, cursor, ...filter }, own }) => {
        if (isOfOthers(own, filter.accountId)) return { body: NOTHING };
        const before = readCursor(cursor, z.tuple([z.number().int()]))?.[0];
        const rows = await listPayments(db, {
          ...filter,
          accountId: own ?? filter.accountId,
          before,
          limit: limit + 1,
        });
        return { body: pageOf(rows, limit, shown, (last) => [last.seq]) };
      },
    }),
    route({
      method: 'post',
      path: '/payments',
      operationId: 'createPayment',
      tag: 'payments',
      summary: 'Charge a saved payment method; a worker asks the provider within a moment',
      scope: 'payments:write',
      tenants: ['buyer'],
      body: z.strictObject({
        accountId: id,
        methodId: id.describe('One of the payment methods of that account'),
        amountMicros: someMoney.describe("Micro-units; a whole number of the currency's smallest unit"),
        currency,
        reason: text.optional(),
      }),
      reply: payment,
      status: 201,
      idempotent: true,
      handle: async ({ db, body: { amountMicros, ...wish }, caller, own }) => {
        assertEnabled();
        assertOwnInBody(own, wish.accountId, '/accountId');
        const created = await requestCharge(
          db,
          { ...wish, amount: amountMicros, requestedBy: caller.accountId },
          now(),
        );
        return { body: shown(created), location: `/payments/${created.id}` };
      },
    }),
    route({
      method: 'get',
      path: '/payments/:id',
      operationId: 'getPayment',
      tag: 'payments',
      summary: 'Get one payment',
      scope: 'payments:read',
      tenants: ['buyer'],
      params,
      reply: payment,
      handle: async ({ db, params: { id: wanted }, own }) => {
        const found = await getPayment(db, wanted);
        if (!found || isOfOthers(own, found.accountId)) throw notFound('payment', wanted);
        return { body: shown(found) };
      },
    }),
    route({
      method: 'post',
      path: '/payments/:id/refunds',
      operationId: 'createRefund',
      tag: 'payments',
      summary:
        'Give money of a charge back to its card: out of the wallet at once, to the card within a moment',
      scope: 'payments:write',
      params,
      body: z.strictObject({
        amountMicros: someMoney.optional().describe('Micro-units; all that is left of the charge by default'),
        reason: text.optional(),
      }),
      reply: payment,
      status: 201,
      idempotent: true,
      handle: async ({ db, params: { id: chargeId }, body, caller }) => {
        assertEnabled();
        const refund = await requestRefund(
          db,
          {
            chargeId,
            amount: body.amountMicros,
            reason: body.reason,
            requestedBy: caller.accountId,
          },
          now(),
        );
        return { body: shown(refund), location: `/payments/${refund.id}` };
      },
    }),
    route({
      method: 'post',
      path: '/payments/:id/retry',
      operationId: 'retryPayment',
      tag: 'payments',
      summary: 'Ask the provider once more what became of a payment; no money moves twice for it',
      scope: 'payments:write',
      params,
      reply: payment,
      idempotent: true,
      handle: async ({ db, params: { id: wanted } }) => ({
        body: shown(await retryPayment(db, wanted, now())),
      }),
    }),
    ...eventRoutes(),
  ];
}

function eventRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/payment-events',
      operationId: 'listPaymentEvents',
      tag: 'payments',
      summary: 'What the provider told of payments that are not known here: for people, oldest first',
      scope: 'payments:read',
      query: page,
      reply: listOf(keptEvent),
      handle: async ({ db, query: { limit, cursor } }) => {
        const after = readCursor(cursor, z.tuple([z.number().int(), z.string().max(255)]));
        const rows = await listKeptEvents(db, { after, limit: limit + 1 });
        return { body: pageOf(rows, limit, eventShown, (last) => [last.receivedAt.getTime(), last.id]) };
      },
    }),
    route({
      method: 'post',
      path: '/payment-events/:id/resolve',
      operationId: 'resolvePaymentEvent',
      tag: 'payments',
      summary: 'Say that a person has seen to it',
      scope: 'payments:write',
      params,
      body: z.strictObject({ note: text.optional() }),
      reply: keptEvent,
      idempotent: true,
      handle: async ({ db, params: { id: wanted }, body, caller }) => ({
        body: eventShown(await resolveKeptEvent(db, { id: wanted, by: caller.accountId, note: body.note })),
      }),
    }),
  ];
}

function shown(row: Payment): z.input<typeof payment> {
  const { seq: _seq, idempotencyKey: _key, topUpKey: _topUp, unanswered: _unanswered, ...rest } = row;
  const {
    amount: amountMicros,
    stuckAt,
    firstAskedAt: _asked,
    createdAt,
    updatedAt,
    finishedAt,
    ...more
  } = rest;
  return {
    ...more,
    amountMicros,
    needsPerson: stuckAt !== null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}

function eventShown({ news, receivedAt, resolvedAt, ...row }: KeptEvent): z.input<typeof keptEvent> {
  const { amount: amountMicros, end, ...told } = news;
  return {
    ...row,
    news: { ...told, amountMicros, state: end.state },
    receivedAt: receivedAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  };
}
