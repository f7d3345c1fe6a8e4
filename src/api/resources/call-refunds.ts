import { z } from 'zod';
import type { CallRefund } from '../../billing';
import { listRefunds, refundCall } from '../../billing';
import { notFound } from '../../domain';
import { getCall } from '../../storage';
import { actorOf } from '../money-rules';
import type { Route } from '../route';
import { route } from '../route';
import { bearer, id, printable, someMoney, text } from '../schemas';

const refund = z.object({
  id: z.string(),
  callId: z.string(),
  reference: z.string(),
  amount: z.number().int().describe('Micro-units'),
  currency: z.string(),
  bearer,
  reason: z.string(),
  revision: z.number().int(),
  by: z.string(),
  at: z.iso.datetime(),
});
const ofCall = z.strictObject({ id });

/** Money of calls that is given back without a dispute. */
export function callRefundRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/calls/:id/refunds',
      operationId: 'listCallRefunds',
      tag: 'disputes',
      summary: 'What of a call was given back without a dispute, the first first',
      scope: 'disputes:read',
      params: ofCall,
      reply: z.object({ items: z.array(refund) }),
      handle: async ({ db, params }) => {
        const items = await listRefunds(db, params.id);
        if (items.length === 0 && !(await getCall(db, params.id))) {
          throw notFound('call', params.id);
        }
        return { body: { items: items.map(shownRefund) } };
      },
    }),
    route({
      method: 'post',
      path: '/calls/:id/refunds',
      operationId: 'refundCall',
      tag: 'disputes',
      summary: 'Give a call back to its buyer, in whole or in part',
      scope: 'disputes:write',
      params: ofCall,
      body: z.strictObject({
        reference: printable(z.string().trim().min(1).max(100)).describe(
          'Your name for it: the same one is the same refund, and is booked once',
        ),
        amount: someMoney.optional().describe('Micro-units; everything that is left by default'),
        bearer,
        reason: text,
      }),
      reply: refund,
      status: 201,
      idempotent: true,
      handle: async ({ db, params, body, caller }) => {
        const wish = { ...body, callId: params.id, by: actorOf(caller) };
        return { body: shownRefund((await refundCall(db, wish)).refund) };
      },
    }),
  ];
}

function shownRefund({ at, ...rest }: CallRefund): z.input<typeof refund> {
  return { ...rest, at: at.toISOString() };
}
