import { z } from 'zod';
import { AppError, principalName } from '../../domain';
import type { Queryable } from '../../storage';
import { findTestedTarget } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';
import type { CallControlDesk, MonitorCommand, RecordCommand } from './call-control';
import { controlled, controlOf, MONITOR_MODES } from './call-control';

const SECOND_MS = 1_000;
/** Whoever pauses a recording and forgets it loses no more than this. */
const MAX_PAUSE_S = 600;
const PAUSE_S = 120;

export const pauseSeconds = z
  .number()
  .int()
  .min(1)
  .max(MAX_PAUSE_S)
  .default(PAUSE_S)
  .describe('After which it resumes by itself; asked for again, from then on');

const recording = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('start') }),
  z.strictObject({ action: z.literal('pause'), seconds: pauseSeconds }),
  z.strictObject({ action: z.literal('resume') }),
  z.strictObject({ action: z.literal('stop') }),
]);

const mode = z
  .enum(MONITOR_MODES)
  .describe('`listen`: nobody hears who listens; `whisper`: the buyer does; `barge`: the caller as well');
const monitoring = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('start'),
    mode: mode.default('listen'),
    to: z
      .strictObject({ kind: z.enum(['agent', 'target']), id })
      .describe('Whose phone is rung: an agent, or a target that is no team'),
  }),
  z.strictObject({ action: z.literal('change'), mode }),
  z.strictObject({ action: z.literal('stop') }),
]);

/**
 * The recording of calls that are up, and people who listen in to them. Buyers pause the recordings of what they
 * answered, and listen to their own people.
 */
export function callSupervisionRoutes(desk: CallControlDesk): Route[] {
  const shared = {
    method: 'post',
    tag: 'calls',
    tenants: ['buyer'],
    // What happens to the call is no part of a transaction.
    audited: 'apart',
    idempotent: true,
    problems: [409, 422, 501, 504],
    params: z.strictObject({ id }),
    reply: controlled,
  } as const;
  return [
    route({
      ...shared,
      path: '/calls/:id/recording',
      operationId: 'recordCall',
      summary: 'Record it, leave out of the recording what is said now, go on with it, or end it',
      scope: 'calls:write',
      body: recording,
      handle: async ({ db, own, params: { id: callId }, body, caller }) => {
        if (own !== undefined && (body.action === 'start' || body.action === 'stop')) {
          // Whose calls are recorded is the campaign's to say, and the law's.
          throw mistake(
            'forbidden',
            '/action',
            'operator_only',
            'a buyer pauses recordings and resumes them',
          );
        }
        return { body: await controlOf(desk, db, own, callId, recordCommand(body, principalName(caller))) };
      },
    }),
    route({
      ...shared,
      path: '/calls/:id/monitor',
      operationId: 'monitorCall',
      summary: 'Listen in to it by a phone, whisper to the buyer, or speak with both',
      scope: 'calls:monitor',
      status: 202,
      body: monitoring,
      handle: async ({ db, own, params: { id: callId }, body, caller }) => {
        const by = { accountId: caller.accountId, name: principalName(caller) };
        const command: MonitorCommand =
          body.action === 'start'
            ? { kind: 'monitor', by, ...body, to: await postOf(db, own, body.to) }
            : { kind: 'monitor', by, ...body };
        return { body: await controlOf(desk, db, own, callId, command) };
      },
    }),
  ];
}

/** @param by - who wants it */
export function recordCommand(body: z.output<typeof recording>, by: string): RecordCommand {
  if (body.action !== 'pause') return { kind: 'record', by, action: body.action };
  return { kind: 'record', by, action: 'pause', maxMs: body.seconds * SECOND_MS };
}

/** Whose phone it is that is to be rung. @throws AppError for what there is not, or may not be rung by who asks */
async function postOf(
  db: Queryable,
  own: string | undefined,
  { kind, id: named }: { readonly kind: 'agent' | 'target'; readonly id: string },
): Promise<{ readonly kind: 'agent' | 'target'; readonly id: string; readonly buyerId: string }> {
  if (kind === 'target') {
    const target = await findTestedTarget(db, named, own);
    if (!target || target.status !== 'active') throw noSuchPlace();
    if (target.kind === 'pstn' && own !== undefined) {
      // Its carrier is paid by the exchange.
      throw mistake(
        'forbidden',
        '/to/id',
        'operator_only',
        'telephone numbers are rung for people of the exchange',
      );
    }
    return { kind, id: named, buyerId: target.buyerId };
  }
  const { rows } = await db.query<{ buyerId: string }>(
    `select a.buyer_id as "buyerId" from agents a join buyers b on b.id = a.buyer_id
      where a.id = $1 and a.status = 'active' and ($2::text is null or b.account_id = $2)`,
    [named, own ?? null],
  );
  const [agent] = rows;
  if (!agent) throw noSuchPlace();
  return { kind, id: named, buyerId: agent.buyerId };
}

function noSuchPlace(): AppError {
  const message = 'there is no such agent or target that is in service';
  return mistake('unprocessable', '/to', 'no_such_place', message);
}

function mistake(
  kind: 'unprocessable' | 'forbidden',
  pointer: string,
  code: string,
  message: string,
): AppError {
  return new AppError(kind, code, message, { errors: [{ in: 'body', pointer, message }] });
}
