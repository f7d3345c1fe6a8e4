import { z } from 'zod';
import type { Route } from '../route';
import { id, milliseconds, name, sipUri } from '../schemas';
import { entityRoutes } from './entity-resource';

const status = z.enum(['active', 'paused', 'archived']).default('active');
const concurrency = z
  .number()
  .int()
  .min(0)
  .max(1_000_000)
  .default(0)
  .describe('Calls up or ringing at once; 0 = no limit');

const buyerSchema = z.strictObject({
  accountId: id.describe('Account that pays'),
  name,
  status,
  maxConcurrent: concurrency,
});

const targetSchema = z.strictObject({
  buyerId: id,
  name,
  status,
  kind: z.enum(['sip', 'softphone', 'pstn']).default('sip'),
  uri: sipUri,
  maxConcurrent: concurrency,
  ringTimeoutMs: milliseconds.min(1_000).max(120_000).optional().describe("Overrides the campaign's"),
});

/** Buyers, and the endpoints (targets) where they answer. */
export function buyerRoutes(): Route[] {
  return [
    ...entityRoutes({
      entity: 'buyer',
      path: 'buyers',
      singular: 'Buyer',
      plural: 'Buyers',
      schema: buyerSchema,
      filters: ['accountId', 'status'],
      archivedAs: 'archived',
    }),
    ...entityRoutes({
      entity: 'target',
      path: 'targets',
      singular: 'Target',
      plural: 'Targets',
      schema: targetSchema,
      filters: ['buyerId', 'status'],
      archivedAs: 'archived',
    }),
  ];
}
