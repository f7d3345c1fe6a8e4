import { z } from 'zod';
import type { EntityStores } from '../../storage';
import type { Route } from '../route';
import { currency, name, timezone } from '../schemas';
import { entityRoutes } from './entity-resource';

const schema = z.strictObject({
  name: name.min(2),
  type: z.enum(['operator', 'buyer', 'seller', 'carrier']),
  status: z.enum(['pending', 'active', 'suspended', 'closed']).default('active'),
  currency: currency.default('USD'),
  timezone: timezone.default('UTC'),
});

/** Parties: buyers pay, sellers supply, carriers bring calls. */
export function accountRoutes({ account }: EntityStores): Route[] {
  return entityRoutes({
    path: 'accounts',
    singular: 'account',
    schema,
    filters: ['type', 'status'],
    archivedAs: 'closed',
    store: account,
  });
}
