import { z } from 'zod';
import type { Bid, PingSettings } from '../../domain';
import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { EntityStore } from '../../storage';
import { conversions, ratePlan } from '../price-schemas';
import type { Route } from '../route';
import {
  bidModifier,
  capSet,
  id,
  instant,
  micros,
  milliseconds,
  secret,
  targeting,
  webUrl,
} from '../schemas';
import { entityRoutes } from './entity-resource';
import { bidTenancy } from './views/market-views';

const ping = z.strictObject({
  url: webUrl.describe('Where its price is asked for'),
  method: z.enum(['GET', 'POST']),
  timeoutMs: milliseconds.min(20).max(5_000).describe('It has at most; less when it is usually faster'),
  perSecond: z.number().int().min(0).max(100_000).describe('Requests a second at most; 0 = no limit'),
  showCaller: z
    .boolean()
    .describe(
      "The caller's number goes along before anything is won; else its area code, exchange and a hash",
    ),
  confirmUrl: webUrl.optional().describe('Asked again before ringing'),
  noticeUrl: webUrl.optional().describe('Told of wins and losses'),
});

/** What a client sends of it, and what is never shown again. */
const sentPing = ping.extend({
  secret: secret
    .nullable()
    .optional()
    .describe('Signs requests (HMAC-SHA-256). Never shown; a change without it keeps it, null takes it away'),
});
const shownPing = ping.extend({ signed: z.boolean().describe('There is a secret') });

const schema = z.strictObject({
  campaignId: id,
  buyerId: id,
  targetId: id.describe('Where a call that this bid wins is rung'),
  status: z.enum(['active', 'paused', 'archived']).default('active'),
  plan: ratePlan.describe('What the buyer pays at most'),
  conversions: conversions.optional(),
  price: micros
    .min(1)
    .describe(
      'Expected revenue of one call, which the auction compares: the amount of a per-call plan without conversions, else your estimate; of a live bid the most it may say',
    ),
  priority: z.number().int().min(1).max(1_000).default(1).describe('1 is tried before 10'),
  weight: z.number().int().min(1).max(1_000).default(1).describe('Share among equals'),
  targeting: targeting.default({}),
  caps: capSet.default({}),
  expiresAt: instant.min(1).optional().describe('UTC epoch milliseconds'),
  modifiers: z.array(bidModifier).max(100).default([]).describe('All that fit a call are multiplied'),
  ping: sentPing.optional().describe('Ask for the price call by call'),
  fallback: z.boolean().default(false).describe('Rung only when no other bid may take the call'),
});

/** Standing and live bids. */
export function bidRoutes(): Route[] {
  return entityRoutes({
    entity: 'bid',
    path: 'bids',
    singular: 'Bid',
    plural: 'Bids',
    schema,
    replySchema: schema.extend({ ping: shownPing.optional() }),
    filters: ['campaignId', 'buyerId', 'targetId', 'status'],
    sortable: { price: 'number', priority: 'number' },
    ranges: ['price'],
    archivedAs: 'archived',
    tenancy: bidTenancy,
    resolve: (changes, before) =>
      changes.ping === undefined ? changes : { ...changes, ping: keepSecret(changes.ping, before?.ping) },
    show: ({ ping: asked, ...bid }) => ({ ...bid, ping: asked && hideSecret(asked) }),
    exported: ({ ping: asked, ...bid }) => ({ ...bid, ping: asked && unsigned(asked as ShownPing) }),
    check: checkBid,
  });
}

/** A client that never saw the secret cannot send it back. */
function keepSecret(sent: PingSettings, before: PingSettings | undefined): PingSettings {
  const given = sent.secret as string | null | undefined;
  return { ...sent, secret: given === undefined ? before?.secret : (given ?? undefined) };
}

type ShownPing = z.output<typeof shownPing>;

/** That it is signed is no field of a ping; the secret stays where it is. */
function unsigned({ signed: _, ...asked }: ShownPing): Omit<ShownPing, 'signed'> {
  return asked;
}

function hideSecret({ secret: hidden, ...shown }: PingSettings): Omit<PingSettings, 'secret'> {
  return { ...shown, ...{ signed: hidden !== undefined } };
}

/** @throws AppError `unprocessable` for what fields cannot say of each other */
async function checkBid(bid: Bid, db: Queryable): Promise<void> {
  const target = await new EntityStore(db, 'target').get(bid.targetId);
  if (target && target.buyerId !== bid.buyerId) {
    throw new AppError('unprocessable', 'target_of_another_buyer', 'the target belongs to another buyer', {
      errors: [{ pointer: '/targetId', message: 'belongs to another buyer' }],
    });
  }
  const fixed = bid.plan.kind === 'per_call' && (bid.conversions?.length ?? 0) === 0;
  if (fixed && bid.plan.amount !== bid.price) {
    throw new AppError(
      'unprocessable',
      'price_differs_from_plan',
      'the price of a per-call bid is the amount of its plan',
      { errors: [{ pointer: '/price', message: 'is not the amount of the plan' }] },
    );
  }
}
