import { z } from 'zod';
import { AppError, CALL_ORIGINS, LOOKUP_KINDS, ROUTING_STRATEGIES } from '../../domain';
import { payoutConversions, payoutPlan } from '../price-schemas';
import type { Route } from '../route';
import {
  currency,
  dialplanName,
  maxDurationMs,
  micros,
  milliseconds,
  name,
  promptName,
  ringback,
  ringTimeoutMs,
  tagList,
  tagName,
} from '../schemas';
import type { DialplanServices } from './dialplans';
import { NO_FILES } from './dialplans';
import { entityRoutes } from './entity-resource';
import { assertPlanIsThere } from './named-plan';
import { assertPromptIsThere } from './named-prompt';
import { campaignTenancy } from './views/market-views';

const CENTURY_MS = 3_155_760_000_000;

const duplicates = z.strictObject({
  windowMs: z.number().int().min(0).max(CENTURY_MS).describe('0 = never; 100 years at most'),
  after: z.enum(['connected', 'converted']),
  scope: z.enum(['target', 'buyer', 'campaign']).describe('To whom the same caller is a duplicate'),
  then: z
    .enum(['refuse', 'free'])
    .optional()
    .describe('It is not offered to them (the default), or it is and neither costs nor earns anything'),
});

const compliance = z.strictObject({
  enforceHoursInbound: z
    .boolean()
    .optional()
    .describe('Apply calling hours to calls that consumers started as well'),
  minAttestation: z.enum(['A', 'B', 'C']).optional().describe('`C` refuses only calls that nobody signed'),
  consentFor: z
    .array(z.enum(CALL_ORIGINS))
    .max(CALL_ORIGINS.length)
    .optional()
    .describe('Calls of these origins need a consent that stands; by default those that solicit'),
  contactsPerDay: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Calls to one person in 24 hours, by any seller; 3 by default where the rule binds'),
  lookups: z
    .array(z.enum(LOOKUP_KINDS))
    .max(LOOKUP_KINDS.length)
    .optional()
    .describe('Providers to be asked before the decision'),
  onLookupFailure: z
    .enum(['flag', 'block'])
    .optional()
    .describe('By default calls that consumers started go on and are flagged, others are refused'),
  refuseListed: z
    .array(z.enum(['internal', 'litigator']))
    .max(2)
    .optional()
    .describe('Refuse callers of these lists even when they call by themselves'),
});

const score = z.number().min(0).max(1);
const fraud = z
  .strictObject({ flag: score, challenge: score, block: score })
  .describe('Scores from which on a call is flagged, challenged and blocked');

const margin = z
  .strictObject({
    percentBp: z.number().int().min(0).max(10_000).optional().describe("Basis points of the buyer's price"),
    amount: micros.optional().describe('On top of that'),
    minimum: micros.optional().describe('Must be left at least'),
    allowLoss: z.boolean().optional().describe("Sell below the seller's payout as well"),
  })
  .describe('What the exchange keeps of each call; a bid that leaves less is not eligible');

const rtb = z.strictObject({
  deadlineMs: milliseconds.min(20).max(5_000).describe('All pings of one call together'),
  maxPings: z.number().int().min(1).max(200).describe('Buyers pinged for one call at most'),
});

const card = z
  .strictObject({
    number: z.enum(['ringing', 'answered', 'never']).describe("When the caller's number is shown"),
    price: z.boolean().describe('Whether what the call costs is shown'),
    tags: z.array(tagName).max(20).describe('Tags of the call that are shown'),
  })
  .describe('What agents see of a call besides its state; absent: the number, once they answered');

const recording = z
  .strictObject({
    mode: z
      .enum(['off', 'always'])
      .describe('`always`: every conversation; `off`: those that plans and people ask for'),
    announce: promptName
      .optional()
      .describe(
        'Played to the caller first; without it no call is recorded that needs the consent of everybody',
      ),
    keepDays: z
      .number()
      .int()
      .min(1)
      .max(36_500)
      .optional()
      .describe('Days after which recordings are erased; `privacy.recordingsDays` by default'),
    buyersListen: z.boolean().optional().describe('Whether buyers may listen to their own conversations'),
    sellersListen: z.boolean().optional().describe('Whether sellers may listen to those that they sold'),
  })
  .describe('What is recorded, and who may listen');

const schema = z.strictObject({
  name,
  status: z.enum(['draft', 'active', 'paused', 'archived']).default('draft'),
  currency: currency.default('USD'),
  auctionType: z.enum(['first_price', 'second_price']).default('second_price'),
  reservePrice: micros.describe('Lowest price a bid may win at'),
  routing: z.enum(ROUTING_STRATEGIES).default('auction'),
  ringTimeoutMs: ringTimeoutMs.default(20_000),
  maxAttempts: z.number().int().min(1).max(50).default(5),
  maxDurationMs: maxDurationMs.default(3_600_000),
  payout: payoutPlan.describe('What the seller earns, where it has no price of its own'),
  conversions: payoutConversions.optional(),
  shortCallMs: milliseconds
    .max(600_000)
    .optional()
    .describe('Answered calls that are shorter, from the answer on, cost and earn nobody anything'),
  velocityPerHour: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(100)
    .describe('Calls of one caller in an hour before the next is refused; 0 = no limit'),
  ringback: ringback.default('early_media'),
  duplicates: duplicates.default({ windowMs: 2_592_000_000, after: 'connected', scope: 'buyer' }),
  compliance: compliance.default({}),
  fraud: fraud.default({ flag: 0.3, challenge: 0.6, block: 0.8 }),
  margin: margin.default({}),
  qualityWeight: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("How much of a bid's worth its buyer's record decides: 0 = price alone"),
  rtb: rtb.default({ deadlineMs: 300, maxPings: 20 }),
  stickyWindowMs: milliseconds
    .default(0)
    .describe('A caller goes back to the buyer it spoke with within so many milliseconds; 0 = never'),
  skillTag: tagList.default('skills').describe('Tag that names the skills a call needs'),
  card: card.optional(),
  recording: recording.optional(),
  dialplan: dialplanName
    .optional()
    .describe(
      'Name of the dialplan that its calls take where their number has none; absent: they are sold at once',
    ),
});

/** What is sold, and under which rules. */
export function campaignRoutes(plans: DialplanServices = NO_FILES): Route[] {
  return entityRoutes({
    entity: 'campaign',
    path: 'campaigns',
    singular: 'Campaign',
    plural: 'Campaigns',
    schema,
    filters: ['status', 'currency', 'auctionType', 'routing'],
    sortable: { name: 'text' },
    search: { field: 'name', how: 'holds' },
    archivedAs: 'archived',
    tenancy: campaignTenancy,
    check: (campaign, db, before) => {
      assertPromptIsThere(plans.world.prompts, campaign.recording, before?.recording);
      const { flag, challenge, block } = campaign.fraud;
      if (flag <= challenge && challenge <= block)
        return assertPlanIsThere(db, plans.shipped, campaign, before);
      throw new AppError('unprocessable', 'fraud_scores_out_of_order', 'a weaker answer has a higher score', {
        errors: [{ pointer: '/fraud', message: 'flag, challenge and block must not descend' }],
      });
    },
  });
}
