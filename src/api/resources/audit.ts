import { z } from 'zod';
import type { PlacedAuditEntry } from '../../storage';
import { followAudit, listAudit, verifyAudit } from '../../storage';
import { pageOf, readCursor, writeCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { id, listOf, page, printable, queryInstant } from '../schemas';

const MAX_BLOCKS = 10_000;
const BLOCKS = 1_000;

/** As they stand in cursors: what fits into a bigint of PostgreSQL. */
const whole = z.string().regex(/^\d{1,18}$/);
const cursorOf = {
  newest: z.tuple([z.literal('newest'), whole, whole]),
  chain: z.tuple([z.literal('chain'), whole, whole]),
} as const;

const name = printable(z.string().min(1).max(300));
const entry = z.object({
  id,
  at: z.iso.datetime(),
  actor: z.object({
    kind: z
      .enum(['key', 'user', 'client', 'agent', 'cli', 'system', 'nobody'])
      .describe('`cli`: a user of the operating system. `nobody`: who did not prove who they are'),
    id: z.string(),
    accountId: z.string().optional(),
    role: z.string().optional(),
    sessionId: z.string().optional(),
  }),
  action: z
    .string()
    .describe(
      '`operationId` of this document, or the command; `refusedMore` tells, by operation, how many refusals of a minute have no entry of their own',
    ),
  subject: z.object({ kind: z.string(), id: z.string().optional() }).optional(),
  status: z.number().int().describe('As it was answered'),
  requestId: z.string().optional(),
  address: z.string().optional().describe('Of IPv6 the network of 64 bits'),
  changes: z
    .record(z.string(), z.object({ before: z.unknown().optional(), after: z.unknown().optional() }))
    .optional()
    .describe('By field; secrets are hidden, and of what is about persons there are names of fields alone'),
  reason: z.string().optional(),
  isSealed: z.boolean().describe('Whether it is in the chain of hashes, which it is after some seconds'),
});
const verification = z.object({
  ok: z.boolean(),
  blocks: z.number().int(),
  entries: z.number().int(),
  unsealed: z.number().int().describe('Entries that wait for a block'),
  headBlock: z.number().int().describe('The newest block'),
  head: z.string().describe('Its hash: to be kept elsewhere, and to be sent with a later verification'),
  findings: z.array(
    z.object({
      problem: z.enum([
        'block_missing',
        'block_unlinked',
        'block_changed',
        'entry_missing',
        'entry_unsealed',
        'entry_loose',
        'anchor_differs',
      ]),
      block: z.number().int().optional(),
      entries: z.number().int().optional(),
    }),
  ),
});

/** Who did what, and whether that is what was written. */
export function auditRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/audit',
      operationId: 'listAuditEntries',
      tag: 'audit',
      summary: 'Who did what, or was refused it; newest first, or in the order of the chain',
      scope: 'audit:read',
      query: page.extend({
        actor: name
          .optional()
          .describe('Id of a key, user, client or agent, or the name of a user of the system'),
        action: name.optional().describe('`operationId`, or the command'),
        subject: name.optional().describe('Id of what it was done to'),
        accountId: name.optional().describe('Account of the actor'),
        status: z.coerce.number().int().min(100).max(599).optional(),
        from: queryInstant.optional(),
        to: queryInstant.optional().describe('Not included'),
        order: z
          .enum(['newest', 'chain'])
          .default('newest')
          .describe(
            '`chain`: as they were sealed, the oldest first, without what is not sealed yet. Its `nextCursor` is good for what comes later: whoever goes on with it misses nothing, however late that was committed',
          ),
      }),
      reply: listOf(entry),
      handle: async ({ db, query: { limit, cursor, accountId, order, ...filter } }) => {
        const [, ...place] = readCursor(cursor, cursorOf[order]) ?? [];
        const [at, entryId] = place;
        const after = at === undefined || entryId === undefined ? undefined : ([at, entryId] as const);
        const wanted = { ...filter, account: accountId, after };
        if (order === 'newest') {
          const rows = await listAudit(db, limit + 1, wanted);
          return { body: pageOf(rows, limit, shown, (last) => [order, ...last.place]) };
        }
        const rows = await followAudit(db, limit, wanted);
        const last = rows.at(-1);
        const nextCursor = last ? writeCursor([order, ...last.place]) : (cursor ?? null);
        return { body: { items: rows.map(shown), nextCursor } };
      },
    }),
    route({
      method: 'post',
      path: '/audit/verify',
      operationId: 'verifyAudit',
      tag: 'audit',
      summary: 'Hash the newest blocks of the audit log anew; `dce audit verify` looks at all of it',
      // It changes nothing: auditors may.
      scope: 'audit:read',
      audited: 'apart',
      body: z.strictObject({
        blocks: z.number().int().min(1).max(MAX_BLOCKS).default(BLOCKS),
        anchors: z
          .array(
            z.strictObject({
              block: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
              hash: z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits'),
            }),
          )
          .max(100)
          .default([])
          .describe('What `headBlock` and `head` were at other times: each block must still be there'),
      }),
      reply: verification,
      handle: async ({ db, body }) => {
        const { findings, ...rest } = await verifyAudit(db, body.blocks, body.anchors);
        return { body: { ...rest, findings: [...findings] } };
      },
    }),
  ];
}

function shown({
  at,
  actor,
  subject,
  changes,
  place: _place,
  ...rest
}: PlacedAuditEntry): z.input<typeof entry> {
  return {
    ...rest,
    at: at.toISOString(),
    actor: { ...actor },
    ...(subject === undefined ? {} : { subject: { ...subject } }),
    ...(changes === undefined ? {} : { changes: { ...changes } }),
  };
}
