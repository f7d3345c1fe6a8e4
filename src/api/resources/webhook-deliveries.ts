import { z } from 'zod';
import type { Delivery } from '../../billing';
import { DELIVERY_STATES, getDelivery, listDeliveries, redriveDelivery } from '../../billing';
import { notFound } from '../../domain';
import type { Queryable } from '../../storage';
import { asExchange } from '../../storage';
import { numbered, RowList } from '../lists/row-list';
import type { Route } from '../route';
import { route } from '../route';
import { isOfOthers } from '../own-account';
import { id, listOf, printable, rowNumber } from '../schemas';
import { eventName } from './webhooks';

const shape = {
  id,
  webhookId: id,
  eventId: z.string(),
  event: eventName,
  subject: z.string().describe('What it is about: of one subject events are sent in order'),
  happenedAt: z.iso.datetime(),
  replay: z.string().nullable().describe('The replay that asked for it'),
  state: z
    .enum(DELIVERY_STATES)
    .describe('`failed` is tried again at nextAt; `dead` is not, until it is driven again'),
  attempts: z.number().int(),
  nextAt: z.iso.datetime().nullable(),
  attemptedAt: z.iso.datetime().nullable(),
  lastStatus: z.number().int().nullable(),
  lastError: z.string().nullable(),
  tookMs: z.number().int().nullable(),
  createdAt: z.iso.datetime(),
  doneAt: z.iso.datetime().nullable(),
};
const reply = z.object(shape);
const detail = z.object({
  ...shape,
  request: z
    .object({ method: z.string(), url: z.string(), body: z.string().nullable() })
    .nullable()
    .describe('What was sent last'),
  response: z.string().nullable().describe('The first 1,024 characters of what came back'),
});
const params = z.strictObject({ id });
const named = printable(z.string().max(200));
const list = new RowList({
  filters: {
    webhookId: id.optional(),
    state: z.enum(DELIVERY_STATES).optional(),
    event: eventName.optional(),
    eventId: z.string().max(64).optional(),
    subject: named.optional(),
  },
  ranges: { createdAt: 'instant' },
  sortable: { createdAt: 'instant' },
  tie: numbered,
});

/** Every request to a webhook, and what came back. */
export function webhookDeliveryRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/webhook-deliveries',
      operationId: 'listWebhookDeliveries',
      tag: 'webhooks',
      summary: 'Deliveries of webhooks, newest first unless `sort` says otherwise',
      scope: 'webhooks:read',
      tenants: ['buyer', 'seller'],
      query: list.query,
      reply: listOf(reply),
      handle: async ({ db, own, query }) => ({
        body: await list.page(query, own, (wanted) => listDeliveries(db, wanted), shown),
      }),
    }),
    route({
      method: 'get',
      path: '/webhook-deliveries/:id',
      operationId: 'getWebhookDelivery',
      tag: 'webhooks',
      summary: 'One delivery, with what was sent last and what came back',
      scope: 'webhooks:read',
      tenants: ['buyer', 'seller'],
      params,
      reply: detail,
      handle: async ({ db, own, params: { id: wanted } }) => {
        const delivery = await deliveryOf(db, own, wanted);
        const { request, response } = delivery;
        return { body: { ...shown(delivery), request, response } };
      },
    }),
    route({
      method: 'post',
      path: '/webhook-deliveries/:id/redrive',
      operationId: 'redriveWebhookDelivery',
      tag: 'webhooks',
      summary: 'Try a dead delivery again',
      scope: 'webhooks:write',
      tenants: ['buyer', 'seller'],
      params,
      reply,
      status: 202,
      handle: async ({ db, own, params: { id: wanted } }) => {
        const { id: found } = await deliveryOf(db, own, wanted);
        await asExchange(db, (all) => redriveDelivery(all, found));
        return { body: shown(await deliveryOf(db, own, wanted)) };
      },
    }),
  ];
}

/** @throws AppError `not_found`, also for what is another account's */
async function deliveryOf(
  db: Queryable,
  own: string | undefined,
  wanted: string,
): Promise<NonNullable<Awaited<ReturnType<typeof getDelivery>>>> {
  const delivery = await getDelivery(db, rowNumber(wanted));
  if (!delivery || isOfOthers(own, delivery.accountId)) throw notFound('delivery', wanted);
  return delivery;
}

function shown(delivery: Delivery): z.input<typeof reply> {
  const { id: number, postbackId, eventId, event, subject, replay, state, attempts } = delivery;
  return {
    id: String(number),
    webhookId: postbackId,
    eventId,
    event,
    subject,
    happenedAt: delivery.happenedAt.toISOString(),
    replay,
    state,
    attempts,
    nextAt: delivery.nextAt?.toISOString() ?? null,
    attemptedAt: delivery.attemptedAt?.toISOString() ?? null,
    lastStatus: delivery.lastStatus,
    lastError: delivery.lastError,
    tookMs: delivery.tookMs,
    createdAt: delivery.createdAt.toISOString(),
    doneAt: delivery.doneAt?.toISOString() ?? null,
  };
}
