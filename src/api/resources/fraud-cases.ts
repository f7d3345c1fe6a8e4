import { z } from 'zod';
import { AppError } from '../../domain';
import type { FraudCase } from '../../storage';
import {
  getFraudCase,
  listFraudCases,
  listFraudModels,
  listFraudPriors,
  resolveFraudCase,
} from '../../storage';
import { pageOf, readCursor } from '../cursor';
import { RowList } from '../lists/row-list';
import type { Route } from '../route';
import { route } from '../route';
import { id, listOf, page } from '../schemas';

const state = z.enum(['open', 'confirmed', 'cleared']);

const level = z.enum(['flag', 'challenge', 'block']);

const fraudCase = z.object({
  callId: z.string(),
  state,
  score: z.number().describe('0 … 1, as it was when the call was decided'),
  level,
  reasons: z.array(z.string()).describe('Heaviest first'),
  model: z.string().describe('What scored: rules, or the id of a model'),
  caller: z.string().nullable(),
  dialled: z.string(),
  trunkId: z.string(),
  sellerId: z.string().nullable(),
  campaignId: z.string().nullable(),
  receivedAt: z.number().int().describe('UTC epoch milliseconds'),
  openedAt: z.iso.datetime(),
  resolvedBy: z.string().nullable().describe('Account of the API key that resolved it'),
  resolvedAt: z.iso.datetime().nullable(),
  note: z.string().nullable(),
});

const prior = z.object({
  id: z.string().describe('all, seller:<id>, number:<did>, trunk:<id> or prefix:<NPA-NXX-X>'),
  calls: z.number().describe('Calls that were rung, those of thirty days ago counting half'),
  bad: z.number().describe('Of them: short, hung up at once, or over as soon as paid for'),
  shortCalls: z.number(),
  answered: z.number(),
  confirmed: z.number().int().describe('Cases that people confirmed'),
  cleared: z.number().int(),
  updatedAt: z.iso.datetime(),
});

const model = z.object({
  id: z.string(),
  status: z.enum(['shadow', 'active', 'retired']),
  kind: z.string().nullable(),
  trainedOn: z.string().nullable(),
  metrics: z.record(z.string(), z.number()).nullable().describe('On calls that it was not trained on'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const cases = new RowList({
  filters: {
    state: state.optional(),
    level: level.optional(),
    sellerId: id.optional(),
    campaignId: id.optional(),
    trunkId: id.optional(),
  },
  ranges: { openedAt: 'instant', receivedAt: 'number', score: 'real' },
  sortable: { openedAt: 'instant', receivedAt: 'number', score: 'real' },
  usual: [{ field: 'openedAt', kind: 'instant', descending: true }],
});

const note = z
  .string()
  .trim()
  .max(2_000)
  .regex(/^[^\x00]*$/, 'holds a control character');

/** Calls that people should look at, and what is known of where calls come from. */
export function fraudRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/fraud/cases',
      operationId: 'listFraudCases',
      tag: 'fraud',
      summary: 'Calls that were flagged, challenged or blocked, newest first unless `sort` says otherwise',
      scope: 'fraud:read',
      query: cases.query,
      reply: listOf(fraudCase),
      handle: async ({ db, query }) => ({
        body: await cases.page(query, undefined, (wanted) => listFraudCases(db, wanted), shown),
      }),
    }),
    route({
      method: 'get',
      path: '/fraud/cases/:id',
      operationId: 'getFraudCase',
      tag: 'fraud',
      summary: 'The case of one call',
      scope: 'fraud:read',
      params: z.strictObject({ id }),
      reply: fraudCase,
      handle: async ({ db, params }) => {
        const found = await getFraudCase(db, params.id);
        if (!found) {
          throw new AppError('not_found', 'fraud_case_not_found', `there is no case of call ${params.id}`);
        }
        return { body: shown(found) };
      },
    }),
    route({
      method: 'post',
      path: '/fraud/cases/:id/resolve',
      operationId: 'resolveFraudCase',
      tag: 'fraud',
      summary: 'Say what a call was: its seller, number, trunk and block are judged by it from then on',
      scope: 'fraud:write',
      params: z.strictObject({ id }),
      body: z.strictObject({
        state: state.describe('open takes an earlier finding back'),
        note: note.optional(),
      }),
      reply: fraudCase,
      idempotent: true,
      handle: async ({ db, params, body, caller }) => ({
        body: shown(
          await resolveFraudCase(db, {
            callId: params.id,
            state: body.state,
            by: caller.accountId,
            note: body.note,
          }),
        ),
      }),
    }),
    route({
      method: 'get',
      path: '/fraud/priors',
      operationId: 'listFraudPriors',
      tag: 'fraud',
      summary: 'What ended calls taught of sellers, numbers, trunks and blocks of numbers',
      scope: 'fraud:read',
      query: page.extend({ kind: z.enum(['seller', 'number', 'trunk', 'prefix']).optional() }),
      reply: listOf(prior),
      handle: async ({ db, query: { limit, cursor, kind } }) => {
        const at = readCursor(cursor, z.tuple([z.string().max(200)]));
        const rows = await listFraudPriors(db, {
          limit: limit + 1,
          ...(kind === undefined ? {} : { kind }),
          ...(at && { after: at[0] }),
        });
        const shown = (row: (typeof rows)[number]) => ({ ...row, updatedAt: row.updatedAt.toISOString() });
        return { body: pageOf(rows, limit, shown, (last) => [last.id]) };
      },
    }),
    route({
      method: 'get',
      path: '/fraud/models',
      operationId: 'listFraudModels',
      tag: 'fraud',
      summary: 'Trained models: the one that decides, those that are tried, those that were',
      scope: 'fraud:read',
      reply: z.object({ items: z.array(model) }),
      handle: async ({ db }) => ({
        body: {
          items: (await listFraudModels(db)).map(({ createdAt, updatedAt, metrics, ...row }) => ({
            ...row,
            metrics: metrics ? { ...metrics } : null,
            createdAt: createdAt.toISOString(),
            updatedAt: updatedAt.toISOString(),
          })),
        },
      }),
    }),
  ];
}

function shown({ openedAt, resolvedAt, reasons, ...row }: FraudCase): z.input<typeof fraudCase> {
  return {
    ...row,
    reasons: [...reasons],
    openedAt: openedAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  };
}
