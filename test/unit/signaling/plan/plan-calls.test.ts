import type { Decision } from '../../../../src/domain';
import type { BuyerAct, PlanPlay } from './plan-stage';
import { planOf, playPlan } from './plan-stage';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const BYE = { do: 'hangup', code: 480, detail: 'bye' };
const SELL = { sell: { do: 'auction', sold: 'ring', refused: 'bye' }, bye: BYE };
const refused: Decision = {
  ok: false,
  reason: 'no_buyer',
  sipStatus: 480,
  detail: 'no buyer eligible',
  trace: {} as Decision['trace'],
};
const answers = (more: Partial<Extract<BuyerAct, { kind: 'answer' }>> = {}): BuyerAct => ({
  kind: 'answer',
  after: 50,
  hangupAfter: 1_000,
  ...more,
});
const outcomes = ({ record }: Awaited<ReturnType<typeof playPlan>>) =>
  record?.attempts.map(({ outcome }) => outcome);

test('a caller is announced to, asked, and sold by what they said', async () => {
  const call = await playPlan({
    plan: planOf({
      tags: { zip: 'digits' },
      start: 'hello',
      steps: {
        hello: { do: 'announce', play: ['greeting/hello'], next: 'ask' },
        ask: {
          do: 'gather',
          play: ['ask/zip'],
          as: 'zip',
          digits: { min: 5, max: 5 },
          next: 'sell',
          otherwise: 'bye',
        },
        ring: { do: 'ring', exhausted: 'bye' },
        ...SELL,
      },
    }),
    buyers: [answers()],
    keys: [...'10001'].map((key, index) => ({ at: 300 + index * 50, key, info: index % 2 === 0 })),
  });
  expect(call.heardBy('caller').slice(0, 2)).toEqual([['greeting/hello'], ['ask/zip']]);
  expect(call.auctioned.map(({ tags }) => tags)).toEqual([{ zip: '10001' }]);
  expect(call.invite.answers).toBe(1);
  expect(call.journal.attended_).toEqual(['call-1']);
  expect(call.record).toMatchObject({
    state: 'completed',
    reason: 'buyer_hangup',
    sipStatus: 200,
    sale: { target: { targetId: 'target-0' } },
    plan: { name: 'any', version: 3, tags: { zip: '10001' } },
  });
  expect(call.record?.plan?.steps.map(({ step, after }) => [step, after])).toEqual([
    ['hello', undefined],
    ['ask', 'done'],
    ['sell', 'keys 10001'],
    ['ring', 'sold'],
  ]);
  expect(call.record?.attendedAt).toBeLessThan(call.record?.answeredAt ?? 0);
});

test('keys that are pressed while the recording is paused are not kept of the plan’s steps', async () => {
  const call = await playPlan({
    plan: planOf({
      tags: { answer: 'digits' },
      start: 'hello',
      steps: {
        hello: { do: 'announce', play: ['greeting/hello'], next: 'begin' },
        begin: { do: 'record', set: 'on', next: 'quiet' },
        quiet: { do: 'record', set: 'paused', next: 'ask' },
        ask: {
          do: 'gather',
          play: ['ask/card'],
          as: 'answer',
          digits: { min: 4, max: 4 },
          next: 'loud',
          otherwise: 'bye',
        },
        loud: { do: 'record', set: 'on', next: 'sell' },
        ring: { do: 'ring', exhausted: 'bye' },
        ...SELL,
      },
    }),
    buyers: [answers()],
    keys: [...'4242'].map((key, index) => ({ at: 300 + index * 50, key })),
  });
  expect(call.record?.plan?.steps.map(({ after }) => after)).toContain('keys ****');
  const states = call.journal.events.flatMap((event) =>
    event.type === 'call.recording' ? [event.state] : [],
  );
  expect(states.slice(0, 3)).toEqual(['on', 'paused', 'on']);
});

test('keys that are secret are written nowhere', async () => {
  const call = await playPlan({
    plan: planOf({
      tags: { card: 'digits' },
      start: 'ask',
      steps: {
        ask: {
          do: 'gather',
          play: ['ask/card'],
          as: 'card',
          digits: { min: 4, max: 4 },
          secret: true,
          next: 'sell',
          otherwise: 'bye',
        },
        ring: { do: 'ring', exhausted: 'bye' },
        ...SELL,
      },
    }),
    buyers: [answers()],
    keys: [...'4242'].map((key, index) => ({ at: 150 + index * 50, key })),
  });
  expect(call.record?.plan?.steps[1]?.after).toBe('keys ****');
  expect(JSON.stringify([call.record, call.journal.events, call.auctioned])).not.toContain('4242');
});

test('the first key cuts a prompt off, and one that comes during it counts', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'menu',
      steps: {
        menu: { do: 'menu', play: Array<string>(16).fill('long'), keys: { '1': 'bye' }, otherwise: 'other' },
        other: { ...BYE, detail: 'other' },
        bye: BYE,
      },
    }),
    buyers: [],
    keys: [{ at: 200, key: '1' }],
  });
  expect(call.record).toMatchObject({ reason: 'plan_ended', detail: 'bye', state: 'completed' });
  expect((call.record?.endedAt ?? 0) - (call.record?.attendedAt ?? 0)).toBeLessThan(400);
});

test('whoever answers hears the whisper and presses the key, and the caller hears nothing of it', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'sell',
      steps: {
        ring: {
          do: 'ring',
          whisper: ['whisper/auto'],
          accept: { play: ['ask/press-one'], key: '1', waitMs: 1_000 },
          exhausted: 'bye',
        },
        ...SELL,
      },
    }),
    buyers: [
      answers({ key: { after: 300, key: '2' }, hangupAfter: undefined }),
      answers({ hangupAfter: undefined }),
      answers({ key: { after: 300, key: '1' }, hangupAfter: 3_000 }),
    ],
  });
  expect(outcomes(call)).toEqual(['declined', 'declined', 'answered']);
  expect(call.heardBy('caller')).not.toContainEqual(expect.arrayContaining(['whisper/auto']));
  expect(call.heardBy('buyer')[0]).toEqual(['whisper/auto', 'ask/press-one']);
  // Its time counts from the key, not from its 200.
  expect(call.record?.connectedMs).toBeLessThan(2_750);
  expect(call.record?.sale?.target.targetId).toBe('target-2');
  expect(call.stack.dialogs.map(({ byes }) => byes)).toEqual([1, 1, 0]);
  expect(call.invite.answers).toBe(1);
});

const MACHINES = planOf({
  start: 'sell',
  steps: {
    ring: { do: 'ring', detectMachine: true, whisper: ['whisper/auto'], exhausted: 'bye' },
    ...SELL,
  },
});

test('an answering machine is no answer: the next is rung, and nothing of it is paid', async () => {
  const call = await playPlan({
    plan: MACHINES,
    buyers: [
      answers({ hangupAfter: undefined }),
      answers({ hangupAfter: undefined }),
      answers({ hangupAfter: 4_000 }),
    ],
    findings: [
      { verdict: 'machine', reason: 'long_greeting' },
      { verdict: 'machine', reason: 'beep' },
      { verdict: 'unsure', reason: 'time' },
    ],
    wallets: true,
    sharedLimit: true,
  });
  expect(outcomes(call)).toEqual(['no_answer', 'no_answer', 'answered']);
  expect(call.record?.attempts.map(({ sipStatus }) => sipStatus)).toEqual([200, 200, 200]);
  expect(call.record?.sale?.target.targetId).toBe('target-2');
  // Machines are whispered to by nobody, and the caller hears the ringback of their own carrier.
  expect(call.heardBy('buyer')).toEqual([['whisper/auto']]);
  expect([call.heardBy('caller'), call.invite.answers]).toEqual([[], 1]);
  expect(call.stack.dialogs.map(({ byes }) => byes)).toEqual([1, 1, 0]);
  // Its time counts from when it was joined.
  expect(call.record?.connectedMs).toBeLessThan(3_000);
  expect([...call.caps.held.values()].every((held) => held === 0)).toBe(true);
  expect([...call.funds.states.values()]).toEqual(['released', 'released', 'settled']);
});

test('who is gone while a machine is listened for leaves nothing behind', async () => {
  const hungUp = await playPlan({ plan: MACHINES, buyers: [answers({ hangupAfter: 500 }), answers()] });
  expect(outcomes(hungUp)?.[0]).toBe('declined');
  const canceled = await playPlan({ plan: MACHINES, buyers: [answers()], cancelAt: 600, wallets: true });
  expect(canceled.record).toMatchObject({ sale: undefined });
  expect(canceled.stack.dialogs.map(({ byes }) => byes)).toEqual([1]);
  for (const { bugs, media, funds, caps } of [hungUp, canceled]) {
    expect([bugs, media.legs, media.sessions]).toEqual([[], 0, 0]);
    expect([...funds.states.values()]).not.toContain('held');
    expect([...caps.held.values()].every((held) => held === 0)).toBe(true);
  }
});

test('agents are people: nobody listens to them first', async () => {
  const { found, record, heardBy } = await playPlan({ plan: MACHINES, buyers: [answers()], teams: true });
  expect([found, record?.sale?.agentId]).toEqual([[], '0-0']);
  expect(heardBy('buyer')).toEqual([['whisper/auto']]);
});

test('nobody is listened to where the plan does not say so', async () => {
  const { found, record } = await playPlan({
    plan: planOf({ start: 'sell', steps: { ring: { do: 'ring', exhausted: 'bye' }, ...SELL } }),
    buyers: [answers()],
  });
  expect([found, record?.reason]).toEqual([[], 'buyer_hangup']);
});

test('of several who ring together the first has the call, the others are cancelled, and the next follow a failure', async () => {
  const plan = planOf({
    start: 'sell',
    steps: { ring: { do: 'ring', atOnce: 2, exhausted: 'bye' }, ...SELL },
  });
  const together = await playPlan({
    plan,
    buyers: [{ kind: 'silent' }, answers({ after: 100 }), answers()],
    wallets: true,
    sharedLimit: true,
  });
  expect(together.stack.rung).toEqual(['sip:buyer-0', 'sip:buyer-1']);
  expect(together.stack.reasons.get('sip:buyer-0')).toContain('completed elsewhere');
  expect(outcomes(together)).toEqual(['answered', 'canceled']);
  expect([...together.caps.held.values()].every((held) => held === 0)).toBe(true);
  const after = await playPlan({
    plan,
    buyers: [{ kind: 'fail', after: 10, status: 486 }, { kind: 'fail', after: 20, status: 503 }, answers()],
  });
  expect(outcomes(after)).toEqual(['busy', 'unreachable', 'answered']);
});

test('whoever was passed over for one that did not take the call is rung again', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'sell',
      steps: {
        ring: {
          do: 'ring',
          atOnce: 2,
          accept: { play: ['ask/press-one'], key: '1', tries: 1, waitMs: 500 },
          exhausted: 'bye',
        },
        ...SELL,
      },
    }),
    buyers: [answers({ after: 20 }), answers({ after: 400, key: { after: 200, key: '1' } })],
  });
  expect(outcomes(call)).toEqual(['canceled', 'declined', 'answered']);
  expect(call.record?.sale?.target.targetId).toBe('target-1');
});

test('a caller who waits in a queue hears music and is taken as soon as a buyer can', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'sell',
      steps: {
        ring: {
          do: 'queue',
          againMs: 1_000,
          maxWaitMs: 20_000,
          announce: { play: ['queue/still-there'], everyMs: 10_000 },
          timeout: 'bye',
        },
        ...SELL,
      },
    }),
    buyers: [{ kind: 'fail', after: 10, status: 486 }, answers({ after: 900 })],
    wallets: true,
  });
  expect(call.heardBy('caller')[0]).toBe('hold');
  expect(call.record).toMatchObject({ reason: 'buyer_hangup', sale: { target: { targetId: 'target-1' } } });
  const busy = await playPlan({
    plan: planOf({
      start: 'sell',
      steps: {
        ring: {
          do: 'queue',
          againMs: 5_000,
          maxWaitMs: 25_000,
          announce: { play: ['queue/still-there'], everyMs: 10_000 },
          timeout: 'bye',
        },
        ...SELL,
      },
    }),
    buyers: [{ kind: 'fail', after: 10, status: 486 }],
  });
  expect(busy.record?.attempts).toHaveLength(5);
  expect(busy.heardBy('caller').filter((what) => what !== 'hold')).toEqual([
    ['queue/still-there'],
    ['queue/still-there'],
  ]);
  expect(busy.record).toMatchObject({ reason: 'buyers_exhausted', state: 'completed', sale: undefined });
});

test('a caller may stay when the buyer has hung up: the sale is over, and nothing is sold again', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'sell',
      steps: {
        ring: { do: 'ring', record: true, ended: 'survey', exhausted: 'bye' },
        survey: { do: 'menu', play: ['survey'], keys: { '1': 'again' }, waitMs: 2_000, otherwise: 'bye' },
        again: { do: 'auction', sold: 'ring', refused: 'bye' },
        ...SELL,
      },
    }),
    buyers: [answers({ hangupAfter: 700 })],
    wallets: true,
    keys: [{ at: 3_000, key: '1' }],
  });
  expect(call.steps).toEqual(['sell', 'ring', 'survey', 'again', 'bye']);
  expect(call.auctioned).toHaveLength(1);
  expect(call.record).toMatchObject({ reason: 'plan_ended', state: 'completed' });
  expect(call.record?.connectedMs).toBeLessThan(720);
  expect([...call.funds.states.values()]).toEqual(['settled']);
  expect(call.recordings).toMatchObject([{ kind: 'conversation', target: { targetId: 'target-0' } }]);
  // From there on it is nobody's conversation.
  expect(call.journal.events.filter(({ type }) => /returned|answered|attended/.test(type))).toMatchObject([
    { type: 'call.answered' },
    { type: 'call.returned', from: 'answered' },
  ]);
});

describe('what is to be recorded before there is anybody to record', () => {
  const recorded = (sets: readonly string[], heard: boolean) => ({
    start: sets.length === 0 ? 'welcome' : 'set-0',
    steps: {
      ...Object.fromEntries(
        sets.map((set, n) => [
          `set-${n}`,
          { do: 'record', set, next: n + 1 < sets.length ? `set-${n + 1}` : heard ? 'welcome' : 'sell' },
        ]),
      ),
      ...(heard ? { welcome: { do: 'announce', play: ['welcome'], next: 'sell' } } : {}),
      ring: { do: 'ring', exhausted: 'bye' },
      ...SELL,
    },
  });
  const play = (plan: object, more: object = {}) =>
    playPlan({ plan: planOf(plan), buyers: [answers({ hangupAfter: 700 })], ...more });
  const said = ({ journal }: Awaited<ReturnType<typeof playPlan>>): string[] =>
    journal.events.flatMap((event) => (event.type === 'call.recording' ? [event.state] : []));

  test('it begins with the conversation where a buyer is the first to answer', async () => {
    const call = await play(recorded(['on'], false));
    expect(call.recordings).toMatchObject([{ kind: 'conversation', target: { targetId: 'target-0' } }]);
    expect(said(call)).toEqual(['on', 'off']);
    expect(call.bugs).toEqual([]);
  });

  test('it begins when the exchange answers, and anew, for whose conversation it is, when a buyer is joined', async () => {
    const call = await play(recorded(['on'], true));
    expect(call.recordings).toMatchObject([
      { kind: 'conversation', target: undefined },
      { kind: 'conversation', target: { targetId: 'target-0' } },
    ]);
    expect(said(call)).toEqual(['on', 'off', 'on', 'off']);
  });

  test('one that is paused begins paused, and one that is off does not begin', async () => {
    const paused = await play(recorded(['on', 'paused'], true));
    expect(paused.recordings).toHaveLength(2);
    expect(said(paused)).toEqual(['paused', 'on', 'paused', 'off', 'paused', 'on', 'paused', 'off']);
    const off = await play(recorded(['on', 'paused', 'off'], true), { policy: { announce: undefined } });
    expect([off.recordings, said(off)]).toEqual([[], []]);
  });

  test('a campaign has the conversation recorded whose plan says nothing, once it was announced as it wants', async () => {
    const plain = await play(recorded([], true), { policy: { announce: undefined } });
    expect(plain.recordings).toMatchObject([{ target: { targetId: 'target-0' } }]);
    const unheard = await play(recorded([], true), { policy: { announce: 'consent/recording' } });
    expect(unheard.recordings).toEqual([]);
    expect(said(unheard)).toEqual(['refused']);
    const told = recorded([], true);
    const announcing = { ...told.steps.welcome, tells: 'recording' };
    const heard = await play(
      { ...told, steps: { ...told.steps, welcome: announcing } },
      { policy: { announce: 'consent/recording' } },
    );
    expect(heard.recordings).toMatchObject([{ target: { targetId: 'target-0' } }]);
    expect((await play(recorded([], true))).recordings).toEqual([]);
  });
});

test('a message is taken until # is pressed, and nobody is billed', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'message',
      steps: { message: { do: 'voicemail', play: ['voicemail/leave'], next: 'bye' }, bye: BYE },
    }),
    buyers: [],
    keys: [{ at: 3_000, key: '#' }],
  });
  expect(call.heardBy('caller')).toEqual([['voicemail/leave'], 'tone']);
  expect(call.recordings).toMatchObject([{ kind: 'voicemail', target: undefined }]);
  expect(call.record).toMatchObject({ state: 'completed', reason: 'plan_ended', sale: undefined });
  expect(call.record?.answeredAt).toBeUndefined();
  expect((call.record?.endedAt ?? 0) - (call.record?.attendedAt ?? 0)).toBeLessThan(3_200);
});

test('a callback is noted for the number that was keyed in', async () => {
  const plan = planOf({
    tags: { n: 'digits' },
    start: 'ask',
    steps: {
      ask: {
        do: 'gather',
        play: ['ask/number'],
        as: 'n',
        digits: { min: 10, max: 10 },
        next: 'note',
        otherwise: 'bye',
      },
      note: { do: 'callback', play: ['callback/noted'], number: { tag: 'n' }, next: 'bye', otherwise: 'no' },
      no: { ...BYE, detail: 'no' },
      bye: BYE,
    },
  });
  const keys = [...'2125550100'].map((key, index) => ({ at: 200 + index * 50, key }));
  const noted = await playPlan({ plan, buyers: [], keys });
  expect(noted.callbacks).toMatchObject([{ number: '2125550100' }]);
  expect(noted.heardBy('caller').at(-1)).toEqual(['callback/noted']);
  const refusedOne = await playPlan({ plan, buyers: [], keys, callbacks: false });
  expect(refusedOne.record?.detail).toBe('no');
});

test('a transfer is rung for nobody’s bid, and nobody is billed for it', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'over',
      steps: { over: { do: 'transfer', target: 'elsewhere', failed: 'bye' }, bye: BYE },
    }),
    buyers: [],
  });
  expect(call.record).toMatchObject({
    state: 'completed',
    reason: 'buyer_hangup',
    sale: undefined,
    connectedMs: 0,
    attempts: [],
    transfers: [{ how: 'plan', toTargetId: 'elsewhere', outcome: 'answered' }],
  });
  expect(call.journal.answered_).toEqual([]);
});

test('a call that is refused ends with the reason of the refusal and the code of the plan', async () => {
  const call = await playPlan({
    plan: planOf({
      start: 'sell',
      steps: { ring: { do: 'ring', exhausted: 'bye' }, ...SELL, bye: { ...BYE, code: 603 } },
    }),
    buyers: [],
    decide: () => refused,
  });
  expect(call.invite.finals).toEqual([603]);
  expect(call.record).toMatchObject({
    state: 'rejected',
    reason: 'no_buyer',
    detail: 'no buyer eligible',
    sipStatus: 603,
  });
});

test('a plan that takes too long is ended, and conversations take none of its time', async () => {
  const limits = { ms: 2_000 };
  const slow = await playPlan({
    plan: planOf({
      limits,
      start: 'menu',
      steps: {
        menu: { do: 'menu', play: ['x'], keys: { '1': 'bye' }, waitMs: 30_000, otherwise: 'bye' },
        bye: BYE,
      },
    }),
    buyers: [],
  });
  expect(slow.record).toMatchObject({ reason: 'plan_ended', detail: 'the plan took too long' });
  const spoken = await playPlan({
    plan: planOf({ limits, start: 'sell', steps: { ring: { do: 'ring', exhausted: 'bye' }, ...SELL } }),
    buyers: [answers({ hangupAfter: 10_000 })],
  });
  expect(spoken.record).toMatchObject({ reason: 'buyer_hangup' });
});

test('a plan whose engine is not there sells the call at once', async () => {
  const call = await playPlan({
    plan: planOf({ start: 'a', steps: { a: { do: 'announce', play: ['x'], next: 'bye' }, bye: BYE } }),
    buyers: [answers()],
    unable: true,
  });
  expect(call.record).toMatchObject({ reason: 'buyer_hangup', sale: { target: { targetId: 'target-0' } } });
  expect(call.journal.events).toContainEqual(
    expect.objectContaining({ type: 'call.plan_unusable', plan: 'any' }),
  );
  expect(call.record?.plan).toBeUndefined();
});

test('a plan that breaks has its call sold at once, and recorded where that is wanted, with the media it has', async () => {
  const call = await playPlan({
    plan: planOf({ start: 'a', steps: { a: { do: 'announce', play: ['x'], next: 'bye' }, bye: BYE } }),
    policy: { announce: 'consent/recording' },
    buyers: [answers()],
    brokenFacts: 1,
  });
  expect(call.bugs).toEqual([new Error('no facts')]);
  expect(call.record).toMatchObject({ reason: 'buyer_hangup', sale: { target: { targetId: 'target-0' } } });
  expect(call.heardBy('caller')[0]).toEqual(['consent/recording']);
  expect(call.recordings).toHaveLength(1);
  expect({ sessions: call.media.sessions, legs: call.media.legs }).toEqual({ sessions: 0, legs: 0 });
});

test('a campaign that wants its calls recorded has that announced first', async () => {
  const policy = { announce: 'consent/recording' };
  const call = await playPlan({ plan: undefined, policy, buyers: [answers()] });
  expect(call.heardBy('caller')[0]).toEqual(['consent/recording']);
  expect(call.recordings).toMatchObject([
    { kind: 'conversation', announcedAt: expect.any(Number) as number },
  ]);
  expect(call.record).toMatchObject({ reason: 'buyer_hangup' });
  expect(call.record?.plan).toBeUndefined();
  const unsaid = await playPlan({
    plan: undefined,
    policy,
    missing: ['consent/recording'],
    buyers: [answers()],
  });
  expect(unsaid.recordings).toEqual([]);
  expect(unsaid.record).toMatchObject({ reason: 'buyer_hangup' });
});

test.each<[string, Partial<PlanPlay>, string]>([
  ['hangs up', { byeAt: 400 }, 'caller_hangup'],
  ['is hung up on by people', { endAt: { at: 400, by: 'admin' } }, 'admin_hangup'],
  ['loses its node', { endAt: { at: 400, by: 'drain' } }, 'shutdown'],
  ['loses its media', { endAt: { at: 400, by: 'media' } }, 'media_failure'],
])('a caller who is asked and %s leaves nothing behind', async (_, more, reason) => {
  const call = await playPlan({
    plan: planOf({
      start: 'menu',
      steps: { menu: { do: 'menu', play: ['x'], keys: { '1': 'bye' }, otherwise: 'bye' }, bye: BYE },
    }),
    buyers: [],
    ...more,
  });
  expect(call.record).toMatchObject({ state: 'completed', reason });
  expect(jest.getTimerCount()).toBe(0);
});
