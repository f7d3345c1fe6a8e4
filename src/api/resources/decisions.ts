import { z } from 'zod';
import type { CallAttempt, CallOrigin, E164 } from '../../domain';
import { AppError, CALL_ORIGINS, VERSTATS } from '../../domain';
import type { MarketEntity } from '../../market';
import type { Queryable } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, phoneNumber, printable, tagName, tagValue } from '../schemas';

/** Some fields of an entity as they would be, or all of one that there is not yet. */
export interface MarketDraft {
  readonly entity: MarketEntity;
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Decides calls that there are not, and lets nothing come of it. */
export interface DryRunDesk {
  /** What the trunk's contract says of its calls; undefined when there is no such trunk. */
  originOf(trunkId: string): CallOrigin | undefined;
  /**
   * @param at - UTC epoch milliseconds at which the call would come
   * @throws AppError `validation` for a change that cannot be made
   */
  run(
    attempt: CallAttempt,
    at: number,
    changes: readonly MarketDraft[],
  ): Promise<{
    readonly decision: unknown;
    readonly decisionMicroseconds: number;
    readonly unmet: readonly string[];
  }>;
  /** UTC epoch milliseconds. */
  now(): number;
}

const ENTITIES = [
  'account',
  'trunk',
  'seller',
  'number',
  'campaign',
  'buyer',
  'target',
  'bid',
  'override',
] as const satisfies readonly MarketEntity[];
const MAX_CHANGES = 100;
/** Of a campaign that has no number yet; nobody can have this one. */
const NO_NUMBER = '+19990000000' as E164;
const DRAFT_NUMBER = 'dry-run-number';

const change = z.strictObject({
  entity: z.enum(ENTITIES),
  id,
  fields: z
    .record(printable(z.string().min(1).max(200)), z.unknown())
    .refine((fields) => Object.keys(fields).length > 0, 'names no field')
    .describe('By name or by path, like `margin.minimum`; null takes one away. All fields of a new entity'),
});

const body = z
  .strictObject({
    number: phoneNumber.optional().describe('The number that is called'),
    campaignId: id.optional().describe('Instead of a number: one of the campaign is taken'),
    sellerId: id.optional().describe('Whose call it is, where the campaign has no number yet'),
    caller: phoneNumber.optional().describe('Absent: withheld'),
    trunkId: id.optional().describe('Over which it comes; absent: one of which nothing is known'),
    at: instant.optional().describe('UTC epoch milliseconds; now by default'),
    tags: z
      .record(tagName, tagValue)
      .refine((tags) => Object.keys(tags).length <= 32, 'more than 32 tags')
      .default({}),
    attestation: z.enum(['A', 'B', 'C']).optional(),
    verstat: z.enum(VERSTATS).default('none'),
    origin: z.enum(CALL_ORIGINS).optional().describe('What the trunk says of it; its contract by default'),
    claimedOrigin: z.enum(CALL_ORIGINS).optional().describe('What the sender claims of this call'),
    forwardedBy: z.array(phoneNumber).max(10).default([]),
    changes: z
      .array(change)
      .max(MAX_CHANGES)
      .default([])
      .describe('A draft: decide as if these had been made. Nothing is changed'),
  })
  .refine(({ number, campaignId }) => number !== undefined || campaignId !== undefined, {
    path: ['number'],
    message: 'say a number or a campaign',
  });

/** Decisions about calls that there are not. */
export function decisionRoutes(desk: DryRunDesk): Route[] {
  return [
    route({
      method: 'post',
      path: '/decisions/dry-run',
      operationId: 'dryRunDecision',
      tag: 'decisions',
      summary: 'What would become of a call now, on this node, also with changes made that are only a draft',
      // It changes nothing: who may read everything may ask.
      scope: 'decisions:read',
      body,
      reply: z.object({
        decision: z.unknown().describe('With its whole trace, as it would be stored of a call'),
        decisionMicroseconds: z.number().int(),
        withoutEffect: z
          .array(z.string())
          .describe('`entity/id` of changes that the decision had nothing to do with'),
      }),
      handle: async ({ db, body: sent }) => {
        const { trunkId, campaignId, caller, at = desk.now() } = sent;
        const contract = trunkId === undefined ? 'unknown' : desk.originOf(trunkId);
        if (contract === undefined) throw mistake('/trunkId', 'trunk_not_found', 'there is no such trunk');
        const number = sent.number ?? (await numberOf(db, campaignId ?? '', sent.sellerId));
        const attempt: CallAttempt = {
          callId: 'dry-run',
          receivedAt: at,
          from: caller,
          to: number ?? NO_NUMBER,
          trunkId: trunkId ?? 'dry-run',
          origin: sent.origin ?? contract,
          claimedOrigin: sent.claimedOrigin,
          attestation: sent.attestation,
          verstat: sent.verstat,
          reservation: undefined,
          forwardedBy: sent.forwardedBy,
          tags: sent.tags,
        };
        const changes: MarketDraft[] = [...sent.changes];
        if (number === undefined) changes.push(draftNumber(campaignId ?? '', sent.sellerId));
        const { unmet, ...decided } = await desk.run(attempt, at, changes).catch(inChanges);
        return { body: { ...decided, withoutEffect: [...unmet] } };
      },
    }),
  ];
}

function draftNumber(campaignId: string, sellerId: string | undefined): MarketDraft {
  if (sellerId === undefined) {
    throw mistake('/sellerId', 'seller_needed', 'the campaign has no number: say whose call it is');
  }
  return {
    entity: 'number',
    id: DRAFT_NUMBER,
    fields: { number: NO_NUMBER, campaignId, sellerId, status: 'active' },
  };
}

async function numberOf(
  db: Queryable,
  campaignId: string,
  sellerId: string | undefined,
): Promise<E164 | undefined> {
  const { rows } = await db.query<{ number: E164 }>(
    `select number from did_numbers
      where campaign_id = $1 and status = 'active' and ($2::text is null or seller_id = $2)
      order by id limit 1`,
    [campaignId, sellerId ?? null],
  );
  return rows[0]?.number;
}

function mistake(pointer: string, code: string, message: string): AppError {
  return new AppError('unprocessable', code, message, { errors: [{ in: 'body', pointer, message }] });
}

/** A change that cannot be made is a mistake in the body. */
function inChanges(error: unknown): never {
  if (!(error instanceof AppError) || error.kind !== 'validation') throw error;
  throw mistake('/changes', error.code, error.message);
}
