import { z } from 'zod';
import type { CallState, E164 } from '../../domain';
import { AppError, CALL_STATES } from '../../domain';
import type { Queryable } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id, phoneNumber, printable, text } from '../schemas';

const SOUNDS = ['hold', 'ringback', 'tone'] as const;
const SECOND_MS = 1_000;
const MAX_SOUND_S = 60;

/** What is to be done to a call. */
export type ControlCommand =
  | { readonly kind: 'hangup'; readonly detail: string }
  | { readonly kind: 'hold' | 'unhold' }
  | RecordCommand
  | MonitorCommand
  | { readonly kind: 'transfer'; readonly to: ControlTarget }
  | {
      readonly kind: 'play';
      readonly sound: (typeof SOUNDS)[number];
      readonly to: 'caller' | 'buyer' | 'both';
      readonly durationMs: number;
    };
/** `by` names who wants it. */
export type RecordCommand = { readonly kind: 'record'; readonly by: string } & (
  | { readonly action: 'start' | 'resume' | 'stop' }
  /** It resumes by itself after so many milliseconds. */
  | { readonly action: 'pause'; readonly maxMs: number }
);
export const MONITOR_MODES = ['listen', 'whisper', 'barge'] as const;
export type MonitorMode = (typeof MONITOR_MODES)[number];
/** Whose people they are who listen in, and what they are called. */
export interface Listener {
  readonly accountId: string;
  readonly name: string;
}
export type MonitorCommand = { readonly kind: 'monitor'; readonly by: Listener } & (
  | {
      readonly action: 'start';
      readonly mode: MonitorMode;
      readonly to: { readonly kind: 'agent' | 'target'; readonly id: string; readonly buyerId: string };
    }
  | { readonly action: 'change'; readonly mode: MonitorMode }
  | { readonly action: 'stop' }
);
export type ControlTarget =
  | { readonly kind: 'target' | 'agent' | 'team'; readonly id: string }
  | { readonly kind: 'number'; readonly number: E164 }
  | { readonly kind: 'address'; readonly uri: string };

/** A call that is up, and who has it. */
export interface LiveCallView {
  readonly callId: string;
  readonly nodeId: string;
  readonly state: CallState;
  /** UTC epoch milliseconds. */
  readonly receivedAt: number;
  readonly answeredAt?: number | undefined;
  readonly target?: { readonly targetId: string; readonly buyerId: string } | undefined;
  readonly agentId?: string | undefined;
  readonly held: boolean;
  readonly recording: LiveRecordingView;
  /** Who listens in, or is rung for it. */
  readonly monitoring?:
    { readonly mode: MonitorMode; readonly state: 'ringing' | 'on'; readonly by: Listener } | undefined;
  /** What its media engine can do to it. */
  readonly can: readonly ('record' | 'monitor')[];
}

export interface LiveRecordingView {
  readonly state: 'off' | 'on' | 'paused';
  /** When a pause ends by itself, UTC epoch milliseconds. */
  readonly resumesAt?: number | undefined;
}

/** `silent`: some node did not answer in time, which may have it. `unreachable`: no other node can be asked. */
export type ControlAnswer =
  | { readonly kind: 'done'; readonly call: LiveCallView }
  | {
      readonly kind: 'refused';
      readonly refusal: string;
      /** What is to be said of it where its code does not say all: a citation, whose setting it is. */
      readonly detail?: string | undefined;
      readonly call: LiveCallView;
    }
  | { readonly kind: 'not_live' | 'silent' | 'unreachable' };

/** Calls that are up, on whichever node. */
export interface CallControlDesk {
  /** @param buyerIds - whose calls alone it may be, answered ones; undefined: anybody's */
  control(callId: string, command: ControlCommand, buyerIds?: readonly string[]): Promise<ControlAnswer>;
  /** A call as the node tells it that has it; undefined: it is not up, or nobody could say so in time. */
  look(callId: string): Promise<LiveCallView | undefined>;
  /** The newest; of nodes that did not answer there are none. `silentNodes` is null where none could be asked. */
  list(limit: number): Promise<{
    readonly items: readonly LiveCallView[];
    readonly more: boolean;
    readonly silentNodes: number | null;
  }>;
}

/** What each refusal of the switch means to people. */
const REFUSALS: Readonly<Record<string, string>> = {
  not_answered: 'nobody has answered the call yet',
  in_transfer: 'the call is being handed on',
  in_consultation: 'the agent of the call is asking somebody',
  held: 'the call is on hold: resume it first',
  held_by_phone: 'the phone of the buyer has the call on hold',
  has_the_call: 'the call is there already',
  too_many_transfers: 'the call was handed on too often',
  recording_refused: 'the call may not be recorded',
  not_recorded: 'the call is not being recorded',
  needs_consent: 'the law wants everybody to be told first',
  monitored: 'somebody listens to the call already',
  not_monitored: 'nobody of yours listens to the call',
  supervisor_unreachable: 'who is to listen is on a call, or has no phone that can be rung',
};
/** What is wrong with whom a call is to be handed to. */
const PLACES: Readonly<Record<string, string>> = {
  no_such_place: 'there is no such target, agent or team of the buyer, or it is not in service',
  place_of_others: 'a call is handed on within its buyer: this is none of its targets',
};

export const liveRecording = z.object({
  state: z.enum(['off', 'on', 'paused']),
  resumesAt: z.number().int().nullable().describe('When a pause ends by itself, UTC epoch milliseconds'),
});

export const controlled = z.object({
  callId: id,
  nodeId: z.string().describe('The node that has it'),
  state: z.enum(CALL_STATES),
  held: z.boolean(),
  targetId: z.string().nullable(),
  agentId: z.string().nullable(),
  recording: liveRecording,
});
const params = z.strictObject({ id });
const nothing = z.strictObject({}).default({});
const reason = text.optional().describe('Why, for the record');

const transferTo = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('target'), id }),
  z.strictObject({ kind: z.literal('agent'), id }),
  z.strictObject({ kind: z.literal('team'), id }),
  z.strictObject({ kind: z.literal('number'), number: phoneNumber }),
  z.strictObject({
    kind: z.literal('address'),
    uri: printable(z.string().min(1).max(512)).describe('SIP address of one of the buyer’s targets'),
  }),
]);

/** Calls that are up, on whichever node of the exchange. Buyers may end and hold what they answered. */
export function callControlRoutes(desk: CallControlDesk): Route[] {
  const shared = {
    method: 'post',
    tag: 'calls',
    scope: 'calls:write',
    // What happens to the call is no part of a transaction.
    audited: 'apart',
    idempotent: true,
    problems: [409, 504],
    params,
    reply: controlled,
  } as const;
  return [
    route({
      ...shared,
      path: '/calls/:id/hangup',
      operationId: 'hangUp',
      summary: 'Hang up: both sides are disconnected, and what was connected is billed',
      tenants: ['buyer'],
      body: z.strictObject({ reason }).default({}),
      handle: async ({ db, own, params: { id: callId }, body, caller }) => {
        const who = own === undefined ? `hung up by ${caller.accountId}` : 'hung up by its buyer';
        const detail = body.reason === undefined ? who : `${who}: ${body.reason}`;
        return { body: await controlOf(desk, db, own, callId, { kind: 'hangup', detail }) };
      },
    }),
    route({
      ...shared,
      path: '/calls/:id/hold',
      operationId: 'holdCall',
      summary: 'Put it on hold: both sides hear music, and the call is billed on',
      tenants: ['buyer'],
      body: nothing,
      handle: async ({ db, own, params: { id: callId } }) => ({
        body: await controlOf(desk, db, own, callId, { kind: 'hold' }),
      }),
    }),
    route({
      ...shared,
      path: '/calls/:id/unhold',
      operationId: 'resumeCall',
      summary: 'Let both sides hear each other again',
      tenants: ['buyer'],
      body: nothing,
      handle: async ({ db, own, params: { id: callId } }) => ({
        body: await controlOf(desk, db, own, callId, { kind: 'unhold' }),
      }),
    }),
    route({
      ...shared,
      path: '/calls/:id/transfer',
      operationId: 'transferCall',
      summary: 'Hand it on within its buyer, as who has it might; it stays one sale',
      status: 202,
      body: z.strictObject({ to: transferTo }),
      handle: async ({ db, own, params: { id: callId }, body: { to } }) => ({
        body: await controlOf(desk, db, own, callId, { kind: 'transfer', to }),
      }),
    }),
    route({
      ...shared,
      path: '/calls/:id/play',
      operationId: 'playToCall',
      summary: 'Let one side or both hear a sound for a while, in place of each other',
      problems: [409, 501, 504],
      body: z.strictObject({
        sound: z.enum(SOUNDS),
        to: z.enum(['caller', 'buyer', 'both']).default('both'),
        seconds: z.number().int().min(1).max(MAX_SOUND_S).default(5),
      }),
      handle: async ({ db, own, params: { id: callId }, body: { sound, to, seconds } }) => ({
        body: await controlOf(desk, db, own, callId, {
          ...{ kind: 'play', sound, to },
          durationMs: seconds * SECOND_MS,
        }),
      }),
    }),
  ];
}

/** @throws AppError `not_found` when it is not up, or none of theirs; `conflict` in the wrong state */
export async function controlOf(
  desk: Pick<CallControlDesk, 'control'>,
  db: Queryable,
  own: string | undefined,
  callId: string,
  command: ControlCommand,
): Promise<z.input<typeof controlled>> {
  const buyerIds = own === undefined ? undefined : await buyersOf(db, own);
  const { nodeId, state, held, target, agentId, recording } = await commandCall(
    desk,
    callId,
    command,
    buyerIds,
  );
  return {
    ...{ callId, nodeId, state, held },
    targetId: target?.targetId ?? null,
    agentId: agentId ?? null,
    recording: shownRecording(recording),
  };
}

/**
 * @param buyerIds - whose calls alone it may be; undefined: anybody's
 * @returns the call as it stands then
 * @throws AppError as {@link controlOf}
 */
export async function commandCall(
  desk: Pick<CallControlDesk, 'control'>,
  callId: string,
  command: ControlCommand,
  buyerIds: readonly string[] | undefined,
): Promise<LiveCallView> {
  const answer = await desk.control(callId, command, buyerIds);
  switch (answer.kind) {
    case 'done':
      return answer.call;
    case 'refused':
      throw refusalOf(answer.refusal, answer.detail);
    case 'not_live':
      throw new AppError('not_found', 'call_not_live', `no call ${callId} is up`);
    case 'silent':
      throw new AppError(
        'timeout',
        'node_silent',
        'the call may be on a node that does not answer: try again',
      );
    case 'unreachable':
      throw new AppError(
        'unavailable',
        'nodes_unreachable',
        'it is not here, and no other node can be asked',
      );
  }
}

export function shownRecording({ state, resumesAt }: LiveRecordingView): z.input<typeof liveRecording> {
  return { state, resumesAt: resumesAt ?? null };
}

function refusalOf(refusal: string, detail: string | undefined): AppError {
  const place = PLACES[refusal];
  if (place !== undefined) {
    return new AppError('unprocessable', refusal, place, {
      errors: [{ in: 'body', pointer: '/to', message: place }],
    });
  }
  if (refusal === 'media_cannot') {
    return new AppError('not_implemented', 'media_cannot', 'the media engine of the exchange cannot do that');
  }
  return new AppError(
    'conflict',
    `call_${refusal}`,
    detail ?? REFUSALS[refusal] ?? 'not in the state that the call is in',
  );
}

async function buyersOf(db: Queryable, accountId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>('select id from buyers where account_id = $1', [accountId]);
  return rows.map((row) => row.id);
}
