import { z } from 'zod';
import { AppError, CALL_ORIGINS } from '../../domain';
import { EntityStore } from '../../storage';
import type { Route } from '../route';
import { capSet } from '../schemas';
import { entityRoutes } from './entity-resource';

const origin = z.enum(CALL_ORIGINS);

const schema = z.strictObject({
  status: z.enum(['active', 'paused', 'archived']).default('active'),
  origin: origin
    .optional()
    .describe("Who starts its calls, by contract; absent = the contract is silent, and the trunk's says it"),
  claims: z
    .array(origin)
    .max(CALL_ORIGINS.length)
    .default([])
    .describe('Origins it may claim call by call (`X-Call-Origin`), besides its own'),
  caps: capSet.default({}).describe('Most calls taken from it'),
  bidRequestsPerSecond: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Bid requests a second that it may send; 0 = none'),
});

/** Contracts of sellers (publishers). */
export function sellerRoutes(): Route[] {
  return entityRoutes({
    entity: 'seller',
    path: 'sellers',
    singular: 'Seller',
    plural: 'Sellers',
    schema,
    filters: ['status', 'origin'],
    archivedAs: 'archived',
    givenId: "Id of the seller's account",
    check: async ({ id }, db) => {
      const account = await new EntityStore(db, 'account').get(id);
      if (account && account.type !== 'seller') {
        throw new AppError('unprocessable', 'not_a_seller', 'the account is not that of a seller', {
          errors: [{ pointer: '/id', message: 'is not the account of a seller' }],
        });
      }
    },
  });
}
