import { z } from 'zod';
import type { Route } from '../route';
import { dialplanName, id, phoneNumber } from '../schemas';
import type { DialplanServices } from './dialplans';
import { NO_FILES } from './dialplans';
import { entityRoutes } from './entity-resource';
import { assertPlanIsThere } from './named-plan';
import { numberTenancy } from './views/market-views';

const schema = z.strictObject({
  number: phoneNumber.describe('The dialled number; stored in E.164'),
  campaignId: id,
  sellerId: id.describe('Account of the seller who brings its calls'),
  status: z.enum(['active', 'disabled']).default('active'),
  dialplan: dialplanName
    .optional()
    .describe(
      "Name of the dialplan that its calls take: one of its seller, of the exchange, or a file; absent: its campaign's",
    ),
});

/** Dialled numbers (DIDs). */
export function numberRoutes(plans: Pick<DialplanServices, 'shipped'> = NO_FILES): Route[] {
  return entityRoutes({
    entity: 'number',
    path: 'numbers',
    singular: 'Number',
    plural: 'Numbers',
    schema,
    filters: ['campaignId', 'sellerId', 'number', 'status', 'dialplan'],
    sortable: { number: 'text' },
    search: { field: 'number', how: 'begins' },
    archivedAs: 'disabled',
    tenancy: numberTenancy,
    check: (number, db, before) => assertPlanIsThere(db, plans.shipped, number, before, number.sellerId),
  });
}
