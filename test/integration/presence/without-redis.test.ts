import type { OwnTestRedis } from '../../support/test-redis';
import { ownTestRedis } from '../../support/test-redis';
import { TcpProxy } from '../../support/tcp-proxy';
import { until } from '../../support/until';
import { agentOf, bindingOf, teamOf } from '../../unit/presence/agents';
import type { QueuePlace } from '../../../src/signaling';
import type { DeskNodeOptions } from './desk-node';
import { claimed, DeskNode, request, TestDirectory } from './desk-node';
import { openRedis } from '../../../src/storage';

let store: OwnTestRedis;
let proxy: TcpProxy;
let directory: TestDirectory;
let a: DeskNode;
let b: DeskNode;
let prefix: string;
let runs = 0;

beforeAll(async () => {
  store = await ownTestRedis();
  proxy = await TcpProxy.open(store.url);
});
afterAll(async () => {
  await proxy.close();
  await store.drop();
});

/** ann's phone is on the first node, bob's on the second. */
beforeEach(async () => {
  proxy.mend();
  directory = new TestDirectory();
  directory.put(
    agentOf('ann'),
    agentOf('bob'),
    teamOf('team', ['ann', 'bob'], { distribution: 'simultaneous' }),
  );
  prefix = `test${runs++}:`;
  [a, b] = (await Promise.all(['a', 'b'].map((nodeId) => DeskNode.open(nodeOptions(nodeId))))) as [
    DeskNode,
    DeskNode,
  ];
  await a.register('ann');
  await b.register('bob');
  await Promise.all([a.sees('bob', 'available'), b.sees('ann', 'available')]);
});
afterEach(async () => {
  proxy.mend();
  await Promise.all([a.close(), b.close()]);
});

function nodeOptions(nodeId: string): DeskNodeOptions {
  return { url: proxy.url, nodeId, directory, prefix, leaseMs: 1_500 };
}

async function bothDegraded(degraded: boolean): Promise<void> {
  await until(`degraded to be ${degraded}`, () => [a, b].every(({ states }) => states.degraded === degraded));
}

test('each node rings its own agents while Redis is away, and says so', async () => {
  proxy.cut();
  await bothDegraded(true);
  expect(claimed(await a.claimTeam('one', 'team'))).toEqual(['ann']);
  expect(claimed(await b.claimTeam('two', 'team'))).toEqual(['bob']);
  expect(await a.claimTeam('three', 'team')).toEqual({ kind: 'busy' });
  a.desk.answered('one', 'ann');
  await a.sees('ann', 'on_call');
  b.desk.release('two', 'bob', 'declined');
  await b.sees('bob', 'available');
  proxy.mend();
  await bothDegraded(false);
  // What happened meanwhile is known to all.
  await Promise.all([b.sees('ann', 'on_call'), a.sees('bob', 'available')]);
  expect(a.degradations).toEqual([true, false]);
  a.desk.ended('one', 'ann');
  await b.sees('ann', 'available');
  await until('phones of other nodes to be rung again', () => !a.states.ownOnly && !b.states.ownOnly);
  expect(claimed(await b.claimTeam('four', 'team')).sort()).toEqual(['ann', 'bob']);
  expect([...a.errors, ...b.errors]).toEqual([]);
});

test('a Redis that hangs costs the first call a moment, and no call its agents', async () => {
  proxy.freeze();
  expect(claimed(await a.claimTeam('one', 'team'))).toEqual(['ann']);
  a.desk.release('one', 'ann', 'caller_gone');
  await until('ann to be free', async () => (await a.stateOf('ann')) === 'available');
  expect(claimed(await a.claimTeam('two', 'team'))).toEqual(['ann']);
  proxy.mend();
  await bothDegraded(false);
  await b.sees('ann', 'ringing');
  a.desk.release('two', 'ann', 'caller_gone');
  await b.sees('ann', 'available');
});

test('what agents choose meanwhile counts when Redis is back', async () => {
  proxy.cut();
  await bothDegraded(true);
  expect(await a.states.choose('ann', 'away')).toMatchObject({ state: 'away' });
  proxy.mend();
  await b.sees('ann', 'away');
  expect(await b.stateOf('ann')).toBe('away');
  expect(await b.stateOf('bob')).toBe('available');
});

test('a Redis that has forgotten everything learns who is on a call, and who is away', async () => {
  await b.claimTeam('call', 'team', { group: { kind: 'agent', id: 'bob' } });
  b.desk.answered('call', 'bob');
  await b.states.choose('ann', 'away');
  await Promise.all([a.sees('bob', 'on_call'), a.sees('ann', 'away')]);
  proxy.cut();
  await bothDegraded(true);
  const direct = openRedis(store.url, true);
  await direct.flushall();
  direct.disconnect();
  proxy.mend();
  await bothDegraded(false);
  await until('both to be known', async () => {
    const seen = await a.states.of(['ann', 'bob']);
    return seen.get('ann')?.state === 'away' && seen.get('bob')?.state === 'on_call';
  });
});

test('callers wait at their node, and are served in their order when Redis is back', async () => {
  for (const callId of ['talk-a', 'talk-b']) {
    const at = callId === 'talk-a' ? a : b;
    const id = callId === 'talk-a' ? 'ann' : 'bob';
    await at.desk.claim({ ...request(callId, 'team'), group: { kind: 'agent', id } });
    at.desk.answered(callId, id);
  }
  await Promise.all([a.sees('bob', 'on_call'), b.sees('ann', 'on_call')]);
  const first = await b.desk.queue(request('first', 'team'));
  proxy.cut();
  await bothDegraded(true);
  const second = await a.desk.queue(request('second', 'team'));
  expect(second?.position).toBe(1);
  expect(await a.desk.waiting('team')).toBe(1);
  // Its own agent comes free meanwhile.
  const turn = second?.turn();
  a.desk.ended('talk-a', 'ann');
  await turn;
  expect(claimed(await a.claimTeam('second', 'team'))).toEqual(['ann']);
  a.desk.release('second', 'ann', 'declined');
  proxy.mend();
  await bothDegraded(false);
  await until('both to wait in one line', async () => (await a.desk.waiting('team')) === 2);
  await until('the order to be theirs', () => first?.position === 1 && second?.position === 2);
});

test('a phone that registers while Redis is away is rung', async () => {
  proxy.cut();
  await bothDegraded(true);
  directory.put(agentOf('cat'), teamOf('other', ['cat']));
  const put = [bindingOf('cat', 'b')];
  await b.bindings.apply('cat', [], { put, remove: [] }, Date.now());
  await b.sees('cat', 'available');
  expect(claimed(await b.claimTeam('call', 'other'))).toEqual(['cat']);
  proxy.mend();
  await a.sees('cat', 'ringing');
});

test('a node that does not know where phones are takes nobody for gone', async () => {
  const c = await DeskNode.open({ ...nodeOptions('c'), url: store.url, bindingsUrl: proxy.url });
  try {
    proxy.cut();
    await until('the node to notice', () => c.bindings.degraded);
    expect(c.states.degraded).toBe(false);
    expect(await c.stateOf('ann')).toBe('available');
    expect(await c.claimTeam('call', 'team')).toEqual({ kind: 'nobody' });
    await c.states.choose('ann', 'available');
    expect(await c.stateOf('ann')).toBe('available');
  } finally {
    await c.close();
  }
});

test('callers wait for agents whose phones are on other nodes until those are reached again', async () => {
  proxy.cut();
  await bothDegraded(true);
  directory.put(agentOf('ann', { skills: { spanish: 1 } }));
  const join = async (callId: string, skills: readonly string[]): Promise<QueuePlace> => {
    const place = await b.desk.queue(request(callId, 'team', { skills }));
    if (!place) throw new Error(`no place for ${callId}`);
    return place;
  };
  const [spanish, any] = [await join('spanish', ['spanish']), await join('any', [])];
  let called = 0;
  const turn = spanish.turn().then(() => called++);
  // That this one is called shows that the line was looked at.
  await any.turn();
  expect(called).toBe(0);
  proxy.mend();
  await bothDegraded(false);
  await turn;
  expect(claimed(await b.claimTeam('spanish', 'team', { skills: ['spanish'] }))).toEqual(['ann']);
  any.leave();
  spanish.leave();
});
