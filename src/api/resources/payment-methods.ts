import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { PaymentMethod } from '../../billing';
import {
  addPaymentMethod,
  changePaymentMethod,
  getPaymentMethod,
  listPaymentMethods,
  paymentMethodNotFound,
  removePaymentMethod,
} from '../../billing';
import { defined } from '../../domain';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { isOfOthers, NOTHING } from '../own-account';
import { id, listOf, page, printable, stored } from '../schemas';

const params = z.strictObject({ id });

/** Names that Stripe gives; what could be the number of a card is none of them. */
const customerRef = z
  .string()
  .max(255)
  .regex(/^cus_[A-Za-z0-9]+$/, 'must look like cus_…');
const methodRef = z
  .string()
  .max(255)
  .regex(/^(pm|card|src)_[A-Za-z0-9]+$/, 'must look like pm_…');
const face = {
  brand: printable(z.string().trim().min(1).max(40)).regex(/^\D*$/, 'holds digits').nullable(),
  last4: z
    .string()
    .regex(/^\d{4}$/, 'must be the last four digits')
    .nullable(),
  expMonth: z.number().int().min(1).max(12).nullable(),
  expYear: z.number().int().min(2000).max(2100).nullable(),
};
const expiryIsWhole = (card: { expMonth: number | null; expYear: number | null }): boolean =>
  (card.expMonth === null) === (card.expYear === null);
const NO_EXPIRY = 'expMonth and expYear go together';

const created = z
  .strictObject({
    accountId: id,
    customerRef: customerRef.describe("Stripe's customer, to whom the method is attached"),
    methodRef: methodRef.describe("Stripe's payment method, saved for payments off session"),
    brand: face.brand.default(null),
    last4: face.last4.default(null),
    expMonth: face.expMonth.default(null),
    expYear: face.expYear.default(null),
  })
  .refine(expiryIsWhole, NO_EXPIRY);
const reply = z.object({
  id: z.string(),
  accountId: z.string(),
  provider: z.literal('stripe'),
  customerRef: z.string(),
  methodRef: z.string(),
  ...face,
  brand: z.string().nullable(),
  status: z.enum(['active', 'removed']),
  createdBy: z.string().nullable(),
  ...stored,
});

/** Saved ways to pay: what the provider calls them, and nothing that could be charged elsewhere. */
export function paymentMethodRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/payment-methods',
      operationId: 'listPaymentMethods',
      tag: 'payments',
      summary: 'Saved payment methods',
      scope: 'payments:read',
      tenants: ['buyer'],
      query: page.extend({ accountId: id.optional() }),
      reply: listOf(reply),
      handle: async ({ db, query: { limit, cursor, accountId }, own }) => {
        if (isOfOthers(own, accountId)) return { body: NOTHING };
        const after = readCursor(cursor, z.tuple([id]))?.[0];
        const rows = await listPaymentMethods(db, { accountId: own ?? accountId, after, limit: limit + 1 });
        return { body: pageOf(rows, limit, shown, (last) => [last.id]) };
      },
    }),
    route({
      method: 'post',
      path: '/payment-methods',
      operationId: 'createPaymentMethod',
      tag: 'payments',
      summary: 'Save a payment method that the provider has',
      scope: 'payments:write',
      body: created,
      reply,
      status: 201,
      idempotent: true,
      handle: async ({ db, body, caller }) => {
        const method = await addPaymentMethod(db, { id: randomUUID(), createdBy: caller.accountId, ...body });
        return { body: shown(method), etag: method.version, location: `/payment-methods/${method.id}` };
      },
    }),
    route({
      method: 'get',
      path: '/payment-methods/:id',
      operationId: 'getPaymentMethod',
      tag: 'payments',
      summary: 'Get one payment method, also one that is removed',
      scope: 'payments:read',
      tenants: ['buyer'],
      params,
      reply,
      handle: async ({ db, params: { id: wanted }, own }) => {
        const method = await getPaymentMethod(db, wanted);
        if (!method || isOfOthers(own, method.accountId)) throw paymentMethodNotFound(wanted);
        return { body: shown(method), etag: method.version };
      },
    }),
    route({
      method: 'patch',
      path: '/payment-methods/:id',
      operationId: 'updatePaymentMethod',
      tag: 'payments',
      summary: 'Change what is shown of a card',
      scope: 'payments:write',
      tenants: ['buyer'],
      params,
      body: z.strictObject(face).partial(),
      reply,
      conditional: true,
      handle: async ({ db, params: { id: wanted }, body, ifMatch, own }) => {
        const before = await getPaymentMethod(db, wanted);
        if (!before || isOfOthers(own, before.accountId)) throw paymentMethodNotFound(wanted);
        ifMatch?.check(before.version);
        // A field that was not sent is no change.
        const { brand, last4, expMonth, expYear } = { ...before, ...defined(body) };
        const method = await changePaymentMethod(db, wanted, before.version, {
          brand,
          last4,
          expMonth,
          expYear,
        });
        return { body: shown(method), etag: method.version };
      },
    }),
    route({
      method: 'delete',
      path: '/payment-methods/:id',
      operationId: 'deletePaymentMethod',
      tag: 'payments',
      summary: 'Charge it no more; payments that were asked for before go on',
      scope: 'payments:write',
      tenants: ['buyer'],
      params,
      reply: z.undefined(),
      status: 204,
      conditional: true,
      handle: async ({ db, params: { id: wanted }, own, ifMatch }) => {
        const method = await getPaymentMethod(db, wanted);
        if (!method || isOfOthers(own, method.accountId)) throw paymentMethodNotFound(wanted);
        ifMatch?.check(method.version);
        const removed = await removePaymentMethod(db, wanted, ifMatch && method.version);
        if (!removed) throw paymentMethodNotFound(wanted);
        return { body: undefined };
      },
    }),
  ];
}

function shown({ createdAt, updatedAt, ...row }: PaymentMethod): z.input<typeof reply> {
  return { ...row, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
