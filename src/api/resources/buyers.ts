import { z } from 'zod';
import type { Target } from '../../domain';
import { agentGroupOf, AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { EntityStore } from '../../storage';
import type { Route } from '../route';
import {
  capSet,
  deliverySettings,
  id,
  instant,
  micros,
  milliseconds,
  name,
  skills,
  state,
  targetUri,
} from '../schemas';
import { entityRoutes } from './entity-resource';
import { buyerTenancy, targetTenancy } from './views/market-views';

const status = z.enum(['active', 'paused', 'archived']).default('active');
const window = milliseconds.min(1_000).max(86_400_000);

const discipline = z
  .strictObject({
    unanswered: z.number().int().min(1).max(1_000).describe('Unanswered rings within the window'),
    windowMs: window,
    pauseMs: window.describe('First pause of a target; each further one within a day lasts twice as long'),
  })
  .describe('When a target that does not answer is paused, and for how long');

const buyerSchema = z.strictObject({
  accountId: id.describe('Account that pays'),
  name,
  status,
  caps: capSet.default({}).describe('Over all its targets'),
  settings: deliverySettings.optional().describe("Go before the campaign's"),
  discipline: discipline.optional(),
  recording: z
    .literal('forbidden')
    .optional()
    .describe('It does not want its conversations recorded, whatever campaigns and plans say'),
  states: z
    .array(state)
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Two-letter states and provinces where its people take calls: the law of recording asks for them',
    ),
});

const targetSchema = z.strictObject({
  buyerId: id,
  name,
  status,
  kind: z.enum(['sip', 'softphone', 'pstn']).default('sip'),
  uri: targetUri.describe('A SIP URI; of a softphone, `agent:ID` or `team:ID` of the same buyer'),
  caps: capSet.default({}),
  settings: deliverySettings.optional().describe("Go before the buyer's and the campaign's"),
  skills: skills.optional().describe('What its people can do, from 1 (a little) to 10 (masters)'),
  costPerMinute: micros.default(0).describe('What a minute of delivery there costs the exchange'),
  trunkId: id.optional().describe('Over whose rates it is reached, if a carrier is paid for it'),
  pausedUntil: instant
    .optional()
    .describe('UTC epoch milliseconds until which it is not rung; set when it does not answer'),
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
      sortable: { name: 'text' },
      search: { field: 'name', how: 'holds' },
      archivedAs: 'archived',
      tenancy: buyerTenancy,
    }),
    ...entityRoutes({
      entity: 'target',
      path: 'targets',
      singular: 'Target',
      plural: 'Targets',
      schema: targetSchema,
      filters: ['buyerId', 'status', 'kind', 'trunkId'],
      sortable: { name: 'text' },
      search: { field: 'name', how: 'holds' },
      archivedAs: 'archived',
      tenancy: targetTenancy,
      check: checkTarget,
    }),
  ];
}

/** @throws AppError `validation` when it rings what its kind cannot, or people of somebody else */
async function checkTarget({ kind, uri, buyerId, status: now }: Target, db: Queryable): Promise<void> {
  // One that is of no use any more can still be put away.
  if (now === 'archived') return;
  const group = agentGroupOf(uri);
  if (kind !== 'softphone') {
    if (group) throw badUri('is for targets of the kind softphone');
    return;
  }
  if (!group) throw badUri('must be agent:ID or team:ID');
  const found = await new EntityStore(db, group.kind).get(group.id);
  if (found?.buyerId !== buyerId) throw badUri(`names no ${group.kind} of the buyer`);
}

function badUri(message: string): AppError {
  return new AppError('validation', 'invalid_target', 'the target cannot be rung', {
    errors: [{ in: 'body', pointer: '/uri', message }],
  });
}
