import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { QueuePlace } from '../../../src/signaling';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import { agentOf, teamOf } from '../../unit/presence/agents';
import { claimed, DeskNode, request, TestDirectory } from './desk-node';

let store: TestRedis;
let directory: TestDirectory;
let prefix: string;
let a: DeskNode;
let b: DeskNode;
const open: DeskNode[] = [];

beforeAll(async () => {
  store = await testRedis();
});
afterAll(() => store.drop());
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

/** Two nodes, and a team of agents whose phones registered at the first. */
async function twoNodes(
  agentIds: readonly string[],
  team: Parameters<typeof teamOf>[2] = {},
  leaseMs = 15_000,
): Promise<void> {
  directory = new TestDirectory();
  prefix = `test-${randomUUID()}:`;
  directory.put(...agentIds.map((id) => agentOf(id)), teamOf('team', agentIds, team));
  [a, b] = await Promise.all([node('a', leaseMs), node('b', leaseMs)]);
  for (const agentId of agentIds) {
    await a.register(agentId);
    await b.sees(agentId, 'available');
  }
}

async function node(nodeId: string, leaseMs = 15_000): Promise<DeskNode> {
  const opened = await DeskNode.open({ url: store.url, nodeId, directory, prefix, leaseMs });
  open.push(opened);
  return opened;
}

/** Joins the team's queue. */
async function join(
  at: DeskNode,
  callId: string,
  more: Parameters<typeof request>[2] = {},
): Promise<QueuePlace> {
  const place = await at.desk.queue(request(callId, 'team', more));
  if (!place) throw new Error(`no place for ${callId}`);
  return place;
}

/** An agent is on the call `talk` from here on, and all know. */
async function busy(agentId: string): Promise<void> {
  const claim = await a.desk.claim({ ...request('talk', 'team'), group: { kind: 'agent', id: agentId } });
  expect(claimed(claim)).toEqual([agentId]);
  a.desk.answered('talk', agentId);
  await Promise.all([a.sees(agentId, 'on_call'), b.sees(agentId, 'on_call')]);
}

/** Waits for turns and claims until it gets somebody, as a ringing call does. */
async function serve(
  at: DeskNode,
  callId: string,
  place: QueuePlace,
  skills: readonly string[] = [],
): Promise<string[]> {
  for (;;) {
    await place.turn();
    const claim = await at.claimTeam(callId, 'team', { skills });
    if (claim.kind === 'nobody') return [];
    if (claim.kind === 'agents') return claimed(claim);
  }
}

test('a team without a queue, or an agent, has none', async () => {
  await twoNodes(['ann'], { queue: undefined });
  expect(await a.desk.queue(request('call', 'team'))).toBeUndefined();
  expect(await a.desk.queue(request('call', 'nobody'))).toBeUndefined();
  const group = { kind: 'agent', id: 'ann' } as const;
  expect(await a.desk.queue(request('call', 'team', { group }))).toBeUndefined();
});

test('who comes first is served first, on whichever node', async () => {
  await twoNodes(['ann']);
  await busy('ann');
  const callers = [];
  for (const [at, callId] of [
    [b, 'one'],
    [a, 'two'],
    [b, 'three'],
  ] as const) {
    callers.push({ at, callId, place: await join(at, callId) });
  }
  expect(callers.map(({ place }) => place.position)).toEqual([1, 2, 3]);
  expect(callers[0]?.place.maxWaitMs).toBe(60_000);
  const served: string[] = [];
  const all = callers.map(async ({ at, callId, place }) => {
    expect(await serve(at, callId, place)).toEqual(['ann']);
    served.push(callId);
    place.leave();
    at.desk.answered(callId, 'ann');
    at.desk.ended(callId, 'ann');
  });
  a.desk.ended('talk', 'ann');
  await Promise.all(all);
  expect(served).toEqual(['one', 'two', 'three']);
  await until('the line to be empty', async () => (await a.desk.waiting('team')) === 0);
});

test('a new caller does not get the agent for whom others wait', async () => {
  await twoNodes(['ann', 'bob']);
  await busy('ann');
  await busy('bob');
  const place = await join(a, 'waits');
  a.desk.ended('talk', 'ann');
  await Promise.all([a.sees('ann', 'available'), b.sees('ann', 'available')]);
  expect(await b.claimTeam('new', 'team')).toEqual({ kind: 'busy' });
  a.desk.ended('talk', 'bob');
  await b.sees('bob', 'available');
  expect(claimed(await b.claimTeam('new', 'team'))).toHaveLength(1);
  expect(await serve(a, 'waits', place)).toHaveLength(1);
});

test('whose skills nobody has who is free keeps nobody back', async () => {
  await twoNodes(['ann', 'bob']);
  directory.put(agentOf('ann', { skills: { solar: 5 } }));
  await busy('ann');
  await busy('bob');
  const first = await join(a, 'solar', { skills: ['solar'] });
  const second = await join(b, 'any');
  const solar = serve(a, 'solar', first, ['solar']);
  a.desk.ended('talk', 'bob');
  expect(await serve(b, 'any', second)).toEqual(['bob']);
  a.desk.ended('talk', 'ann');
  expect(await solar).toEqual(['ann']);
});

test('a caller for whom agents ring keeps the place, and others are served meanwhile', async () => {
  await twoNodes(['ann', 'bob']);
  await busy('ann');
  await busy('bob');
  const [first, second] = [await join(a, 'one'), await join(b, 'two')];
  const served = serve(a, 'one', first);
  a.desk.ended('talk', 'ann');
  expect(await served).toEqual(['ann']);
  const behind = serve(b, 'two', second);
  a.desk.ended('talk', 'bob');
  expect(await behind).toEqual(['bob']);
  // Nobody answers: the first is still the first.
  b.desk.release('two', 'bob', 'declined');
  const again = second.turn();
  await until('bob to be free', async () => (await b.stateOf('bob')) === 'available');
  a.desk.release('one', 'ann', 'no_answer');
  await until('ann to be free', async () => (await a.stateOf('ann')) === 'available');
  await first.turn();
  expect(claimed(await a.claimTeam('one', 'team', { tried: new Set(['ann']) }))).toEqual(['bob']);
  await again;
  expect(claimed(await b.claimTeam('two', 'team', { tried: new Set(['bob']) }))).toEqual(['ann']);
});

test('when nobody is at work any more, callers are told at once', async () => {
  await twoNodes(['ann']);
  await busy('ann');
  const place = await join(b, 'call');
  const turn = place.turn();
  await a.states.choose('ann', 'away');
  a.desk.ended('talk', 'ann');
  await turn;
  expect(await b.claimTeam('call', 'team')).toEqual({ kind: 'nobody' });
});

test('so many may wait and no more, over all nodes; everybody is told how many do', async () => {
  await twoNodes(['ann'], { queue: { maxLength: 2, maxWaitMs: 1_000 } });
  const told: string[] = [];
  for (const at of [a, b])
    at.desk.onQueue(({ teamId, waiting }) => told.push(`${at.nodeId}:${teamId}:${waiting}`));
  await busy('ann');
  const first = await join(a, 'one');
  const second = await join(b, 'two');
  expect(await a.desk.queue(request('three', 'team'))).toBeUndefined();
  expect(await b.desk.waiting('team')).toBe(2);
  first.leave();
  first.leave();
  second.leave();
  const all = [1, 2, 1, 0].flatMap((waiting) => [`a:team:${waiting}`, `b:team:${waiting}`]);
  await until('both nodes to be told', () => told.length >= all.length);
  expect([...told].sort()).toEqual([...all].sort());
  await first.turn();
});

test('callers move up, and are told', async () => {
  await twoNodes(['ann']);
  await busy('ann');
  const [first, second, third] = [await join(a, 'one'), await join(b, 'two'), await join(a, 'three')];
  const positions: number[] = [];
  third.onPosition((position) => positions.push(position));
  second.leave();
  await until('the third to be second', () => positions.at(-1) === 2);
  first.leave();
  await until('the third to be first', () => third.position === 1 && positions.at(-1) === 1);
  expect(positions).toEqual([2, 1]);
});

test('places of a node that is gone lapse, and the next is served', async () => {
  await twoNodes(['ann'], {}, 300);
  await busy('ann');
  const c = await node('c', 300);
  await join(c, 'lost');
  const place = await join(b, 'next');
  expect(place.position).toBe(2);
  const served = serve(b, 'next', place);
  await c.crash();
  a.desk.ended('talk', 'ann');
  expect(await served).toEqual(['ann']);
  place.leave();
  await until('the line to be empty', async () => (await b.desk.waiting('team')) === 0);
});

test('a place that its holder forgot is given up', async () => {
  await twoNodes(['ann'], { queue: { maxLength: 2, maxWaitMs: -60_000 } }, 300);
  await busy('ann');
  await join(a, 'forgotten');
  await until('the place to be given up', async () => (await b.desk.waiting('team')) === 0);
});

test('first come, first served, however callers come and go', async () => {
  await twoNodes(['ann', 'bob']);
  await busy('ann');
  await busy('bob');
  const step = fc.record({
    at: fc.constantFrom('a', 'b'),
    act: fc.constantFrom('join', 'join', 'leave'),
    which: fc.nat(),
  });
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { size: 'max', maxLength: 14 }), async (steps) => {
      const line: { callId: string; place: QueuePlace }[] = [];
      for (const { at, act, which } of steps) {
        if (act === 'join') {
          const callId = `call${calls++}`;
          const place = await join(at === 'a' ? a : b, callId);
          line.push({ callId, place });
          expect(place.position).toBe(line.length);
        } else if (line.length > 0) {
          const [left] = line.splice(which % line.length, 1);
          left?.place.leave();
          const count = line.length;
          await until('the place to be given back', async () => (await a.desk.waiting('team')) === count);
        }
      }
      await until('everybody to know the place', () =>
        line.every(({ place }, n) => place.position === n + 1),
      );
      for (const { place } of line) place.leave();
      await until('the line to be empty', async () => (await b.desk.waiting('team')) === 0);
    }),
    { numRuns: 15 },
  );
});
