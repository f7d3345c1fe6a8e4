import { z } from 'zod';
import type { BidOutcome } from '../../domain';
import { INELIGIBLE_REASONS, notFound } from '../../domain';
import type { Auction, AuctionRow, Position } from '../../storage';
import { getAuction, listAuctions } from '../../storage';
import { pageOf } from '../cursor';
import { callsFrom, NEWEST_CALLS, placeIn, RECEIVED, sortParam } from '../lists/list-order';
import type { Route } from '../route';
import { route } from '../route';
import { id, listOf, page, queryInstant } from '../schemas';

const epoch = z.number().int().describe('UTC epoch milliseconds');
const amount = z.number().int().describe('Micro-units');

const auction = z.object({
  id: z.string().describe('Of the call'),
  campaignId: z.string(),
  receivedAt: epoch,
  sold: z.boolean().describe('Somebody was to be rung'),
  reason: z.string().nullable().describe('Why nobody was'),
  detail: z.string().nullable(),
  bids: z.number().int().describe('Of the campaign'),
  ranked: z.number().int().describe('In the ring plan'),
  leftOut: z
    .partialRecord(z.enum(INELIGIBLE_REASONS), z.number().int())
    .describe('How many bids were not, by the reason'),
  winner: z
    .object({ bidId: z.string(), buyerId: z.string(), targetId: z.string() })
    .nullable()
    .describe('The first of the plan'),
  price: amount.nullable().describe('What the winner was to pay: of a second-price auction not what it bid'),
  takenBy: z
    .string()
    .nullable()
    .describe('The target that took the call; null when none did, or none has yet'),
  reservePrice: amount.nullable().describe('As the campaign has it now; what held then is in `leftOut`'),
  currency: z.string().nullable(),
});

const bid = z.object({
  bidId: z.string(),
  buyerId: z.string(),
  targetId: z.string().nullable().describe('Where it was to be rung'),
  rank: z.number().int().nullable().describe('In the ring plan, from 1'),
  ineligible: z.enum(INELIGIBLE_REASONS).nullable().describe('Why it was not in it'),
  price: amount.describe('What it stands for'),
  offer: amount.nullable().describe('What it offered for this call, where that differs'),
  clearing: amount.nullable().describe('What it was to pay for the call if it took it'),
  latencyMs: z.number().nullable().describe('In which a live bid was answered'),
});

/** What past calls were offered to, out of the decisions that are stored with them. */
export function auctionRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/auctions',
      operationId: 'listAuctions',
      tag: 'auctions',
      summary:
        'Calls whose bids were asked, newest first unless `sort` says otherwise, each with who won it, at what price, and why',
      scope: 'auctions:read',
      query: page.extend({
        campaignId: id.optional(),
        buyerId: id.optional().describe('Who took the call'),
        fromTime: queryInstant.optional().describe('UTC epoch milliseconds, inclusive'),
        toTime: queryInstant.optional().describe('UTC epoch milliseconds, exclusive'),
        sort: sortParam(RECEIVED),
      }),
      reply: listOf(auction),
      handle: async ({ db, query: { limit, cursor, sort = NEWEST_CALLS, ...filter } }) => {
        const rows = await listAuctions(db, { ...filter, ...callsFrom(cursor, sort), limit: limit + 1 });
        const placeOf = (last: AuctionRow): Position => placeIn(sort, [last.receivedAt, last.callId]);
        return { body: pageOf(rows, limit, shown, placeOf) };
      },
    }),
    route({
      method: 'get',
      path: '/auctions/:id',
      operationId: 'getAuction',
      tag: 'auctions',
      summary: 'The whole ranking of one call: every bid that was kept, and why it was where it was',
      scope: 'auctions:read',
      params: z.strictObject({ id: id.describe('Of the call') }),
      reply: auction.extend({
        decidedAt: epoch.nullable(),
        microseconds: z.number().int().describe('That the decision took'),
        seed: z.number().int().nullable().describe('Of the tie-breaks'),
        ranking: z
          .array(bid)
          .describe('The ring plan first; of a large campaign the others are only counted, in `leftOut`'),
      }),
      handle: async ({ db, params }) => {
        const found = await getAuction(db, params.id);
        if (!found) throw notFound('auction', params.id);
        const { decidedAt, microseconds, seed } = found;
        return { body: { ...shown(found), decidedAt, microseconds, seed, ranking: rankingOf(found) } };
      },
    }),
  ];
}

function shown(row: AuctionRow): z.input<typeof auction> {
  const { callId, campaignId, receivedAt, sold, reason, detail, bids, ranked, leftOut } = row;
  const { first, takenBy, reservePrice, currency } = row;
  return {
    ...{ id: callId, campaignId, receivedAt, sold, reason, detail, bids, ranked, leftOut },
    winner: first && { bidId: first.bidId, buyerId: first.buyerId, targetId: first.targetId },
    price: first?.price ?? null,
    ...{ takenBy, reservePrice, currency },
  };
}

function rankingOf({ plan, listed }: Auction): z.input<typeof bid>[] {
  const rung = new Map(plan.map((target) => [target.bidId, target]));
  return listed.map((outcome: BidOutcome) => {
    const { bidId, buyerId, price, offer = null, latencyMs = null } = outcome;
    const target = rung.get(bidId);
    return {
      ...{ bidId, buyerId, price, offer, latencyMs },
      // What JSON does not write is undefined here.
      rank: outcome.rank ?? null,
      ineligible: outcome.ineligible ?? null,
      targetId: target?.targetId ?? null,
      clearing: target?.price ?? null,
    };
  });
}
