import fc from 'fast-check';
import type { Decision } from '../../../src/domain';
import { CallSession } from '../../../src/signaling/call-session';
import {
  ATTEMPT,
  CountingMedia,
  deskOf,
  Journal,
  MemoryAgents,
  MemoryCaps,
  MemoryFunds,
  ringTarget,
  ScriptedInvite,
  ScriptedStack,
  TRUNK,
  PLAIN_CALLS,
} from './fakes';
import type { Act, Play } from './play';
import { play } from './play';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const act = fc.oneof(
  fc.record({ kind: fc.constant('answer' as const), after: fc.integer({ min: 0, max: 1_200 }) }),
  fc.record({
    kind: fc.constant('fail' as const),
    after: fc.integer({ min: 0, max: 1_200 }),
    status: fc.constantFrom(0, 302, 404, 408, 480, 486, 487, 488, 500, 503, 600, 603),
  }),
  fc.constant({ kind: 'silent' as const }),
  fc.record({
    kind: fc.constant('early' as const),
    after: fc.integer({ min: 0, max: 600 }),
    answerAfter: fc.integer({ min: 0, max: 900 }),
  }),
);

const teamAct: fc.Arbitrary<Act> = fc.record({
  kind: fc.constant('team' as const),
  team: fc.record({
    agents: fc.array(
      fc.record({
        phones: fc.integer({ min: 0, max: 2 }),
        freeAfter: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_500 })),
      }),
      { maxLength: 3 },
    ),
    ringMs: fc.option(fc.integer({ min: 50, max: 800 }), { nil: undefined }),
    maxWaitMs: fc.option(fc.integer({ min: 0, max: 1_500 }), { nil: undefined }),
  }),
  phones: fc.array(act, { minLength: 1, maxLength: 6 }),
});

const script: fc.Arbitrary<Play> = fc.record({
  decideAfter: fc.option(fc.integer({ min: 0, max: 800 }), { nil: undefined }),
  takenBack: fc.option(fc.dictionary(fc.constantFrom('0', '1', '2', '3'), fc.integer({ min: 0, max: 300 })), {
    nil: undefined,
  }),
  wallets: fc.option(
    fc.dictionary(
      fc.constantFrom('0', '1', '2', '3'),
      fc.record({ covers: fc.boolean(), after: fc.integer({ min: 0, max: 300 }) }),
    ),
    { nil: undefined },
  ),
  sourceLimit: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
  buyers: fc.array(fc.oneof(act, teamAct), { minLength: 1, maxLength: 4 }),
  cancelAt: fc.option(fc.oneof(fc.integer({ min: -1, max: 200 }), fc.integer({ min: 0, max: 4_000 })), {
    nil: undefined,
  }),
  whenBridged: fc.option(
    fc.constantFrom('cancel' as const, 'buyer hangs up' as const, 'media is gone' as const),
    { nil: undefined },
  ),
  hangup: fc.record({
    by: fc.constantFrom('caller' as const, 'buyer' as const, 'admin' as const, 'media' as const),
    after: fc.integer({ min: 0, max: 2_000 }),
  }),
});

test('whatever buyers and caller do, a call ends exactly once and holds nothing afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (scripted) => {
      const { journal, media, caps, funds, agents, bugs, stack, invite, finished } = await play(scripted);
      expect(bugs).toEqual([]);
      expect(finished).toBe(1);
      expect(journal.ended_).toHaveLength(1);
      expect(journal.events.filter((event) => event.type === 'call.ended')).toHaveLength(1);
      expect(invite.finals).toHaveLength(1);
      expect(media.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
      expect([...caps.held.values()].every((count) => count === 0)).toBe(true);
      const settled = [...funds.states.values()].filter((state) => state !== 'released');
      const wallet = scripted.wallets?.[Number(journal.ended_[0]?.sale?.target.targetId.split('-')[1])];
      expect(settled).toEqual(wallet ? ['settled'] : []);
      expect(stack.dialogs.every((dialog) => dialog.ended)).toBe(true);
      const states = [...agents.states.values()];
      expect(states.filter((state) => state === 'ringing' || state === 'on_call')).toEqual([]);
      expect(agents.waiting).toBe(0);
      expect(invite.finals[0] !== 200 || invite.dialog.ended).toBe(true);
      expect(jest.getTimerCount()).toBe(0);
      const record = journal.ended_[0];
      expect(record?.state === 'completed').toBe(record?.answeredAt !== undefined);
      expect(record?.sale !== undefined).toBe(record?.state === 'completed');
      const agentId = record?.sale?.agentId;
      expect(agentId !== undefined).toBe(record?.sale?.target.kind === 'softphone');
      if (agentId !== undefined) expect(agents.states.get(agentId)).toBe('after_call');
    }),
    { numRuns: 300 },
  );
});

test('a caller who waits is never given up while a buyer would answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 4 }), async (buyers) => {
      const { journal } = await play({ buyers, cancelAt: undefined, hangup: { by: 'caller', after: 0 } });
      const answers = buyers.some(
        (buyer) =>
          (buyer.kind === 'answer' && buyer.after < 1_000) ||
          (buyer.kind === 'early' && buyer.after + buyer.answerAfter < 1_000),
      );
      if (answers) expect(journal.ended_[0]?.state).toBe('completed');
    }),
    { numRuns: 200 },
  );
});

test('the next target is rung as soon as the one before fails, and the attempts are written down', async () => {
  const { journal, stack } = await play({
    buyers: [{ kind: 'fail', after: 10, status: 486 }, { kind: 'silent' }, { kind: 'answer', after: 5 }],
    cancelAt: undefined,
    hangup: { by: 'buyer', after: 2_000 },
  });
  expect(stack.rung).toEqual(['sip:buyer-0', 'sip:buyer-1', 'sip:buyer-2']);
  expect(stack.abandoned).toEqual(['sip:buyer-1']);
  expect(journal.ended_[0]).toMatchObject({
    state: 'completed',
    reason: 'buyer_hangup',
    attempts: [
      { outcome: 'busy', sipStatus: 486 },
      { outcome: 'no_answer', sipStatus: 408 },
      { outcome: 'answered', sipStatus: 200 },
    ],
  });
});

test('a buyer that says nothing costs the caller the response timeout, one that said 100 its ring time', async () => {
  const { journal } = await play(
    {
      buyers: [{ kind: 'silent' }, { kind: 'trying', after: 10 }, { kind: 'answer', after: 5 }],
      cancelAt: undefined,
      hangup: { by: 'buyer', after: 100 },
    },
    { responseTimeoutMs: 400 },
  );
  const [silent, ringing] = journal.ended_[0]?.attempts ?? [];
  expect([silent?.outcome, ringing?.outcome]).toEqual(['unreachable', 'no_answer']);
  expect(silent?.durationMs).toBeLessThan(500);
  expect(ringing?.durationMs).toBeGreaterThanOrEqual(ringTarget(1, 1).ringTimeoutMs);
});

test('a target whose limit is reached is passed over without being rung', async () => {
  const { journal, stack } = await play(
    {
      buyers: [
        { kind: 'answer', after: 0 },
        { kind: 'answer', after: 0 },
      ],
      cancelAt: undefined,
      hangup: { by: 'caller', after: 0 },
    },
    { exhausted: [0] },
  );
  expect(stack.rung).toEqual(['sip:buyer-1']);
  expect(journal.ended_[0]?.attempts.map((attempt) => attempt.outcome)).toEqual(['cap_reached', 'answered']);
});

test('a target whose buyer has no money is passed over at once, and one that needs none is not asked for any', async () => {
  const { journal, stack, funds, caps } = await play({
    buyers: [
      { kind: 'answer', after: 0 },
      { kind: 'fail', after: 0, status: 486 },
      { kind: 'answer', after: 0 },
    ],
    wallets: { 0: { covers: false, after: 5 }, 1: { covers: true, after: 5 } },
    cancelAt: undefined,
    hangup: { by: 'caller', after: 0 },
  });
  expect(stack.rung).toEqual(['sip:buyer-1', 'sip:buyer-2']);
  expect(journal.ended_[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['no_funds', 'busy', 'answered']);
  expect(funds.asked).toEqual(['target-0', 'target-1']);
  expect([...funds.states]).toEqual([['call-1/2', 'released']]);
  expect([...caps.held.values()]).toEqual([0, 0, 0]);
});

test('a call whose wallet is empty ends for both, billed for what was spoken', async () => {
  const { journal, invite, stack } = await play({
    buyers: [{ kind: 'answer', after: 0 }],
    cancelAt: undefined,
    hangup: { by: 'wallet', after: 500 },
  });
  expect(journal.ended_).toMatchObject([
    { state: 'completed', reason: 'insufficient_funds', sipStatus: 200 },
  ]);
  expect(journal.ended_[0]?.connectedMs).toBeGreaterThan(0);
  expect([invite.dialog.byes, stack.dialogs[0]?.byes]).toEqual([1, 1]);
});

test('a refusal by the decision reaches the carrier with its status and reason', async () => {
  const journal = new Journal();
  const invite = new ScriptedInvite();
  const refused: Decision = {
    ok: false,
    reason: 'no_buyer',
    sipStatus: 480,
    detail: 'no buyer eligible',
    trace: {} as Decision['trace'],
  };
  const session = new CallSession(
    {
      stack: new ScriptedStack(() => undefined),
      responseTimeoutMs: undefined,
      media: new CountingMedia(),
      ...PLAIN_CALLS,
      caps: new MemoryCaps(),
      funds: new MemoryFunds(() => undefined),
      agents: new MemoryAgents(),
      recorder: journal,
      observer: journal,
      clock: { now: () => Date.now(), monotonic: () => Date.now() },
      desk: deskOf(() => refused),
      findPlace: () => ({ ok: false, status: 404 }),
      placeNamed: () => ({ ok: false, status: 404 }),
      onBug: (error) => {
        throw error;
      },
    },
    invite,
    ATTEMPT,
    TRUNK,
    () => undefined,
  );
  await session.run();
  await jest.advanceTimersByTimeAsync(0);
  expect(invite.finals).toEqual([480]);
  expect(invite.rejectHeaders['Reason']).toBe('Q.850;cause=34;text="no buyer eligible"');
  expect(journal.ended_).toMatchObject([{ state: 'rejected', reason: 'no_buyer', sipStatus: 480 }]);
});

test('media lost in mid-call ends it, billed to the last audio heard', async () => {
  const { journal } = await play({
    buyers: [{ kind: 'answer', after: 0 }],
    cancelAt: undefined,
    hangup: { by: 'media', after: 1_000 },
  });
  expect(journal.ended_).toMatchObject([{ state: 'completed', reason: 'media_failure', connectedMs: 0 }]);
});

test.each(['buyer hangs up', 'media is gone'] as const)(
  'the next buyer is rung when of one who answered the %s as they are joined',
  async (whenBridged) => {
    const { journal } = await play({
      buyers: [
        { kind: 'answer', after: 0 },
        { kind: 'answer', after: 0 },
      ],
      whenBridged,
      cancelAt: undefined,
      hangup: { by: 'caller', after: 100 },
    });
    expect(journal.ended_[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'answered']);
    expect(journal.ended_[0]).toMatchObject({
      state: 'completed',
      sale: { target: { targetId: 'target-1' } },
    });
    expect(journal.answered_).toHaveLength(1);
  },
);

test('early media whose leg is gone is no reason to lose the call', async () => {
  const { journal, invite, bugs } = await play({
    buyers: [
      { kind: 'early', after: 0, answerAfter: 500 },
      { kind: 'answer', after: 0 },
    ],
    whenBridged: 'media is gone',
    cancelAt: undefined,
    hangup: { by: 'caller', after: 100 },
  });
  expect(invite.progressed[0]).toBe(180);
  expect(journal.ended_[0]).toMatchObject({ state: 'completed', sale: { target: { targetId: 'target-1' } } });
  expect(bugs).toEqual([]);
});

test('a caller who gives up as it is joined with the buyer is not sold', async () => {
  const { journal, invite } = await play({
    buyers: [{ kind: 'answer', after: 0 }],
    whenBridged: 'cancel',
    cancelAt: undefined,
    hangup: { by: 'caller', after: 100 },
  });
  expect(invite.finals).toEqual([487]);
  expect(journal.answered_).toEqual([]);
  expect(journal.ended_).toMatchObject([{ state: 'canceled', sale: undefined }]);
});

test('a live bid whose buyer takes its offer back is passed over without being rung', async () => {
  const { journal, stack } = await play({
    buyers: [
      { kind: 'answer', after: 0 },
      { kind: 'answer', after: 0 },
    ],
    takenBack: { 0: 20 },
    cancelAt: undefined,
    hangup: { by: 'caller', after: 0 },
  });
  expect(stack.rung).toEqual(['sip:buyer-1']);
  expect(journal.ended_[0]?.attempts.map((attempt) => attempt.outcome)).toEqual(['declined', 'answered']);
});

test("a call over its seller's limit is refused before anybody is rung", async () => {
  const { journal, stack, caps } = await play({
    sourceLimit: 0,
    buyers: [{ kind: 'answer', after: 0 }],
    cancelAt: undefined,
    hangup: { by: 'caller', after: 0 },
  });
  expect(stack.rung).toEqual([]);
  expect(journal.ended_[0]).toMatchObject({ state: 'rejected', reason: 'source_capped', sipStatus: 480 });
  expect([...caps.held.values()].every((count) => count === 0)).toBe(true);
});

test('a CANCEL that comes with its INVITE ends the call before anything is taken', async () => {
  const { journal, stack, invite, media } = await play({
    buyers: [{ kind: 'answer', after: 0 }],
    cancelAt: -1,
    hangup: { by: 'caller', after: 0 },
  });
  expect(stack.rung).toEqual([]);
  expect(invite.finals).toEqual([487]);
  expect(media.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
  expect(journal.ended_).toHaveLength(1);
});

test('a caller who gives up while buyers are still being asked leaves nothing behind', async () => {
  const { journal, stack, invite, abandoned } = await play({
    decideAfter: 500,
    buyers: [{ kind: 'answer', after: 0 }],
    cancelAt: 100,
    hangup: { by: 'caller', after: 0 },
  });
  expect(stack.rung).toEqual([]);
  expect(invite.finals).toEqual([487]);
  expect(abandoned).toBe(1);
  expect(journal.ended_[0]).toMatchObject({ state: 'canceled', reason: 'caller_cancel' });
});
