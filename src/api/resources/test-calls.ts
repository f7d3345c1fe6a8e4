import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { CallAttempt, Decision, E164, Principal, TestCallStanding } from '../../domain';
import { AppError, notFound, TEST_CALL_OUTCOMES, TEST_CALL_STATES } from '../../domain';
import type { NewTestCall, Queryable, TestCallRow } from '../../storage';
import {
  addTestCall,
  asExchange,
  askToEndTestCall,
  findTestedTarget,
  getTestCall,
  listTestCalls,
  saveTestCall,
} from '../../storage';
import { pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, listOf, page, phoneNumber } from '../schemas';
import type { DryRunDesk } from './decisions';

const SECOND_MS = 1_000;
const MAX_TALK_S = 60;
const MAX_RING_S = 60;
/** Of targets that say nothing themselves. */
const RING_MS = 30_000;
/** A plan may name hundreds: nobody waits for them all. */
const MAX_RUNG = 10;

/** A target that is rung. */
export interface TestedPlace {
  readonly targetId: string;
  readonly buyerId: string;
  readonly uri: string;
  readonly skills?: readonly string[] | undefined;
  readonly ringTimeoutMs: number;
}

/** Makes test calls on this node, and writes down how they stand. */
export interface TestCallDesk {
  readonly nodeId: string;
  /** @throws AppError `unavailable` while the node goes down, `not_implemented` without audio of its own */
  assertReady(): void;
  /** Begins to ring for what was written down. */
  start(order: {
    readonly id: string;
    readonly plan: readonly TestedPlace[];
    readonly from?: E164 | undefined;
    /** Milliseconds for which it rings in all. */
    readonly ringMs: number;
    /** Milliseconds after which it hangs up on whoever answered. */
    readonly talkMs: number;
  }): void;
  /** Without effect for one that is not up on this node. */
  hangUp(id: string, detail: string): void;
}

const milliseconds = instant.nullable();

const testCall = z.object({
  id: z.string(),
  targetId: z.string().nullable().describe('Null of a test of a number'),
  number: z.string().nullable(),
  state: z.enum(TEST_CALL_STATES).describe('queued, calling (the INVITE is sent), ringing, answered, ended'),
  outcome: z.enum(TEST_CALL_OUTCOMES).nullable().describe('Null until it is over'),
  sipStatus: z.number().int().describe('Final status of whoever was rung last; 0 where none came'),
  detail: z.string(),
  createdAt: instant.describe('UTC epoch milliseconds, here and below'),
  calledAt: milliseconds.describe('The first INVITE was sent'),
  ringingAt: milliseconds.describe('The first 18x came'),
  answeredAt: milliseconds,
  endedAt: milliseconds,
  attempts: z
    .array(
      z.object({
        targetId: z.string(),
        startedAt: instant,
        durationMs: z.number().int(),
        outcome: z.enum(TEST_CALL_OUTCOMES),
        sipStatus: z.number().int(),
        agentId: z.string().optional(),
      }),
    )
    .describe('Whom it rang, one after the other'),
  audio: z
    .object({
      codec: z.string().nullable(),
      packetsReceived: z.number().int().describe('0: it answered, and nothing was heard of it'),
      packetsSent: z.number().int(),
      packetsLost: z.number().int(),
      jitterMs: z.number(),
      lossPercent: z.number().optional(),
      mos: z.number().optional().describe('Opinion score 1 … 4.5 of what was heard (ITU-T G.107)'),
    })
    .nullable()
    .describe('Of whoever answered, once it is over'),
  ladder: z
    .array(
      z.object({
        at: z.number().int(),
        leg: z.string().describe('`ring-N` of whoever was rung'),
        way: z.enum(['in', 'out']).describe('Towards the exchange, or from it'),
        message: z.string().describe('Method or status code'),
        media: z.string().optional(),
        uri: z.string().optional(),
      }),
    )
    .describe('Its SIP messages, as the exchange saw them'),
});

const to = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('target'), id }).describe('Rings this target'),
  z
    .strictObject({
      kind: z.literal('number'),
      number: phoneNumber.describe('Of the exchange, as a caller would dial it'),
      trunkId: id.optional().describe('Over which it would come; absent: one of which nothing is known'),
    })
    .describe('Decides as of a call to the number, and rings whom the decision names'),
]);

const body = z.strictObject({
  to,
  from: phoneNumber
    .optional()
    .describe('The caller that is decided by, and that is shown to whoever is rung; absent: withheld'),
  ringSeconds: z
    .number()
    .int()
    .min(1)
    .max(MAX_RING_S)
    .default(30)
    .describe('For which it rings in all; each target no longer than it says itself'),
  talkSeconds: z
    .number()
    .int()
    .min(1)
    .max(MAX_TALK_S)
    .default(10)
    .describe('After which it hangs up on whoever answered, who hears a tone until then'),
});

/** Calls of the exchange's own that prove that a target answers. Nothing is sold, billed or counted of them. */
export function testCallRoutes(desk: TestCallDesk, dryRun: DryRunDesk): Route[] {
  const shared = { tag: 'calls', tenants: ['buyer'] } as const;
  return [
    route({
      ...shared,
      method: 'post',
      path: '/test-calls',
      operationId: 'placeTestCall',
      summary: 'Ring a target, or whom a number leads to, without a caller, a sale or a bill',
      scope: 'calls:write',
      body,
      reply: testCall,
      status: 202,
      idempotent: true,
      problems: [422, 501],
      handle: async ({ db, own, caller, body: wanted, committed }) => {
        desk.assertReady();
        const callId = `test-${randomUUID()}`;
        const { from, ringSeconds, talkSeconds } = wanted;
        const found = await plannedFor(db, own, caller, wanted, dryRun);
        const call: NewTestCall = {
          ...{ id: callId, nodeId: desk.nodeId, accountId: found.accountId },
          targetId: wanted.to.kind === 'target' ? wanted.to.id : null,
          number: wanted.to.kind === 'number' ? wanted.to.number : null,
        };
        // It lies in a table that tenants may not write, as they may not have anybody rung by it.
        const made = await asExchange(db, (all) => addTestCall(all, call));
        const location = `/test-calls/${callId}`;
        if (!found.ok) {
          const over = rejected(found.detail, made.createdAt);
          await saveTestCall(db, callId, over);
          return { body: shown({ ...made, ...over }), location };
        }
        const { plan } = found;
        const times = { ringMs: ringSeconds * SECOND_MS, talkMs: talkSeconds * SECOND_MS };
        committed(() => desk.start({ id: callId, plan, ...times, ...(from === undefined ? {} : { from }) }));
        return { body: shown(made), location };
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/test-calls',
      operationId: 'listTestCalls',
      summary: 'Test calls of the last ninety days, newest first',
      scope: 'calls:read',
      query: page.extend({ targetId: id.optional() }),
      reply: listOf(testCall),
      handle: async ({ db, own, query: { limit, cursor, targetId } }) => {
        const at = readCursor(cursor, z.tuple([z.number().int(), id]));
        const after = at && { createdAt: at[0], id: at[1] };
        const rows = await listTestCalls(db, { ofAccount: own, targetId, after, limit: limit + 1 });
        return { body: pageOf(rows, limit, shown, (last) => [last.createdAt, last.id]) };
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/test-calls/:id',
      operationId: 'getTestCall',
      summary: 'How a test call stands, on whichever node',
      scope: 'calls:read',
      params: z.strictObject({ id }),
      reply: testCall,
      handle: async ({ db, own, params }) => ({ body: shown(await found(db, params.id, own)) }),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/test-calls/:id/hangup',
      operationId: 'hangUpTestCall',
      summary: 'Give a test call up: within a second, on whichever node it is',
      scope: 'calls:write',
      params: z.strictObject({ id }),
      body: z.strictObject({}),
      reply: testCall,
      status: 202,
      idempotent: true,
      handle: async ({ db, own, params, committed }) => {
        const call = await found(db, params.id, own);
        await asExchange(db, (all) => askToEndTestCall(all, call.id));
        committed(() => desk.hangUp(call.id, 'ended by request'));
        return { body: shown(call) };
      },
    }),
  ];
}

/** Whom it rings, and whose that is; or why nobody. */
type Planned = { readonly accountId: string | null } & (
  | { readonly ok: true; readonly plan: readonly TestedPlace[] }
  | { readonly ok: false; readonly detail: string }
);

/** @throws AppError for what may not be rung by who asks */
async function plannedFor(
  db: Queryable,
  own: string | undefined,
  caller: Principal,
  { to: where, from }: z.output<typeof body>,
  dryRun: DryRunDesk,
): Promise<Planned> {
  if (own !== undefined && from !== undefined) {
    // Nobody has a telephone rung in the name of a number that is not theirs (47 CFR § 64.1604).
    throw mistake('forbidden', '/from', 'caller_not_yours', `a ${caller.role} may not say who calls`);
  }
  if (where.kind === 'target') return targetPlan(db, own, where.id);
  if (own !== undefined) {
    throw mistake('forbidden', '/to/kind', 'operator_only', 'numbers are tested by people of the exchange');
  }
  return numberPlan(dryRun, where.number, where.trunkId, from);
}

async function targetPlan(db: Queryable, own: string | undefined, targetId: string): Promise<Planned> {
  const target = await findTestedTarget(db, targetId, own);
  if (!target) throw mistake('unprocessable', '/to/id', 'target_not_found', `there is no target ${targetId}`);
  const { kind, status, accountId, buyerId, uri, ringTimeoutMs } = target;
  if (status === 'archived')
    throw mistake('unprocessable', '/to/id', 'target_archived', 'the target is archived');
  if (kind === 'pstn' && own !== undefined) {
    // Its carrier is paid by the exchange.
    throw mistake(
      'forbidden',
      '/to/id',
      'operator_only',
      'telephone numbers are rung for people of the exchange',
    );
  }
  return { ok: true, accountId, plan: [{ targetId, buyerId, uri, ringTimeoutMs: ringTimeoutMs ?? RING_MS }] };
}

async function numberPlan(
  dryRun: DryRunDesk,
  number: E164,
  trunkId: string | undefined,
  from: E164 | undefined,
): Promise<Planned> {
  const origin = trunkId === undefined ? 'unknown' : dryRun.originOf(trunkId);
  if (origin === undefined) {
    throw mistake('unprocessable', '/to/trunkId', 'trunk_not_found', 'there is no such trunk');
  }
  const at = dryRun.now();
  const attempt: CallAttempt = {
    ...{ callId: 'test-call', receivedAt: at, from, to: number, trunkId: trunkId ?? 'test-call', origin },
    ...{ claimedOrigin: undefined, attestation: undefined, verstat: 'none', reservation: undefined },
    ...{ forwardedBy: [], tags: {} },
  };
  const decision = (await dryRun.run(attempt, at, [])).decision as Decision;
  if (!decision.ok) return { ok: false, accountId: null, detail: `${decision.reason}: ${decision.detail}` };
  return { ok: true, accountId: null, plan: decision.plan.slice(0, MAX_RUNG) };
}

/** @throws AppError `not_found` also for what is another's */
async function found(db: Queryable, callId: string, own: string | undefined): Promise<TestCallRow> {
  const call = await getTestCall(db, callId, own);
  if (!call) throw notFound('test call', callId);
  return call;
}

/** Of one that rings nobody. */
function rejected(detail: string, at: number): TestCallStanding {
  return {
    ...{ state: 'ended', outcome: 'rejected', sipStatus: 0, detail: detail.slice(0, 500) },
    ...{ calledAt: null, ringingAt: null, answeredAt: null, endedAt: at },
    ...{ attempts: [], audio: null, ladder: [] },
  };
}

function shown({ accountId: _accountId, ...call }: TestCallRow): z.input<typeof testCall> {
  return { ...call, attempts: [...call.attempts], ladder: [...call.ladder] };
}

function mistake(
  kind: 'unprocessable' | 'forbidden',
  pointer: string,
  code: string,
  message: string,
): AppError {
  return new AppError(kind, code, message, { errors: [{ in: 'body', pointer, message }] });
}
