import { z } from 'zod';
import { notFound } from '../../domain';
import { getLadder } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';

/** The SIP messages of calls. */
export function callLadderRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/calls/:id/ladder',
      operationId: 'getCallLadder',
      tag: 'calls',
      summary: 'The SIP messages of a call that is over, as the exchange saw them',
      scope: 'calls:read',
      params: z.strictObject({ id }),
      reply: z.object({
        callId: id,
        complete: z.boolean().describe('False while the call is up, and where no messages were kept'),
        items: z.array(
          z.object({
            at: z.number().int().describe('UTC epoch milliseconds'),
            leg: z.string().describe('`caller`, or `ring-N` of whoever was rung'),
            way: z.enum(['in', 'out']).describe('Towards the exchange, or from it'),
            message: z.string().describe('Method or status code'),
            media: z.string().optional().describe('What its description came to'),
            uri: z.string().optional().describe('Who is rung'),
          }),
        ),
      }),
      handle: async ({ db, params }) => {
        const found = await getLadder(db, params.id);
        if (!found) throw notFound('call', params.id);
        const { endedAt, ladder } = found;
        return {
          body: {
            callId: params.id,
            complete: endedAt !== null && ladder !== null,
            items: [...(ladder ?? [])],
          },
        };
      },
    }),
  ];
}
