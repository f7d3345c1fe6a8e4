import fc from 'fast-check';
import type { CapLimit, Decision, Micros } from '../../../src/domain';
import { CallSession } from '../../../src/signaling/call-session';
import {
  ATTEMPT,
  CountingMedia,
  deskOf,
  Journal,
  MemoryCaps,
  MemoryFunds,
  ringTarget,
  ScriptedInvite,
  ScriptedStack,
  sold,
  TRUNK,
} from './fakes';
import type { WalletScript } from './fakes';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

type Act =
  | { kind: 'answer'; after: number }
  | { kind: 'fail'; after: number; status: number }
  | { kind: 'silent' }
  | { kind: 'trying'; after: number }
  | { kind: 'early'; after: number; answerAfter: number };

interface Play {
  /** Milliseconds the decision takes; absent: it is there at once. */
  decideAfter?: number | undefined;
  /** Live bids whose buyers take their offer back when asked again, after so many milliseconds. */
  takenBack?: Readonly<Record<number, number>> | undefined;
  /** Buyers whose wallets must cover the call. */
  wallets?: Readonly<Record<number, WalletScript>> | undefined;
  /** The seller's limit on calls: absent for none. */
  sourceLimit?: number | undefined;
  buyers: Act[];
  cancelAt: number | undefined;
  hangup: { by: 'caller' | 'buyer' | 'admin' | 'media' | 'wallet'; after: number };
}

const after = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const sellerLimit = (limit: number): CapLimit => ({
  key: 'seller:seller-1:concurrent',
  counter: 'concurrent',
  limit,
  amount: 1,
  resetsAt: 0,
});

/** Runs one call to its end on a scripted stage and returns what is left. */
async function play(script: Play, limits: { exhausted?: number[]; responseTimeoutMs?: number } = {}) {
  const journal = new Journal();
  const media = new CountingMedia();
  const caps = new MemoryCaps();
  const funds = new MemoryFunds(({ targetId }) => script.wallets?.[Number(targetId.split('-')[1])]);
  const bugs: unknown[] = [];
  const plan = script.buyers.map((_, index) => ringTarget(index, limits.exhausted?.includes(index) ? 0 : 1));
  let abandoned = 0;
  const { sourceLimit } = script;
  const sale = sold(
    plan.map((target, index) => ({
      ...target,
      reference: script.takenBack?.[index] === undefined ? undefined : `offer-${index}`,
      hold: script.wallets?.[index] && (10_000_000 as Micros),
    })),
  );
  const decision: Decision =
    sale.ok && sourceLimit !== undefined ? { ...sale, sourceLimits: [sellerLimit(sourceLimit)] } : sale;
  const stack = new ScriptedStack((uri, listener, stage) => {
    const act = script.buyers[Number(uri.split('-')[1])] as Act;
    if (act.kind === 'silent') return;
    setTimeout(() => {
      if (act.kind === 'trying') listener.onTrying();
      else if (act.kind === 'fail') listener.onFailure(act.status, 'scripted');
      else if (act.kind === 'answer') listener.onAnswer(stage.dialog());
      else {
        listener.onProgress(183, 'v=0 early');
        setTimeout(() => listener.onAnswer(stage.dialog()), act.answerAfter);
      }
    }, act.after);
  });
  const invite = new ScriptedInvite();
  let finished = 0;
  const session = new CallSession(
    {
      stack,
      responseTimeoutMs: limits.responseTimeoutMs,
      media,
      caps,
      funds,
      recorder: journal,
      observer: journal,
      clock: { now: () => Date.now(), monotonic: () => Date.now() },
      desk: deskOf(
        () => (script.decideAfter === undefined ? decision : after(script.decideAfter).then(() => decision)),
        {
          abandoned: () => abandoned++,
          confirm: (_attempt, { targetId }) => {
            const takenBack = script.takenBack?.[Number(targetId.split('-')[1])];
            return takenBack === undefined ? Promise.resolve(true) : after(takenBack).then(() => false);
          },
        },
      ),
      onBug: (error) => bugs.push(error),
    },
    invite,
    ATTEMPT,
    TRUNK,
    () => finished++,
  );
  const running = session.run();
  // Before anything else has its turn: INVITE and CANCEL came in one packet.
  if (script.cancelAt === -1) invite.cancel();
  else if (script.cancelAt !== undefined) setTimeout(() => invite.cancel(), script.cancelAt);
  for (let elapsed = 0; elapsed < 30_000 && finished === 0; elapsed += 50) {
    await jest.advanceTimersByTimeAsync(50);
    if (session.state !== 'answered' || elapsed < script.hangup.after) continue;
    if (script.hangup.by === 'caller') invite.dialog.peerBye();
    // Not one whose answer came too late and was hung up at once.
    else if (script.hangup.by === 'buyer') stack.dialogs.find((dialog) => !dialog.ended)?.peerBye();
    else if (script.hangup.by === 'admin') session.end('admin_hangup', 'by an admin');
    else if (script.hangup.by === 'wallet') session.end('insufficient_funds', 'no more money');
    else media.listener?.onMediaLost('worker died');
  }
  await jest.advanceTimersByTimeAsync(5_000);
  await running;
  return { journal, media, caps, funds, bugs, stack, invite, finished, session, abandoned };
}

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
  buyers: fc.array(act, { minLength: 1, maxLength: 4 }),
  cancelAt: fc.option(fc.oneof(fc.integer({ min: -1, max: 200 }), fc.integer({ min: 0, max: 4_000 })), {
    nil: undefined,
  }),
  hangup: fc.record({
    by: fc.constantFrom('caller' as const, 'buyer' as const, 'admin' as const, 'media' as const),
    after: fc.integer({ min: 0, max: 2_000 }),
  }),
});

test('whatever buyers and caller do, a call ends exactly once and holds nothing afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (scripted) => {
      const { journal, media, caps, funds, bugs, stack, invite, finished } = await play(scripted);
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
      expect(invite.finals[0] !== 200 || invite.dialog.ended).toBe(true);
      expect(jest.getTimerCount()).toBe(0);
      const record = journal.ended_[0];
      expect(record?.state === 'completed').toBe(record?.answeredAt !== undefined);
      expect(record?.sale !== undefined).toBe(record?.state === 'completed');
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
      caps: new MemoryCaps(),
      funds: new MemoryFunds(() => undefined),
      recorder: journal,
      observer: journal,
      clock: { now: () => Date.now(), monotonic: () => Date.now() },
      desk: deskOf(() => refused),
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
