import { z } from 'zod';
import type { PayoutPlan, Principal } from '../../domain';
import { OPERATOR_ACCOUNT, AppError, CALL_ORIGINS, defined } from '../../domain';
import { PAYOUT_PLAN_KINDS } from '../../rating';
import type { BidRequestDesk, SellerAnswer } from '../../rtb';
import { listBidRequests } from '../../storage';
import { asIs, pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { assertOwnInBody, isOfOthers, NOTHING } from '../own-account';
import { id, listOf, page, phoneNumber, tagName, tagValue } from '../schemas';

const epoch = z.number().int().describe('UTC epoch milliseconds');

const body = z
  .strictObject({
    sellerId: id.optional().describe('For keys of the operator: in whose name'),
    number: phoneNumber.optional().describe('The number that the call would come to'),
    campaignId: id.optional().describe('Instead of a number: one of yours in the campaign is chosen'),
    caller: phoneNumber.optional().describe('The caller; offers are better when it is told'),
    npa: z
      .string()
      .regex(/^[2-9]\d\d$/)
      .optional()
      .describe('Area code of a caller that is not told'),
    nxx: z
      .string()
      .regex(/^[2-9]\d\d$/)
      .optional(),
    state: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .optional(),
    zip: z
      .string()
      .regex(/^\d{5}$/)
      .optional(),
    attestation: z.enum(['A', 'B', 'C']).optional().describe('What the call will be signed with'),
    origin: z.enum(CALL_ORIGINS).optional().describe('Who started it, as far as your contract lets you say'),
    tags: z
      .record(tagName, tagValue)
      .refine((tags) => Object.keys(tags).length <= 32, 'more than 32 tags')
      .default({})
      .describe('What else is known of the call'),
  })
  .refine(({ number, campaignId }) => number !== undefined || campaignId !== undefined, {
    path: ['number'],
    message: 'say a number or a campaign',
  });

const accepted = z.object({
  accepted: z.literal(true),
  code: z
    .union([z.literal(200), z.literal(230)])
    .describe('230: the same offer as to the same request before'),
  reason: z.enum(['accepted', 'cached']),
  id: z.string().describe('The reservation'),
  price: z
    .number()
    .int()
    .describe(
      'What you earn of a call that converts (by the minute: of each minute; by bands: at least), in micro-units',
    ),
  currency: z.string(),
  payoutKind: z.enum(PAYOUT_PLAN_KINDS).describe('How it is earned; docs/rating.md'),
  minDurationSeconds: z.number().int().describe('Connected seconds after which the call pays'),
  number: z.string().describe('Send the call here, from the caller you named …'),
  sip: z.string().nullable().describe('… or here, which is this reservation’s own address'),
  expiresAt: epoch.describe('The call must be here by then'),
  expiresInSeconds: z.number().int(),
  duplicates: z
    .object({
      windowSeconds: z.number().int(),
      after: z.enum(['connected', 'converted']),
      scope: z.enum(['target', 'buyer', 'campaign']),
    })
    .describe('When a caller counts as one that was sold before'),
});
const declined = z.object({
  accepted: z.literal(false),
  code: z.number().int().describe('docs/rtb.md lists them'),
  reason: z.string(),
});

const logRow = z.object({
  id: z.number().int(),
  at: epoch,
  sellerId: z.string(),
  campaignId: z.string().nullable(),
  number: z.string().nullable(),
  npa: z.string().nullable(),
  state: z.string().nullable(),
  code: z.number().int(),
  reason: z.string(),
  price: z.number().int().nullable(),
  currency: z.string().nullable(),
  latencyMs: z.number().int(),
  reservationId: z.string().nullable(),
  reservationState: z.string().nullable().describe('`reserved`, `used`, `expired` or `cancelled`'),
  expiresAt: epoch.nullable(),
  callId: z.string().nullable(),
  callState: z.string().nullable(),
  endReason: z.string().nullable(),
  connectedMs: z.number().int().nullable(),
  payout: z.number().int().nullable().describe('What was earned in the end, in micro-units'),
});

const position = z.tuple([epoch, z.number().int()]);

/** What sellers ask before they send a call, and what came of it. */
export function bidRequestRoutes(desk: Pick<BidRequestDesk, 'answer' | 'cancel'>): Route[] {
  return [
    route({
      method: 'post',
      path: '/bid-requests',
      operationId: 'requestBid',
      tag: 'bid requests',
      summary: 'What a call would bring; an offer is reserved until the call comes',
      scope: 'bid_requests:write',
      audited: false,
      tenants: ['seller'],
      body,
      reply: z.discriminatedUnion('accepted', [accepted, declined]),
      handle: async ({ body: { sellerId, ...asked }, caller }) => {
        const request = { tags: {}, ...defined(asked), sellerId: sellerOf(caller, sellerId) };
        return { body: replyOf(await desk.answer(request)) };
      },
    }),
    route({
      method: 'get',
      path: '/bid-requests',
      operationId: 'listBidRequests',
      tag: 'bid requests',
      summary: 'Past bid requests with what came of them, newest first',
      scope: 'bid_requests:read',
      tenants: ['seller'],
      query: page.extend({
        sellerId: id.optional(),
        campaignId: id.optional(),
        callId: id.optional(),
        code: z.coerce.number().int().min(0).max(9_999).optional(),
        fromTime: z.coerce.number().int().optional().describe('UTC epoch milliseconds, inclusive'),
        toTime: z.coerce.number().int().optional().describe('UTC epoch milliseconds, exclusive'),
      }),
      reply: listOf(logRow),
      handle: async ({ db, own, query: { limit, cursor, sellerId, ...filters } }) => {
        if (isOfOthers(own, sellerId)) return { body: NOTHING };
        const at = readCursor(cursor, position);
        const after = at && { after: { at: at[0], id: at[1] } };
        const whose = own ?? sellerId;
        const rows = await listBidRequests(db, {
          ...defined(filters),
          ...(whose === undefined ? {} : { sellerId: whose }),
          ...after,
          limit: limit + 1,
        });
        return { body: pageOf(rows, limit, asIs, (last) => [last.at, last.id]) };
      },
    }),
    route({
      method: 'delete',
      path: '/bid-requests/:id',
      operationId: 'cancelReservation',
      tag: 'bid requests',
      summary: 'Give a reservation up: its call will not come',
      scope: 'bid_requests:write',
      audited: false,
      tenants: ['seller'],
      params: z.strictObject({ id }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ params, own }) => {
        if (!(await desk.cancel(params.id, own))) {
          throw new AppError(
            'not_found',
            'reservation_not_found',
            `there is no reservation ${params.id} that waits for its call`,
          );
        }
        return { body: undefined };
      },
    }),
  ];
}

/** The key's own account; only the operator may name another. */
function sellerOf({ accountId }: Principal, named: string | undefined): string {
  if (accountId === OPERATOR_ACCOUNT) {
    if (named === undefined) {
      throw new AppError('unprocessable', 'seller_missing', 'say for which seller', {
        errors: [{ in: 'body', pointer: '/sellerId', message: 'an operator says for which seller it asks' }],
      });
    }
    return named;
  }
  assertOwnInBody(accountId, named, '/sellerId');
  return accountId;
}

function replyOf(answer: SellerAnswer): z.input<typeof accepted> | z.input<typeof declined> {
  if (!answer.accepted) return answer;
  const { reservation, duplicates, expiresAt, expiresInMs, sip, code, reason } = answer;
  const { id: reservationId, price, currency, payout, number } = reservation;
  return {
    accepted: true,
    code,
    reason,
    id: reservationId,
    price,
    currency,
    payoutKind: payout.kind,
    minDurationSeconds: minDuration(payout),
    number,
    sip: sip ?? null,
    expiresAt,
    expiresInSeconds: Math.floor(expiresInMs / 1000),
    duplicates: {
      windowSeconds: Math.round(duplicates.windowMs / 1000),
      after: duplicates.after,
      scope: duplicates.scope,
    },
  };
}

function minDuration(payout: PayoutPlan): number {
  return Math.ceil(payout.afterMs / 1000);
}
