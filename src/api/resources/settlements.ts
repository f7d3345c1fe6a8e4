import { z } from 'zod';
import type { DeadLetters } from '../../billing';
import { AppError } from '../../domain';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';

/** Settlements that no retry helped. */
export type WaitingSettlements = Pick<DeadLetters, 'list' | 'redrive'>;

/** The settlements that need a person. */
export function settlementRoutes(dead: WaitingSettlements): Route[] {
  return [
    route({
      method: 'get',
      path: '/settlements/dead',
      operationId: 'listDeadSettlements',
      tag: 'settlements',
      summary: 'Settlements that no retry helped',
      scope: 'settlements:read',
      reply: z.object({
        items: z.array(z.object({ callId: z.string(), reason: z.string(), diedAt: z.number() })),
      }),
      handle: async () => ({ body: { items: await dead.list() } }),
    }),
    route({
      method: 'post',
      path: '/settlements/dead/:id/redrive',
      operationId: 'redriveSettlement',
      tag: 'settlements',
      summary: 'Settle it again',
      scope: 'settlements:write',
      params: z.strictObject({ id }),
      reply: z.object({ callId: z.string() }),
      status: 202,
      handle: async ({ params }) => {
        if (!(await dead.redrive(params.id))) {
          throw new AppError(
            'not_found',
            'dead_letter_not_found',
            `no settlement of call ${params.id} is waiting for a person`,
          );
        }
        return { body: { callId: params.id } };
      },
    }),
  ];
}
