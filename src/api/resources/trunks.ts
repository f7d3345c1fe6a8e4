import { z } from 'zod';
import { CALL_ORIGINS } from '../../domain';
import type { Route } from '../route';
import { id, name, source } from '../schemas';
import { entityRoutes } from './entity-resource';
import { trunkTenancy } from './views/market-views';

const schema = z.strictObject({
  accountId: id.describe('Account of the carrier'),
  name,
  status: z.enum(['active', 'disabled']).default('active'),
  sources: z.array(source).min(1).max(256).describe('Addresses or CIDR blocks its INVITEs come from'),
  origin: z.enum(CALL_ORIGINS).describe('Who started the solicitation, by contract: decides which law binds'),
  maxCps: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .describe('New calls per second; 0 = no limit of its own'),
  maxChannels: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('Calls up at once; 0 = no limit of its own'),
  trustsVerstat: z
    .boolean()
    .default(true)
    .describe('The carrier verifies STIR/SHAKEN for us: its verstat and attestation are believed'),
});

/** Carriers' ways in. */
export function trunkRoutes(): Route[] {
  return entityRoutes({
    entity: 'trunk',
    path: 'trunks',
    singular: 'Trunk',
    plural: 'Trunks',
    schema,
    filters: ['accountId', 'status', 'origin'],
    sortable: { name: 'text' },
    search: { field: 'name', how: 'holds' },
    archivedAs: 'disabled',
    tenancy: trunkTenancy,
  });
}
