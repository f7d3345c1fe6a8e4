import { z } from 'zod';
import type { Postback, PostbackPlaces, PostbackTester } from '../../billing';
import {
  MAX_REDRIVEN,
  POSTBACK_EVENTS,
  PostbackStore,
  redriveDead,
  REPLAY_DAYS,
  replayEvents,
} from '../../billing';
import { AppError, notFound } from '../../domain';
import type { Queryable, Vault } from '../../storage';
import { asExchange, EntityStore } from '../../storage';
import { RowList } from '../lists/row-list';
import type { Route } from '../route';
import { route } from '../route';
import { assertOwnInBody, isOfOthers } from '../own-account';
import { id, listOf, name, queryInstant, secret, stored } from '../schemas';

/** What operations on webhooks need. */
export interface WebhookServices {
  readonly vault: Vault;
  readonly places: PostbackPlaces;
  readonly tester: Pick<PostbackTester, 'test'>;
}

const DAY_MS = 86_400_000;
const MAX_OVERLAP_SECONDS = 7 * 86_400;

export const eventName = z.enum(POSTBACK_EVENTS);

const fields = {
  name,
  status: z.enum(['active', 'paused']).describe('Of what happens while it is paused it hears by a replay'),
  events: z
    .array(eventName)
    .min(1)
    .max(POSTBACK_EVENTS.length)
    .refine((events) => new Set(events).size === events.length, 'names an event twice'),
  method: z.enum(['GET', 'POST']),
  url: z
    .string()
    .min(1)
    .max(2_048)
    .describe('A template: macros like {call_id} in path and query, as docs/postbacks.md tells'),
  bodyType: z.enum(['json', 'form']),
  campaignIds: z.array(id).max(100).describe('Of calls, those of these campaigns; none = all'),
  convertedOnly: z.boolean().describe('Of calls, those that cost or earned something'),
  ratePerSecond: z.number().int().min(1).max(1_000),
};
const body = z.string().min(1).max(8_192).describe('A template; absent = the event as JSON');
const headers = z
  .record(z.string().min(1).max(64), z.string().max(1_024))
  .describe('Headers of its own; their values are never shown again');
const ownSecret = secret.describe('Key of the signature; without it one is made and shown once');

const created = z.strictObject({
  id: id.optional(),
  accountId: id.optional().describe('Who hears; the account of the API key by default'),
  ...fields,
  status: fields.status.default('active'),
  method: fields.method.default('POST'),
  bodyType: fields.bodyType.default('json'),
  body: body.optional(),
  headers: headers.default({}),
  secret: ownSecret.optional(),
  campaignIds: fields.campaignIds.default([]),
  convertedOnly: fields.convertedOnly.default(false),
  ratePerSecond: fields.ratePerSecond.default(50),
});
const changed = z
  .strictObject({ ...fields, body: body.nullable(), headers })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, {
    error: 'nothing is to be changed',
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ minProperties: 1 });

const shape = {
  id,
  accountId: id,
  ...fields,
  status: z.enum(['active', 'paused', 'archived']),
  pausedWhy: z.string().nullable().describe('Why the exchange paused it'),
  body: z.string().nullable(),
  headerNames: z.array(z.string()),
  oldSecretUntil: z.iso.datetime().nullable().describe('Until then the secret before signs as well'),
  ...stored,
};
const reply = z.object(shape);
const replyWithSecret = z.object({
  ...shape,
  secret: z.string().nullable().describe('Shown this once; null when it was given'),
});
const params = z.strictObject({ id });

const list = new RowList({
  filters: { accountId: id.optional(), status: z.enum(['active', 'paused', 'archived']).optional() },
  ranges: { createdAt: 'instant' },
  sortable: { name: 'text', createdAt: 'instant' },
});

/** Who is told of money, and how. A key sees what is its account's own; one of the operator sees everything. */
export function webhookRoutes({ vault, places, tester }: WebhookServices): Route[] {
  const storeOf = (db: Queryable): PostbackStore => new PostbackStore(db, vault, places);
  return [
    route({
      method: 'get',
      path: '/webhooks',
      operationId: 'listWebhooks',
      tag: 'webhooks',
      summary: 'List webhooks, in the order of their ids unless `sort` says otherwise',
      scope: 'webhooks:read',
      tenants: ['buyer', 'seller'],
      query: list.query,
      reply: listOf(reply),
      handle: async ({ db, own, query }) => ({
        body: await list.page(query, own, (wanted) => storeOf(db).list(wanted), shown),
      }),
    }),
    route({
      method: 'get',
      path: '/webhooks/:id',
      operationId: 'getWebhook',
      tag: 'webhooks',
      summary: 'Get one of the webhooks',
      scope: 'webhooks:read',
      tenants: ['buyer', 'seller'],
      params,
      reply,
      handle: async ({ db, own, params: { id: wanted } }) => {
        const webhook = await webhookOf(storeOf(db), own, wanted);
        return { body: shown(webhook), etag: webhook.version };
      },
    }),
    route({
      method: 'post',
      path: '/webhooks',
      operationId: 'createWebhook',
      tag: 'webhooks',
      // Answers of an Idempotency-Key are kept, and this one holds a secret.
      summary: 'Create a webhook; give it an id, and it is not created twice',
      scope: 'webhooks:write',
      tenants: ['buyer', 'seller'],
      body: created,
      reply: replyWithSecret,
      status: 201,
      handle: async ({ db, caller, own, body: sent }) => {
        const { accountId = caller.accountId } = sent;
        assertOwnInBody(own, accountId, '/accountId');
        await assertVisible(db, own, sent.campaignIds);
        const { postback, secret: made } = await storeOf(db).create({
          ...sent,
          id: sent.id,
          accountId,
          body: sent.body,
          secret: sent.secret,
        });
        return {
          body: { ...shown(postback), secret: made ?? null },
          etag: postback.version,
          location: `/webhooks/${encodeURIComponent(postback.id)}`,
        };
      },
    }),
    route({
      method: 'patch',
      path: '/webhooks/:id',
      operationId: 'changeWebhook',
      tag: 'webhooks',
      summary: 'Change some fields; headers are replaced together, null takes the template of the body away',
      scope: 'webhooks:write',
      tenants: ['buyer', 'seller'],
      params,
      body: changed,
      reply,
      conditional: true,
      handle: async ({ db, own, params: { id: wanted }, body: sent, ifMatch }) => {
        await webhookOf(storeOf(db), own, wanted);
        await assertVisible(db, own, sent.campaignIds ?? []);
        const webhook = await storeOf(db).change(wanted, sent, (version) => ifMatch?.check(version));
        if (!webhook) throw notFound('webhook', wanted);
        return { body: shown(webhook), etag: webhook.version };
      },
    }),
    route({
      method: 'delete',
      path: '/webhooks/:id',
      operationId: 'archiveWebhook',
      tag: 'webhooks',
      summary: 'Set it to archived: nothing more is sent to it, what waited is dead',
      scope: 'webhooks:write',
      tenants: ['buyer', 'seller'],
      params,
      reply: z.unknown(),
      status: 204,
      conditional: true,
      handle: async ({ db, own, params: { id: wanted }, ifMatch }) => {
        const { status, version } = await webhookOf(storeOf(db), own, wanted);
        if (status === 'archived') ifMatch?.check(version);
        else await storeOf(db).change(wanted, { status: 'archived' }, (current) => ifMatch?.check(current));
        return { body: undefined };
      },
    }),
    route({
      method: 'post',
      path: '/webhooks/:id/secret',
      operationId: 'rotateWebhookSecret',
      tag: 'webhooks',
      summary: 'Give it another secret; the one before signs as well for a while',
      scope: 'webhooks:write',
      tenants: ['buyer', 'seller'],
      params,
      body: z.strictObject({
        secret: ownSecret.optional(),
        overlapSeconds: z
          .number()
          .int()
          .min(0)
          .max(MAX_OVERLAP_SECONDS)
          .default(86_400)
          .describe('Seconds that the secret before signs as well'),
      }),
      reply: replyWithSecret,
      handle: async ({ db, own, params: { id: wanted }, body: sent }) => {
        await webhookOf(storeOf(db), own, wanted);
        const rotated = await storeOf(db).rotateSecret(wanted, sent.secret, sent.overlapSeconds);
        if (!rotated) throw new AppError('conflict', 'postback_archived', 'it is archived: it signs nothing');
        const { postback, secret: made } = rotated;
        return { body: { ...shown(postback), secret: made ?? null }, etag: postback.version };
      },
    }),
    route({
      method: 'post',
      path: '/webhooks/:id/test',
      operationId: 'testWebhook',
      tag: 'webhooks',
      summary: 'Send it an event that did not happen, and tell what came back',
      scope: 'webhooks:write',
      audited: 'apart',
      tenants: ['buyer', 'seller'],
      params,
      body: z.strictObject({ event: eventName.optional().describe('The first of its events by default') }),
      reply: z.object({
        eventId: z.string().describe('Begins with test_'),
        delivered: z.boolean(),
        status: z.number().int().nullable(),
        error: z.string().nullable(),
        response: z.string().nullable().describe('The first 1,024 characters'),
        tookMs: z.number().int(),
        request: z.object({ method: z.string(), url: z.string(), body: z.string().nullable() }).nullable(),
      }),
      handle: async ({ db, own, params: { id: wanted }, body: sent }) => {
        const { events } = await webhookOf(storeOf(db), own, wanted);
        const test = await tester.test(db, wanted, sent.event ?? events[0] ?? 'call.settled');
        if (!test)
          throw new AppError('conflict', 'postback_archived', 'it is archived: nothing is sent to it');
        const { status = null, error = null, response = null, request = null, ...rest } = test;
        return { body: { ...rest, status, error, response, request } };
      },
    }),
    route({
      method: 'post',
      path: '/webhooks/:id/replay',
      operationId: 'replayWebhook',
      tag: 'webhooks',
      summary: `Tell it once more of what happened in a time of the last ${REPLAY_DAYS} days, with the ids that events had`,
      scope: 'webhooks:write',
      tenants: ['buyer', 'seller'],
      params,
      query: z
        .strictObject({
          from: queryInstant.describe('UTC epoch milliseconds, inclusive'),
          to: queryInstant.describe('UTC epoch milliseconds, exclusive'),
        })
        .refine(({ from, to }) => from < to, { path: ['to'], message: 'is not after `from`' })
        .refine(({ from, to }) => to - from <= REPLAY_DAYS * DAY_MS, {
          path: ['to'],
          message: `is more than ${REPLAY_DAYS} days after \`from\``,
        }),
      reply: z.object({
        replay: z.string().describe('Its name, in the deliveries that it made'),
        deliveries: z.number().int(),
      }),
      status: 202,
      idempotent: true,
      handle: async ({ db, own, params: { id: wanted }, query }) => {
        await webhookOf(storeOf(db), own, wanted);
        const replayed = await asExchange(db, (all) => replayEvents(all, wanted, query));
        if (!replayed) throw notFound('webhook', wanted);
        return { body: replayed };
      },
    }),
    route({
      method: 'post',
      path: '/webhooks/:id/redrive',
      operationId: 'redriveWebhook',
      tag: 'webhooks',
      summary: `Try its dead deliveries again, the oldest ${MAX_REDRIVEN} of them at most`,
      scope: 'webhooks:write',
      tenants: ['buyer', 'seller'],
      params,
      reply: z.object({ redriven: z.number().int() }),
      status: 202,
      handle: async ({ db, own, params: { id: wanted } }) => {
        const { status } = await webhookOf(storeOf(db), own, wanted);
        if (status === 'archived') {
          throw new AppError('conflict', 'postback_archived', 'it is archived: nothing is sent to it');
        }
        return { body: { redriven: await asExchange(db, (all) => redriveDead(all, wanted)) } };
      },
    }),
  ];
}

/** @throws AppError `not_found`, also for what is another account's */
async function webhookOf(store: PostbackStore, own: string | undefined, wanted: string): Promise<Postback> {
  const webhook = await store.get(wanted);
  if (!webhook || isOfOthers(own, webhook.accountId)) throw notFound('webhook', wanted);
  return webhook;
}

/** A tenant hears of calls of campaigns that it sees. @throws AppError `unprocessable` for others */
async function assertVisible(
  db: Queryable,
  own: string | undefined,
  campaignIds: readonly string[],
): Promise<void> {
  if (own === undefined || campaignIds.length === 0) return;
  const rows = await new EntityStore(db, 'campaign', { accountId: own, fields: [] }).byIds(campaignIds);
  const seen = new Set(rows.map((row) => row.id));
  const errors = campaignIds.flatMap((campaignId, index) =>
    seen.has(campaignId)
      ? []
      : [{ pointer: `/campaignIds/${index}`, message: 'names nothing that there is' }],
  );
  if (errors.length === 0) return;
  throw new AppError('unprocessable', 'reference_not_found', 'there is no such campaign', { errors });
}

function shown(webhook: Postback): z.input<typeof reply> {
  return {
    ...webhook,
    events: [...webhook.events],
    campaignIds: [...webhook.campaignIds],
    headerNames: [...webhook.headerNames],
    body: webhook.body ?? null,
    oldSecretUntil: webhook.oldSecretUntil?.toISOString() ?? null,
    createdAt: webhook.createdAt.toISOString(),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}
