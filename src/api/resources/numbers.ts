import { z } from 'zod';
import type { Route } from '../route';
import { id, phoneNumber } from '../schemas';
import { entityRoutes } from './entity-resource';
import { numberTenancy } from './views/market-views';

const schema = z.strictObject({
  number: phoneNumber.describe('The dialled number; stored in E.164'),
  campaignId: id,
  sellerId: id.describe('Account of the seller who brings its calls'),
  status: z.enum(['active', 'disabled']).default('active'),
});

/** Dialled numbers (DIDs). */
export function numberRoutes(): Route[] {
  return entityRoutes({
    entity: 'number',
    path: 'numbers',
    singular: 'Number',
    plural: 'Numbers',
    schema,
    filters: ['campaignId', 'sellerId', 'number', 'status'],
    sortable: { number: 'text' },
    search: { field: 'number', how: 'begins' },
    archivedAs: 'disabled',
    tenancy: numberTenancy,
  });
}
