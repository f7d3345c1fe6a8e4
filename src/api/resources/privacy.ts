import { z } from 'zod';
import { AppError, principalName } from '../../domain';
import type { PrivacyRequest } from '../../storage';
import { getPrivacyRequest, listPrivacyRequests, PURPOSES, readExport, requestPrivacy } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { id, listOf, page, phoneNumber, printable, rowNumber } from '../schemas';
import type { PersonServices } from './consents';

const params = z.strictObject({ id });
const request = z.object({
  id,
  kind: z.enum(['export', 'erase']),
  requestedBy: z.string(),
  basis: z.string(),
  status: z.enum(['waiting', 'running', 'done', 'failed']),
  receivedAt: z.iso.datetime(),
  completedAt: z.iso.datetime().nullable(),
  counts: z.record(z.string(), z.number().int()).describe('Rows by place that were told or changed'),
  remaining: z
    .array(z.object({ place: z.string(), rows: z.number().int().optional(), why: z.string() }))
    .describe('Where something is still held, and why'),
  failure: z.string().nullable(),
});

/** What persons may ask for: everything that is held of them, and that it is erased. */
export function privacyRoutes({ vault }: PersonServices): Route[] {
  return [
    route({
      method: 'post',
      path: '/privacy/requests',
      operationId: 'createPrivacyRequest',
      tag: 'privacy',
      summary: 'Have everything about a number exported or erased; a worker carries it out',
      scope: 'privacy:write',
      body: z.strictObject({
        kind: z.enum(['export', 'erase']),
        number: phoneNumber.describe('Kept as a keyed hash once the request is done'),
        basis: printable(z.string().trim().min(1).max(500)).describe('Who asked for it, and on which ground'),
      }),
      reply: request,
      status: 202,
      idempotent: true,
      handle: async ({ db, body, caller }) => {
        const requestedBy = `key ${principalName(caller)} of ${caller.accountId}`;
        return { body: shown(await requestPrivacy(db, vault, { ...body, requestedBy })) };
      },
    }),
    route({
      method: 'get',
      path: '/privacy/requests',
      operationId: 'listPrivacyRequests',
      tag: 'privacy',
      summary: 'What was asked for, newest first',
      scope: 'privacy:read',
      query: page,
      reply: listOf(request),
      handle: async ({ db, query: { limit, cursor } }) => {
        const at = readCursor(cursor, z.tuple([id]));
        const before = at && rowNumber(at[0]);
        const rows = await listPrivacyRequests(db, limit + 1, before);
        return { body: pageOf(rows, limit, shown, (last) => [last.id]) };
      },
    }),
    route({
      method: 'get',
      path: '/privacy/requests/:id',
      operationId: 'getPrivacyRequest',
      tag: 'privacy',
      summary: 'How far a request is, and what it came to',
      scope: 'privacy:read',
      params,
      reply: request,
      handle: async ({ db, params: { id: wanted } }) => {
        const found = await getPrivacyRequest(db, rowNumber(wanted));
        if (!found)
          throw new AppError('not_found', 'privacy_request_not_found', `there is no request ${wanted}`);
        return { body: shown(found) };
      },
    }),
    route({
      method: 'get',
      path: '/privacy/requests/:id/export',
      operationId: 'getPrivacyExport',
      tag: 'privacy',
      summary: 'What an export came to; it waits for seven days',
      scope: 'privacy:write',
      audited: 'apart',
      params,
      reply: z.unknown().describe('Everything that is held of the person, for programs to read'),
      handle: async ({ db, params: { id: wanted } }) => {
        const found = await readExport(db, vault, rowNumber(wanted));
        if (!found) {
          throw new AppError(
            'not_found',
            'privacy_export_not_found',
            `no export of request ${wanted} is waiting`,
          );
        }
        return { body: found };
      },
    }),
    route({
      method: 'get',
      path: '/privacy/purposes',
      operationId: 'listPrivacyPurposes',
      tag: 'privacy',
      summary: 'Why what is held of persons, how long, and who gets it',
      scope: 'privacy:read',
      reply: z.object({
        items: z.array(
          z.object({
            id: z.string(),
            purpose: z.string(),
            data: z.string(),
            basis: z.string(),
            retention: z.string(),
            recipients: z.string(),
            citations: z.string(),
          }),
        ),
      }),
      handle: () => Promise.resolve({ body: { items: [...PURPOSES] } }),
    }),
  ];
}

function shown({ receivedAt, completedAt, remaining, ...rest }: PrivacyRequest): z.input<typeof request> {
  return {
    ...rest,
    receivedAt: receivedAt.toISOString(),
    completedAt: completedAt?.toISOString() ?? null,
    remaining: [...remaining],
    counts: { ...rest.counts },
  };
}
