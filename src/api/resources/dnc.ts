import { z } from 'zod';
import type { Route } from '../route';
import { instant, phoneNumber } from '../schemas';
import { entityRoutes } from './entity-resource';

const schema = z.strictObject({
  number: phoneNumber,
  source: z.enum(['internal', 'national', 'state', 'litigator']).default('internal'),
  expiresAt: instant.min(1).optional().describe('UTC epoch milliseconds; absent = permanent'),
});

/** Numbers that must not be called. */
export function dncRoutes(): Route[] {
  return entityRoutes({
    entity: 'dnc',
    path: 'dnc',
    singular: 'DncEntry',
    plural: 'DncEntries',
    schema,
    filters: ['number', 'source'],
    sortable: { number: 'text' },
    search: { field: 'number', how: 'begins' },
    archivedAs: undefined,
    // The market removes an entry by its number and list, so that is what it is called.
    namedBy: ['number', 'source'],
  });
}
