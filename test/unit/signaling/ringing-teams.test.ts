import type { TeamScript } from './fakes';
import type { Act, PhoneAct } from './play';
import { play } from './play';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const agent = (phones = 1, freeAfter = 0): TeamScript['agents'][number] => ({ phones, freeAfter });
const team = (script: TeamScript, phones: PhoneAct[]): Act => ({ kind: 'team', team: script, phones });
const answer = (after: number): PhoneAct => ({ kind: 'answer', after });
const fail = (after: number, status: number): PhoneAct => ({ kind: 'fail', after, status });
const silent: PhoneAct = { kind: 'silent' };

/** What became of a call for these buyers whose caller hangs up half a second after the answer. */
const callTo = (...buyers: Act[]): ReturnType<typeof play> =>
  play({ buyers, cancelAt: undefined, hangup: { by: 'caller', after: 500 } });

test('all phones of a team ring at once; the first has the call and the others are told who else has it', async () => {
  // Phones in order: agent 0 has two, agents 1 and 2 use the first of theirs.
  const { journal, stack, agents } = await callTo(
    team({ agents: [agent(2), agent(), agent()] }, [
      silent,
      silent,
      answer(300),
      silent,
      answer(400),
      silent,
    ]),
  );
  expect(stack.rung).toEqual(['sip:agent-0-0-0', 'sip:agent-0-0-1', 'sip:agent-0-1-0', 'sip:agent-0-2-0']);
  expect(stack.abandoned.sort()).toEqual(['sip:agent-0-0-0', 'sip:agent-0-0-1', 'sip:agent-0-2-0']);
  expect(new Set(stack.reasons.values())).toEqual(new Set(['SIP;cause=200;text="Call completed elsewhere"']));
  expect(agents.released).toEqual([
    { agentId: '0-0', why: 'answered_elsewhere' },
    { agentId: '0-2', why: 'answered_elsewhere' },
  ]);
  expect(journal.ended_[0]).toMatchObject({
    state: 'completed',
    sale: { agentId: '0-1' },
    attempts: [{ outcome: 'answered', agentId: '0-1' }],
  });
});

test('who declines on one phone has declined on all', async () => {
  const { stack, agents, journal } = await callTo(
    team({ agents: [agent(2), agent()] }, [fail(100, 603), silent, answer(300), silent]),
  );
  expect(stack.reasons.get('sip:agent-0-0-1')).toBe('SIP;cause=603;text="declined on another phone"');
  expect(agents.released).toEqual([{ agentId: '0-0', why: 'declined' }]);
  expect(journal.ended_[0]?.sale?.agentId).toBe('0-1');
});

test('agents see of the caller what their card shows, and a target of its own the number', async () => {
  const { stack } = await callTo(team({ agents: [agent()] }, [fail(10, 603)]), answer(50));
  expect(stack.requests.map(({ callingNumber }) => callingNumber)).toEqual(['anonymous', '12125550123']);
});

test('a phone that cannot be reached is told of, and the agent rings on another', async () => {
  const { agents, journal } = await callTo(team({ agents: [agent(2)] }, [fail(10, 503), answer(200)]));
  expect(agents.lostPhones).toEqual(['sip:agent-0-0-0']);
  expect(journal.ended_[0]?.sale?.agentId).toBe('0-0');
});

test('one after the other: who does not answer gives way to the next, and no agent rings twice', async () => {
  const { stack, agents, journal } = await callTo(
    team({ agents: [agent(), agent(), agent()], ringMs: 200 }, [
      silent,
      silent,
      fail(20, 486),
      silent,
      answer(50),
    ]),
  );
  expect(stack.rung).toEqual(['sip:agent-0-0-0', 'sip:agent-0-1-0', 'sip:agent-0-2-0']);
  expect(agents.released).toEqual([
    { agentId: '0-0', why: 'unreachable' },
    { agentId: '0-1', why: 'declined' },
  ]);
  expect(journal.ended_[0]?.sale?.agentId).toBe('0-2');
});

test('a caller who finds everybody busy waits with music until somebody is free', async () => {
  const { journal, invite } = await callTo(team({ agents: [agent(1, 900)], maxWaitMs: 5_000 }, [answer(50)]));
  expect(journal.events.filter(({ type }) => type === 'call.queued')).toHaveLength(1);
  expect(invite.progressed).toContain(183);
  expect(journal.ended_[0]).toMatchObject({ state: 'completed', attempts: [{ outcome: 'answered' }] });
  const [attempt] = journal.ended_[0]?.attempts ?? [];
  const { ringMs = Infinity } = journal.ended_[0]?.sale ?? {};
  // What is paid from the ringing on is not paid for the wait.
  expect((attempt?.durationMs ?? 0) - ringMs).toBeGreaterThanOrEqual(800);
});

test('a caller hears once of a round that somebody rings', async () => {
  const rings: PhoneAct = { kind: 'early', after: 20, answerAfter: 300 };
  const { invite } = await callTo(team({ agents: [agent(2), agent()] }, [rings]));
  expect(invite.progressed).toEqual([180]);
});

test('nobody is rung for what is left of the ring time when that is less than a round', async () => {
  const { stack, journal } = await callTo(team({ agents: [agent(), agent()], ringMs: 800 }, [silent]));
  expect(stack.rung).toEqual(['sip:agent-0-0-0']);
  expect(journal.ended_[0]?.attempts[0]?.outcome).toBe('no_answer');
});

test.each([
  ['one after the other', 200, ['0-0', '0-1']],
  ['all at once', undefined, ['0-0', '0-1']],
])('everybody who was rung %s is written down', async (_how, ringMs, rung) => {
  const { journal } = await callTo(
    team({ agents: [agent(), agent()], ringMs }, [fail(20, 486), silent, answer(50)]),
  );
  expect(journal.ended_[0]?.attempts).toMatchObject([{ outcome: 'answered', agentId: '0-1', rung }]);
});

test('so are those who were ringing when the caller gave up', async () => {
  const { journal } = await play({
    buyers: [team({ agents: [agent(), agent(1, 9_000)] }, [silent])],
    cancelAt: 300,
    hangup: { by: 'caller', after: 0 },
  });
  expect(journal.ended_[0]?.attempts).toMatchObject([{ outcome: 'canceled', rung: ['0-0'] }]);
});

test('a caller who gives up while it is being queued hears and tells nothing of the queue', async () => {
  let queued = 0;
  for (let cancelAt = 0; cancelAt <= 200; cancelAt += 10) {
    const startedAt = Date.now();
    const { journal } = await play({
      buyers: [team({ agents: [agent(1, 9_000)], maxWaitMs: 5_000 }, [silent])],
      cancelAt,
      hangup: { by: 'caller', after: 0 },
    });
    const told = journal.events.filter(({ type }) => type === 'call.queued');
    queued += told.length;
    expect(told.filter(({ at }) => at > startedAt + cancelAt)).toEqual([]);
  }
  expect(queued).toBeGreaterThan(0);
});

test.each([
  [
    'nobody was free in time',
    team({ agents: [agent(1, 9_000)], maxWaitMs: 300 }, [answer(0)]),
    'queue_timeout',
  ],
  ['everybody is busy and there is no queue', team({ agents: [agent(1, 9_000)] }, [answer(0)]), 'busy'],
  ['nobody is there', team({ agents: [] }, [answer(0)]), 'no_agent'],
  ['nobody has a phone', team({ agents: [agent(0)] }, [answer(0)]), 'unreachable'],
  ['everybody declines', team({ agents: [agent(), agent()] }, [fail(10, 603)]), 'declined'],
])('the next buyer is rung when %s', async (_why, first, outcome) => {
  const { journal, stack } = await callTo(first, answer(50));
  expect(journal.ended_[0]?.attempts.map((attempt) => attempt.outcome)).toEqual([outcome, 'answered']);
  expect(stack.rung.at(-1)).toBe('sip:buyer-1');
});
