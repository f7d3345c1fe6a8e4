import { z } from 'zod';
import type { Route } from '../route';
import { currency, name, timezone } from '../schemas';
import { entityRoutes } from './entity-resource';
import { accountTenancy } from './views/market-views';

const schema = z.strictObject({
  name: name.min(2),
  type: z.enum(['operator', 'buyer', 'seller', 'carrier']),
  status: z.enum(['pending', 'active', 'suspended', 'closed']).default('active'),
  currency: currency.default('USD'),
  timezone: timezone.default('UTC'),
  funding: z
    .enum(['open', 'wallet'])
    .default('open')
    .describe('`wallet`: its calls must be covered by its wallet before they ring'),
});

const replySchema = schema.extend({
  funds: z
    .enum(['ok', 'stopped'])
    .optional()
    .describe('`stopped`: its wallet covers no call at present, so that none is offered to it'),
});

/** Parties: buyers pay, sellers supply, carriers bring calls. */
export function accountRoutes(): Route[] {
  return entityRoutes({
    entity: 'account',
    path: 'accounts',
    singular: 'Account',
    plural: 'Accounts',
    schema,
    replySchema,
    filters: ['type', 'status', 'currency', 'funding'],
    sortable: { name: 'text' },
    search: { field: 'name', how: 'holds' },
    archivedAs: 'closed',
    tenancy: accountTenancy,
  });
}
