import { Readable } from 'node:stream';
import { z } from 'zod';
import type { CarrierFile, ReconciliationRun, StoredDifference } from '../../billing';
import {
  cdrProfileSchema,
  deleteCarrierFile,
  DIFFERENCE_KINDS,
  explainDifference,
  getCdrProfile,
  getRun,
  importCarrierFile,
  listCarrierFiles,
  listReconciliationDifferences,
  listRuns,
  putCdrProfile,
  requestRun,
  RUN_KINDS,
  RUN_STATES,
  sumDifferences,
} from '../../billing';
import { notFound, principalName } from '../../domain';
import { asExchange } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import { mustBeTrunk } from '../own-account';
import { mistakeInBody } from '../problem';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, listOf, page, printable, rowNumber } from '../schemas';
import { readUpload } from '../upload';

const params = z.strictObject({ id });
const cursorId = z.tuple([z.number().int()]);
const amount = z.number().int().describe('Micro-units');
/** Larger files are for `dce reconcile import`. */
const MAX_UPLOAD = 256 * 1024 * 1024;
const MAX_PERIOD_MS = 100 * 86_400_000;

const run = z.object({
  id,
  kind: z.enum(RUN_KINDS),
  trunkId: z.string().nullable(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  state: z.enum(RUN_STATES),
  requestedBy: z.string().nullable().describe('Null: the daily job'),
  requestedAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  failure: z.string().nullable(),
  totals: z.record(z.string(), z.unknown()).describe('What was looked at; of a carrier, both sides'),
  differences: z.number().int(),
});
const difference = z.object({
  id,
  reconciliationId: id,
  kind: z.enum(DIFFERENCE_KINDS),
  callId: z.string().nullable(),
  fileId: id.nullable(),
  line: z.number().int().nullable().describe("Of the carrier's file"),
  detail: z.string(),
  expected: z.unknown(),
  found: z.unknown(),
  amount: amount.describe('Money at stake, micro-units'),
  currency: z.string().nullable(),
  state: z.enum(['open', 'explained']),
  note: z.string().nullable(),
  explainedBy: z.string().nullable(),
  explainedAt: z.iso.datetime().nullable(),
});
const file = z.object({
  id,
  trunkId: z.string(),
  name: z.string(),
  sha256: z.string(),
  records: z.number().int(),
  firstAt: z.number().int().describe('UTC epoch milliseconds'),
  lastAt: z.number().int().describe('UTC epoch milliseconds'),
  currency: z.string(),
  costMicros: amount.nullable(),
  importedBy: z.string().nullable(),
  importedAt: z.iso.datetime(),
});

/** Books compared with calls, and with carriers' records. */
export function reconciliationRoutes(): Route[] {
  return [...runRoutes(), ...differenceRoutes(), ...carrierRoutes()];
}

function runRoutes(): Route[] {
  return [
    route({
      method: 'post',
      path: '/reconciliations',
      operationId: 'requestReconciliation',
      tag: 'reconciliation',
      summary: 'Have a period reconciled; a worker carries it out',
      scope: 'reconciliation:write',
      body: z
        .strictObject({
          kind: z.enum(RUN_KINDS),
          trunkId: id.optional().describe('Whose records are compared, of a carrier'),
          from: instant.describe('UTC epoch milliseconds'),
          to: instant.describe('UTC epoch milliseconds, the first that is not in it'),
        })
        .refine(({ from, to }) => from < to && to - from <= MAX_PERIOD_MS, {
          path: ['to'],
          message: 'must be after from, by 100 days at most',
        })
        .refine(({ kind, trunkId }) => (kind === 'carrier') === (trunkId !== undefined), {
          path: ['trunkId'],
          message: 'belongs to the reconciliation of a carrier',
        }),
      reply: run,
      status: 202,
      idempotent: true,
      handle: async ({ db, body: { kind, trunkId, from, to }, caller }) => {
        const wanted = { kind, trunkId, period: { from, to }, requestedBy: `key ${principalName(caller)}` };
        const waiting = await requestRun(db, wanted).catch(mistakeInBody('trunk_not_found', '/trunkId'));
        return { body: shownRun(waiting), location: `/reconciliations/${waiting.id}` };
      },
    }),
    route({
      method: 'get',
      path: '/reconciliations',
      operationId: 'listReconciliations',
      tag: 'reconciliation',
      summary: 'Reconciliations, newest first',
      scope: 'reconciliation:read',
      tenants: ['carrier'],
      query: page.extend({ kind: z.enum(RUN_KINDS).optional(), trunkId: id.optional() }),
      reply: listOf(run),
      handle: async ({ db, query: { limit, cursor, ...filter }, own }) => {
        const before = readCursor(cursor, cursorId)?.[0];
        const rows = await listRuns(db, { ...filter, before, accountId: own, limit: limit + 1 });
        const show = own === undefined ? shownRun : shownRunToCarrier;
        return { body: pageOf(rows, limit, show, (last) => [last.id]) };
      },
    }),
    route({
      method: 'get',
      path: '/reconciliations/:id',
      operationId: 'getReconciliation',
      tag: 'reconciliation',
      summary: 'One reconciliation with what it found, summed by kind',
      scope: 'reconciliation:read',
      tenants: ['carrier'],
      params,
      reply: run.extend({
        byKind: z.array(
          z.object({
            kind: z.enum(DIFFERENCE_KINDS),
            currency: z.string().nullable(),
            count: z.number().int(),
            amount,
          }),
        ),
      }),
      handle: async ({ db, params: { id: wanted }, own }) => {
        const found = await getRun(db, rowNumber(wanted));
        if (!found) throw notFound('reconciliation', wanted);
        if (own !== undefined) {
          if (found.trunkId === null) throw notFound('reconciliation', wanted);
          await mustBeTrunk(db, found.trunkId, own).catch(() => {
            throw notFound('reconciliation', wanted);
          });
        }
        const byKind = await asExchange(db, (all) => sumDifferences(all, found.id));
        const show = own === undefined ? shownRun : shownRunToCarrier;
        return { body: { ...show(found), byKind } };
      },
    }),
  ];
}

function differenceRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/reconciliation-differences',
      operationId: 'listReconciliationDifferences',
      tag: 'reconciliation',
      summary: 'What did not fit, in the order in which it was found',
      scope: 'reconciliation:read',
      query: page.extend({
        reconciliationId: id.optional(),
        kind: z.enum(DIFFERENCE_KINDS).optional(),
        state: z.enum(['open', 'explained']).optional(),
      }),
      reply: listOf(difference),
      handle: async ({ db, query: { limit, cursor, reconciliationId, ...filter } }) => {
        const after = readCursor(cursor, cursorId)?.[0];
        const runId = reconciliationId === undefined ? undefined : rowNumber(reconciliationId);
        const rows = await listReconciliationDifferences(db, { ...filter, runId, after, limit: limit + 1 });
        return { body: pageOf(rows, limit, shownDifference, (last) => [last.id]) };
      },
    }),
    route({
      method: 'post',
      path: '/reconciliation-differences/:id/explain',
      operationId: 'explainReconciliationDifference',
      tag: 'reconciliation',
      summary: 'Note why a difference is there; no money is moved',
      scope: 'reconciliation:write',
      params,
      body: z.strictObject({ note: printable(z.string().trim().min(1).max(2_000)) }),
      reply: difference,
      idempotent: true,
      handle: async ({ db, params: { id: wanted }, body: { note }, caller }) => {
        const by = `key ${principalName(caller)}`;
        return { body: shownDifference(await explainDifference(db, { id: rowNumber(wanted), note, by })) };
      },
    }),
  ];
}

function carrierRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/trunks/:id/cdr-profile',
      operationId: 'getCdrProfile',
      tag: 'reconciliation',
      summary: 'How the carrier of a trunk writes its records',
      scope: 'reconciliation:read',
      tenants: ['carrier'],
      params,
      reply: cdrProfileSchema,
      handle: async ({ db, params: { id: trunkId }, own }) => {
        if (own !== undefined) await mustBeTrunk(db, trunkId, own);
        const profile = await getCdrProfile(db, trunkId);
        if (!profile) throw notFound('cdr profile', trunkId);
        return { body: profile };
      },
    }),
    route({
      method: 'post',
      path: '/trunks/:id/cdr-profile',
      operationId: 'putCdrProfile',
      tag: 'reconciliation',
      summary: 'Say how the carrier of a trunk writes its records, in place of what was said before',
      scope: 'reconciliation:write',
      params,
      body: cdrProfileSchema,
      reply: cdrProfileSchema,
      handle: async ({ db, params: { id: trunkId }, body }) => {
        await putCdrProfile(db, trunkId, body);
        return { body };
      },
    }),
    route({
      method: 'post',
      path: '/trunks/:id/cdr-files',
      operationId: 'importCdrFile',
      tag: 'reconciliation',
      summary: "Import a carrier's records, all of them or none; dce reconcile import takes larger files",
      scope: 'reconciliation:write',
      params,
      query: z.strictObject({ name: printable(z.string().trim().min(1).max(255)).default('records.csv') }),
      takes: 'text/csv',
      reply: file,
      status: 201,
      handle: async ({ db, params: { id: trunkId }, query: { name }, caller, request, response }) => {
        const imported = await readUpload(request, response, MAX_UPLOAD, (body) =>
          importCarrierFile(db, {
            trunkId,
            name,
            source: Readable.from(body),
            by: `key ${principalName(caller)}`,
          }),
        );
        return { body: shownFile(imported), location: `/cdr-files/${imported.id}` };
      },
    }),
    route({
      method: 'get',
      path: '/cdr-files',
      operationId: 'listCdrFiles',
      tag: 'reconciliation',
      summary: 'Files of carriers that were imported, newest first',
      scope: 'reconciliation:read',
      tenants: ['carrier'],
      query: page.extend({ trunkId: id.optional() }),
      reply: listOf(file),
      handle: async ({ db, query: { limit, cursor, trunkId }, own }) => {
        const before = readCursor(cursor, cursorId)?.[0];
        const rows = await listCarrierFiles(db, { trunkId, accountId: own, before, limit: limit + 1 });
        const show = own === undefined ? shownFile : shownFileToCarrier;
        return { body: pageOf(rows, limit, show, (last) => [last.id]) };
      },
    }),
    route({
      method: 'delete',
      path: '/cdr-files/:id',
      operationId: 'deleteCdrFile',
      tag: 'reconciliation',
      summary: 'Take a file back, so that a corrected one can be imported',
      scope: 'reconciliation:write',
      params,
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, params: { id: wanted } }) => {
        if (!(await deleteCarrierFile(db, rowNumber(wanted)))) throw notFound('cdr file', wanted);
        return { body: undefined };
      },
    }),
  ];
}

function shownRun(stored: ReconciliationRun): z.input<typeof run> {
  const { id: number, fromAt, toAt, requestedAt, startedAt, finishedAt, totals, ...rest } = stored;
  return {
    ...rest,
    id: String(number),
    from: fromAt.toISOString(),
    to: toAt.toISOString(),
    requestedAt: requestedAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
    totals: { ...totals },
  };
}

/** Who of the exchange's people asked for it is theirs to know. */
function shownRunToCarrier(stored: ReconciliationRun): z.input<typeof run> {
  return { ...shownRun(stored), requestedBy: null };
}

function shownFileToCarrier(stored: CarrierFile): z.input<typeof file> {
  return { ...shownFile(stored), importedBy: null };
}

function shownDifference(stored: StoredDifference): z.input<typeof difference> {
  const { id: number, reconciliationId, fileId, explainedAt, ...rest } = stored;
  return {
    ...rest,
    id: String(number),
    reconciliationId: String(reconciliationId),
    fileId: fileId === null ? null : String(fileId),
    explainedAt: explainedAt?.toISOString() ?? null,
  };
}

function shownFile({ id: number, importedAt, ...rest }: CarrierFile): z.input<typeof file> {
  return { ...rest, id: String(number), importedAt: importedAt.toISOString() };
}
