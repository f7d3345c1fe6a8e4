import { z } from 'zod';
import { AppError } from '../../domain';
import { EntityStore } from '../../storage';
import type { Route } from '../route';
import { caps, id, micros, ratePlan, targeting } from '../schemas';
import { entityRoutes } from './entity-resource';

const schema = z.strictObject({
  campaignId: id,
  buyerId: id,
  targetId: id.describe('Where a call that this bid wins is rung'),
  status: z.enum(['active', 'paused', 'archived']).default('active'),
  plan: ratePlan.describe('What the buyer pays at most'),
  price: micros.min(1).describe('Expected revenue of one call, which the auction compares'),
  priority: z.number().int().min(1).max(1_000).default(1),
  weight: z.number().int().min(1).max(1_000).default(1),
  targeting: targeting.default({}),
  caps: caps.default({}),
  expiresAt: z.number().int().positive().optional().describe('UTC epoch milliseconds'),
});

/** Standing bids. */
export function bidRoutes(): Route[] {
  return entityRoutes({
    entity: 'bid',
    path: 'bids',
    singular: 'Bid',
    plural: 'Bids',
    schema,
    filters: ['campaignId', 'buyerId', 'targetId', 'status'],
    archivedAs: 'archived',
    check: async (bid, db) => {
      const target = await new EntityStore(db, 'target').get(bid.targetId);
      if (target && target.buyerId !== bid.buyerId) {
        throw new AppError(
          'unprocessable',
          'target_of_another_buyer',
          'the target belongs to another buyer',
          {
            errors: [{ pointer: '/targetId', message: 'belongs to another buyer' }],
          },
        );
      }
      if (bid.plan.kind === 'per_call' && bid.plan.amount !== bid.price) {
        throw new AppError(
          'unprocessable',
          'price_differs_from_plan',
          'the price of a per-call bid is the amount of its plan',
          { errors: [{ pointer: '/price', message: 'is not the amount of the plan' }] },
        );
      }
    },
  });
}
