import { z } from 'zod';
import type { Route } from '../route';
import { currency, micros, milliseconds, name, ratePlan } from '../schemas';
import { entityRoutes } from './entity-resource';

const schema = z.strictObject({
  name,
  status: z.enum(['draft', 'active', 'paused', 'archived']).default('draft'),
  currency: currency.default('USD'),
  auctionType: z.enum(['first_price', 'second_price']).default('second_price'),
  reservePrice: micros.describe('Lowest price a bid may win at'),
  routing: z.enum(['auction', 'priority', 'round_robin']).default('auction'),
  ringTimeoutMs: milliseconds.min(1_000).max(120_000).default(20_000),
  maxAttempts: z.number().int().min(1).max(50).default(5),
  maxDurationMs: milliseconds.min(1_000).max(14_400_000).default(3_600_000),
  payout: ratePlan.describe('What the seller earns'),
  duplicateWindowMs: milliseconds
    .default(0)
    .describe('A caller is a duplicate for this long after a connected call'),
  velocityPerHour: z.number().int().min(1).max(1_000_000).default(100),
  enforceHoursInbound: z.boolean().default(false),
  ringback: z.enum(['local', 'early_media']).default('early_media'),
});

/** What is sold, and under which rules. */
export function campaignRoutes(): Route[] {
  return entityRoutes({
    entity: 'campaign',
    path: 'campaigns',
    singular: 'Campaign',
    plural: 'Campaigns',
    schema,
    filters: ['status'],
    archivedAs: 'archived',
  });
}
