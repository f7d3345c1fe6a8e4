import type { TestCallStanding } from '../../../src/domain';
import type { TestCallTarget } from '../../../src/signaling';
import { TestCall } from '../../../src/signaling';
import type { TeamScript } from './fakes';
import { CountingMedia, MemoryAgents, ScriptedStack } from './fakes';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

type Peer = (
  listener: Parameters<ConstructorParameters<typeof ScriptedStack>[0]>[1],
  stack: ScriptedStack,
) => void;

const after = (ms: number, work: () => void): void => void setTimeout(work, ms);
const answers =
  (ms: number, talkMs?: number): Peer =>
  (listener, stack) => {
    after(ms / 2, () => listener.onProgress(180, undefined));
    after(ms, () => {
      const dialog = stack.dialog();
      listener.onAnswer(dialog);
      if (talkMs !== undefined) after(talkMs, () => dialog.peerBye());
    });
  };
const fails =
  (status: number): Peer =>
  (listener) =>
    after(50, () => listener.onFailure(status, ''));
const silent: Peer = () => undefined;
const rings: Peer = (listener) => after(50, () => listener.onProgress(180, undefined));

const target = (index: number, uri = `sip:t-${index}`): TestCallTarget => ({
  ...{ targetId: `t-${index}`, buyerId: 'buyer', uri, ringTimeoutMs: 5_000 },
});

/** A test call that rings these peers in their order. */
function stage(
  peers: readonly Peer[],
  more: { plan?: TestCallTarget[]; team?: TeamScript; media?: CountingMedia } = {},
) {
  const media = more.media ?? new CountingMedia();
  const stack = new ScriptedStack((_uri, listener, self) => peers[self.rung.length - 1]?.(listener, self));
  const agents = new MemoryAgents(() => more.team);
  const bugs: unknown[] = [];
  const states: string[] = [];
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const services = {
    stack,
    agents,
    media,
    clock,
    responseTimeoutMs: undefined,
    onBug: (bug: unknown) => bugs.push(bug),
  };
  const plan = more.plan ?? peers.map((_, index) => target(index));
  const call: TestCall = new TestCall(services, { id: 'test-1', plan, ringMs: 8_000, talkMs: 3_000 }, () => {
    const { state } = call.standing;
    if (states.at(-1) !== state) states.push(state);
  });
  const end = async (): Promise<TestCallStanding> => {
    let over = false;
    void call.over.then(() => (over = true));
    for (let ms = 0; ms < 60_000 && !over; ms += 100) await jest.advanceTimersByTimeAsync(100);
    expect({ over, bugs, sessions: media.sessions, legs: media.legs }).toEqual({
      ...{ over: true, bugs: [], sessions: 0, legs: 0 },
    });
    return call.standing;
  };
  return { call, stack, agents, states, end };
}

test('who answers hears the tone for the time that was asked for, and is hung up on', async () => {
  const { call, stack, states, end } = stage([answers(400)]);
  void call.run();
  const over = await end();
  expect(states).toEqual(['calling', 'ringing', 'answered', 'ended']);
  expect(over).toMatchObject({
    ...{ outcome: 'answered', sipStatus: 200, detail: 'its time is over' },
    attempts: [{ targetId: 't-0', outcome: 'answered', sipStatus: 200 }],
    audio: { codec: 'PCMU', packetsReceived: 0 },
  });
  expect((over.endedAt ?? 0) - (over.answeredAt ?? 0)).toBeGreaterThanOrEqual(3_000);
  expect(stack.dialogs[0]?.byes).toBe(1);
  expect(stack.requests[0]).toMatchObject({
    callingNumber: 'anonymous',
    headers: { 'X-DCE-Call-ID': 'test-1', 'X-DCE-Test-Call': 'yes' },
  });
  expect(over.ladder.map(({ way, message }) => `${way} ${message}`)).toEqual([
    ...['out INVITE', 'in 180', 'in 200', 'out BYE'],
  ]);
});

test('who hangs up ends it', async () => {
  const { call, stack, end } = stage([answers(100, 500)]);
  void call.run();
  expect(await end()).toMatchObject({ outcome: 'answered', detail: 'the target hung up' });
  expect(stack.dialogs[0]?.byes).toBe(0);
});

test.each([
  ['busy', fails(486), 486],
  ['declined', fails(603), 603],
  ['unreachable', fails(503), 503],
  ['failed', fails(488), 488],
  ['no_answer', silent, 408],
])('%s is what it says', async (outcome, peer, sipStatus) => {
  const { call, end } = stage([peer]);
  void call.run();
  expect(await end()).toMatchObject({ state: 'ended', outcome, sipStatus, answeredAt: null, audio: null });
});

test('a plan is rung in its order until somebody answers, and no longer than it may ring in all', async () => {
  const first = stage([fails(486), answers(100), answers(100)]);
  void first.call.run();
  const over = await first.end();
  expect(first.stack.rung).toEqual(['sip:t-0', 'sip:t-1']);
  expect(over.attempts.map(({ outcome }) => outcome)).toEqual(['busy', 'answered']);
  const second = stage([silent, silent, answers(100)]);
  void second.call.run();
  expect(await second.end()).toMatchObject({ outcome: 'no_answer' });
  expect(second.stack.rung).toEqual(['sip:t-0', 'sip:t-1']);
});

test('given up while it rings, it is cancelled; given up while it is answered, it is over', async () => {
  const ringing = stage([rings]);
  void ringing.call.run();
  await jest.advanceTimersByTimeAsync(200);
  expect(ringing.call.standing.state).toBe('ringing');
  ringing.call.hangUp('given up');
  ringing.call.hangUp('given up twice');
  expect(await ringing.end()).toMatchObject({
    ...{ outcome: 'canceled', detail: 'given up', sipStatus: 487 },
    attempts: [{ outcome: 'canceled' }],
  });
  expect(ringing.stack.abandoned).toEqual(['sip:t-0']);
  const answered = stage([answers(100)]);
  void answered.call.run();
  await jest.advanceTimersByTimeAsync(500);
  answered.call.hangUp('the node is going down');
  // How it ended is told once it has: never beside a state in which it is up.
  expect(answered.call.standing).toMatchObject({ state: 'answered', outcome: null, endedAt: null });
  expect(await answered.end()).toMatchObject({ outcome: 'answered', detail: 'the node is going down' });
  const early = stage([answers(100)]);
  void early.call.run();
  early.call.hangUp('at once');
  expect(await early.end()).toMatchObject({ outcome: 'canceled' });
  expect(early.stack.rung).toEqual([]);
});

test('an agent is taken for it and given back: as after a call, or as who was not needed', async () => {
  const team: TeamScript = { agents: [{ phones: 1, freeAfter: 0 }] };
  const plan = [target(0, 'team:t')];
  const answered = stage([answers(100)], { team, plan });
  void answered.call.run();
  expect(await answered.end()).toMatchObject({ outcome: 'answered', attempts: [{ agentId: 't-0' }] });
  expect([...answered.agents.states.values()]).toEqual(['after_call']);
  const card = String(answered.stack.requests[0]?.headers?.['X-DCE-Card']);
  expect(JSON.parse(Buffer.from(card, 'base64url').toString())).toEqual({
    callId: 'test-1',
    campaign: 'Test call',
  });
  const given = stage([rings], { team, plan });
  void given.call.run();
  await jest.advanceTimersByTimeAsync(500);
  given.call.hangUp('given up');
  await given.end();
  expect(given.agents.released).toEqual([{ agentId: 't-0', why: 'caller_gone' }]);
  const nobody = stage([], { team: { agents: [] }, plan });
  void nobody.call.run();
  expect(await nobody.end()).toMatchObject({ outcome: 'no_agent', sipStatus: 480 });
});

test('audio that goes away ends it', async () => {
  const media = new CountingMedia();
  const { call, end } = stage([answers(100)], { media });
  void call.run();
  await jest.advanceTimersByTimeAsync(500);
  media.listener?.onMediaLost('the media worker died');
  expect(await end()).toMatchObject({
    outcome: 'answered',
    detail: 'its audio is gone: the media worker died',
  });
});

test('what was described before the answer counts where the answer describes nothing', async () => {
  const media = new CountingMedia();
  const open = media.openSession.bind(media);
  const applied: string[] = [];
  media.openSession = (id, listener) => {
    const session = open(id, listener);
    const createLeg = async (...asked: Parameters<typeof session.createLeg>) => {
      const leg = await session.createLeg(...asked);
      const applyAnswer = (sdp: string): ReturnType<typeof leg.applyAnswer> => {
        applied.push(sdp);
        return leg.applyAnswer(sdp);
      };
      return { ...leg, applyAnswer };
    };
    return { ...session, createLeg };
  };
  const early: Peer = (listener, self) => {
    after(50, () => listener.onProgress(183, 'v=0 early'));
    after(100, () => listener.onAnswer(Object.assign(self.dialog(), { remoteSdp: '' })));
  };
  const { call, end } = stage([early], { media });
  void call.run();
  expect(await end()).toMatchObject({ outcome: 'answered' });
  expect(applied).toEqual(['v=0 early']);
});
