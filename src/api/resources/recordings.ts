import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError, defined, notFound, RECORDING_KINDS, RECORDING_STATES } from '../../domain';
import type { Queryable, SealedRow } from '../../storage';
import {
  asExchange,
  eraseRecording,
  getRecording,
  getSealed,
  holdRecording,
  listRecordings,
} from '../../storage';
import { readRange } from '../byte-range';
import { pageOf, readCursor } from '../cursor';
import { beginStream } from '../middleware/request-context';
import { sendProblem } from '../problem';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, listOf, page, queryInstant, text } from '../schemas';
import { drained } from '../send-file';

/** A recording as a WAV file, of which any part can be had. */
export interface WavFile {
  /** Octets. */
  readonly size: number;
  read(from: number, to: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** What opens recordings that are kept. */
export interface RecordingLibrary {
  /** @throws AppError `unavailable` where its audio cannot be reached, or is not as it was sealed */
  openWav(row: SealedRow): Promise<WavFile>;
}

const epoch = instant.describe('UTC epoch milliseconds');
const ms = z.number().int();

const party = z
  .object({
    states: z.array(z.string()).readonly().describe('States that it may be in'),
    by: z.string().describe('What told them'),
  })
  .describe('A party, as far as the law on recording asks');

/** As a party hears of it. */
const seen = z.object({
  id,
  callId: z.string(),
  kind: z.enum(RECORDING_KINDS).describe('`voicemail`: what a caller left as a message'),
  state: z.enum(RECORDING_STATES),
  campaignId: z.string().nullable(),
  sellerId: z.string().nullable(),
  buyerId: z.string().nullable(),
  targetId: z.string().nullable(),
  startedAt: epoch,
  durationMs: ms.nullable().describe('Of the audio; null until it is kept'),
  pausedMs: ms.nullable().describe('Of it, silence in place of what was paused'),
  lostMsCaller: ms.nullable().describe('Of it, silence in place of what was lost of the caller'),
  lostMsOther: ms.nullable().describe('The same of whom the caller speaks with'),
  bytes: z.number().int().nullable().describe('Octets of audio'),
  sha256: z.string().nullable().describe('SHA-256 of these: what is behind the header of the WAV file'),
  lost: z.string().nullable().describe('Why it is not all of the conversation, or why there is none'),
  encoding: z.enum(['PCMU', 'PCMA']).describe('G.711, 8,000 samples a second, two channels'),
  eraseAfter: epoch,
  legalHold: z.boolean().describe('It is needed for a claim: nothing erases it'),
  erasedAt: epoch.nullable(),
  version: z.number().int(),
});

/** As the exchange has it. */
const recording = seen.extend({
  nodeId: z.string().describe('The node that made it'),
  consent: z
    .object({
      needs: z.enum(['all_party', 'one_party']).describe('Whose consent the law of those states asks for'),
      citation: z.string().describe('The rule that decided'),
      announcedAt: epoch.nullable().describe('When the caller was told; null: not'),
      caller: party,
      other: party.nullable().describe('Null of a message'),
    })
    .describe('On what it rests'),
  keyId: z.string().nullable().describe('The key that wraps the one of its audio'),
  store: z.enum(['disk', 's3']).nullable(),
  holdReason: z.string().nullable(),
  eraseReason: z.string().nullable(),
});

const waveform = z
  .object({
    stepMs: z.number().int().describe('Milliseconds that each figure is of'),
    caller: z.array(z.number().int()).readonly().describe('Greatest amplitude of each step, 0 … 255'),
    other: z.array(z.number().int()).readonly(),
  })
  .nullable()
  .describe('How loud it is, over its time');

const AUDIO = 'audio/wav';

/** Recordings of calls: who hears them, and how they go. */
export function recordingRoutes(library: RecordingLibrary | undefined): Route[] {
  const shared = { tag: 'recordings' } as const;
  const heard = { ...shared, tenants: ['buyer', 'seller'] } as const;
  const params = z.strictObject({ id });
  return [
    route({
      ...heard,
      method: 'get',
      path: '/recordings',
      operationId: 'listRecordings',
      summary: 'Recordings, newest first; parties see those that they may listen to',
      scope: 'recordings:read',
      query: page.extend({
        callId: id.optional(),
        campaignId: id.optional(),
        buyerId: id.optional(),
        kind: z.enum(RECORDING_KINDS).optional(),
        state: z.enum(RECORDING_STATES).optional(),
        fromTime: queryInstant.optional().describe('When it began: UTC epoch milliseconds, inclusive'),
        toTime: queryInstant.optional().describe('The same, exclusive'),
      }),
      reply: listOf(z.union([recording, seen])),
      handle: async ({ db, own, query: { limit, cursor, ...filters } }) => {
        const at = readCursor(cursor, z.tuple([z.number().int(), id]));
        const after = at && { startedAt: at[0], id: at[1] };
        const rows = await listRecordings(db, { ...defined(filters), own, after, limit: limit + 1 });
        return {
          body: pageOf(
            rows,
            limit,
            (row) => row as never,
            (last) => [last.startedAt, last.id],
          ),
        };
      },
    }),
    route({
      ...heard,
      method: 'get',
      path: '/recordings/:id',
      operationId: 'getRecording',
      summary: 'One recording, with how loud it is over its time',
      scope: 'recordings:read',
      params,
      reply: z.union([recording.extend({ waveform }), seen.extend({ waveform })]),
      handle: async ({ db, own, params: { id: wanted } }) => {
        const row = await found(db, wanted, own);
        return { body: row as never, etag: row.version };
      },
    }),
    route({
      ...heard,
      method: 'get',
      path: '/recordings/:id/audio',
      operationId: 'listenToRecording',
      summary: 'The audio as a WAV file of G.711, or a part of it (`Range`); every listen is written down',
      scope: 'recordings:listen',
      audited: 'apart',
      params,
      reply: z.unknown(),
      streams: true,
      produces: AUDIO,
      problems: [409],
      handle: async ({ db, own, params: { id: wanted }, request, response, committed, audit }) => {
        const row = await found(db, wanted, own);
        audit.about('recordings', wanted);
        // Its key lies where tenants see nothing; that this one may hear it was asked above.
        const sealed = await asExchange(db, (all) => getSealed(all, wanted));
        if (!sealed) throw noAudio(row.state);
        if (!library) throw new AppError('unavailable', 'no_recordings', 'this node reaches no recordings');
        const wav = await library.openWav(sealed);
        const send = await answerOf(wav, tagOf(sealed), wanted, request, response);
        // It is written down first, and heard then.
        committed(() => void send());
        return { body: undefined };
      },
    }),
    route({
      ...shared,
      method: 'patch',
      path: '/recordings/:id',
      operationId: 'holdRecording',
      summary: 'Keep a recording for a claim, or no more',
      scope: 'recordings:write',
      conditional: true,
      params,
      body: z.discriminatedUnion('legalHold', [
        z.strictObject({ legalHold: z.literal(true), reason: text.describe('For which claim') }),
        z.strictObject({ legalHold: z.literal(false), reason: text.optional() }),
      ]),
      reply: recording.extend({ waveform }),
      problems: [409],
      handle: async ({ db, params: { id: wanted }, body, ifMatch, audit }) => {
        const before = await found(db, wanted, undefined);
        ifMatch?.check(before.version);
        if (!(await holdRecording(db, wanted, body.legalHold ? body.reason : undefined))) {
          throw noAudio(before.state);
        }
        audit.changed({ legalHold: before.legalHold }, { legalHold: body.legalHold });
        const row = await found(db, wanted, undefined);
        return { body: row as never, etag: row.version };
      },
    }),
    route({
      ...shared,
      method: 'delete',
      path: '/recordings/:id',
      operationId: 'eraseRecording',
      summary: 'Erase a recording: its key goes at once, its file within a minute',
      scope: 'recordings:write',
      conditional: true,
      params,
      query: z.strictObject({ reason: text.describe('Why: it is kept in its place') }),
      reply: z.unknown(),
      status: 204,
      problems: [409],
      handle: async ({ db, params: { id: wanted }, query: { reason }, ifMatch, audit }) => {
        const { version } = await found(db, wanted, undefined);
        ifMatch?.check(version);
        audit.because(reason);
        await eraseRecording(db, wanted, reason);
        return { body: undefined };
      },
    }),
  ];
}

type Found = NonNullable<Awaited<ReturnType<typeof getRecording>>>;

/** @throws AppError `not_found`, also for what is another's */
async function found(db: Queryable, wanted: string, own: string | undefined): Promise<Found> {
  const row = await getRecording(db, wanted, own);
  if (!row) throw notFound('recording', wanted);
  return row;
}

function noAudio(state: Found['state']): AppError {
  return state === 'recording'
    ? new AppError('conflict', 'recording_not_over', 'it is being made')
    : new AppError('not_found', 'recording_has_no_audio', `there is no audio: it is ${state}`);
}

/** The audio never changes, whatever else does. */
function tagOf({ sha256 }: SealedRow): string {
  return `"${sha256.slice(0, 32)}"`;
}

/**
 * Writes the head of the answer, as `Range`, `If-Range` and `If-None-Match` ask, once the first octets are there:
 * what cannot be read is a problem, not half a file.
 * @returns what sends the rest, no faster than the client takes it; never rejects
 */
async function answerOf(
  wav: WavFile,
  tag: string,
  name: string,
  request: Request,
  response: Response,
): Promise<() => Promise<void>> {
  const unasked = request.get('If-Range') !== undefined && request.get('If-Range') !== tag;
  const range = unasked ? undefined : readRange(request.get('Range'), wav.size);
  const done = async (): Promise<void> => void (await wav.close());
  // It was answered for taking too long; so below.
  if (response.headersSent) return done;
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Cache-Control', 'private, no-cache');
  if (
    request
      .get('If-None-Match')
      ?.split(',')
      .some((one) => one.trim() === tag)
  ) {
    response.status(304).setHeader('ETag', tag);
    return async () => {
      response.end();
      await done();
    };
  }
  if (range === 'none') {
    await done();
    response.setHeader('Content-Range', `bytes */${wav.size}`);
    sendProblem(response, 416, 'range_not_satisfiable', `the file has ${wav.size} octets`);
    return () => Promise.resolve();
  }
  const { from, to } = range ?? { from: 0, to: wav.size };
  const octets = wav.read(from, to)[Symbol.asyncIterator]();
  const first = await octets.next().catch(async (error: unknown) => {
    await done();
    throw error;
  });
  if (response.headersSent) return done;
  response.setHeader('ETag', tag);
  response.setHeader('Content-Type', AUDIO);
  response.setHeader('Content-Disposition', `inline; filename="${name}.wav"`);
  response.setHeader('Content-Length', to - from);
  if (range) response.setHeader('Content-Range', `bytes ${from}-${to - 1}/${wav.size}`);
  response.status(range ? 206 : 200);
  beginStream(response);
  return async () => {
    try {
      for (let piece = first; piece.done !== true; piece = await octets.next()) {
        if (response.destroyed) break;
        if (request.method !== 'HEAD' && !response.write(piece.value)) {
          await drained(response);
        }
      }
      response.end();
    } catch {
      // Half a file is never to be taken for a whole one.
      response.destroy();
    } finally {
      await octets.return?.();
      await done();
    }
  };
}
