import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { UNKNOWN_AGENT } from '../../../src/presence/agent-record';
import { encodeRecord } from '../../../src/presence/record-codec';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import { agentOf, teamOf } from '../../unit/presence/agents';
import type { DeskNodeOptions } from './desk-node';
import { claimed, DeskNode, phoneOf, request, TestDirectory } from './desk-node';

let store: TestRedis;
let directory: TestDirectory;
let prefix: string;
const open: DeskNode[] = [];

beforeAll(async () => {
  store = await testRedis();
});
afterAll(() => store.drop());
beforeEach(async () => {
  // Registrations have no prefix.
  await store.drop();
  directory = new TestDirectory();
  prefix = `test-${randomUUID()}:`;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

async function node(nodeId: string, more: Partial<DeskNodeOptions> = {}): Promise<DeskNode> {
  const opened = await DeskNode.open({ url: store.url, nodeId, directory, prefix, ...more });
  open.push(opened);
  return opened;
}

/** Two nodes, and a team of agents whose phones registered at the first one, one after the other. */
async function twoNodes(
  agentIds: readonly string[],
  team: Parameters<typeof teamOf>[2] = {},
): Promise<[DeskNode, DeskNode]> {
  directory.put(...agentIds.map((id) => directory.agent(id) ?? agentOf(id)), teamOf('team', agentIds, team));
  const [a, b] = await Promise.all([node('a'), node('b')]);
  for (const agentId of agentIds) {
    await a.register(agentId);
    await b.sees(agentId, 'available');
  }
  return [a, b];
}

test('a call takes an agent through all states, and every node is told of each', async () => {
  directory.put(agentOf('ann', { wrapUpMs: 50 }));
  const [a, b] = await twoNodes(['ann']);
  expect(claimed(await b.claimTeam('call', 'team'))).toEqual(['ann']);
  b.desk.answered('call', 'ann');
  await a.sees('ann', 'on_call');
  b.desk.ended('call', 'ann');
  await until('all to be told', () => [a, b].every(({ told }) => told.length === 5));
  const states = ['available', 'ringing', 'on_call', 'wrap_up', 'available'];
  for (const { told } of [a, b]) expect(told).toEqual(states.map((state) => `ann:${state}`));
});

test('the call that an agent is on is known on every node, and that which only rings is not', async () => {
  const [a, b] = await twoNodes(['ann']);
  await b.claimTeam('call', 'team');
  expect(await a.desk.callOf('ann')).toBeUndefined();
  b.desk.answered('call', 'ann');
  await a.sees('ann', 'on_call');
  expect(await a.desk.callOf('ann')).toEqual({ callId: 'call', nodeId: 'b' });
  b.desk.ended('call', 'ann');
  await a.sees('ann', 'available');
  expect(await a.desk.callOf('ann')).toBeUndefined();
  expect(await a.desk.callOf('nobody')).toBeUndefined();
});

test('nobody is rung, nor waited for, for a buyer whose people they are not', async () => {
  directory.put(agentOf('eve', { buyerId: 'rival' }), teamOf('rivals', ['eve'], { buyerId: 'rival' }));
  const [a] = await twoNodes(['ann']);
  await a.register('eve');
  const agent = (id: string) => ({ group: { kind: 'agent', id } as const });
  const rival = { buyerId: 'rival' };
  expect(await a.claimTeam('call', '', agent('eve'))).toEqual({ kind: 'nobody' });
  expect(await a.claimTeam('call', 'rivals')).toEqual({ kind: 'nobody' });
  expect(await a.claimTeam('call', 'team', rival)).toEqual({ kind: 'nobody' });
  expect(await a.desk.queue(request('call', 'rivals'))).toBeUndefined();
  expect(await a.desk.waiting('rivals')).toBe(0);
  expect(await a.stateOf('eve')).toBe('available');
  // Their own may.
  expect(claimed(await a.claimTeam('one', 'rivals', rival))).toEqual(['eve']);
  expect(claimed(await a.claimTeam('other', '', agent('ann')))).toEqual(['ann']);
});

test('phones are reached on their connection, those of another node through it', async () => {
  const [a, b] = await twoNodes(['ann', 'bob'], { distribution: 'simultaneous' });
  await b.register('bob', {
    key: 'desk',
    contact: 'sip:bob@10.0.0.9',
    flow: { transport: 'udp', address: '203.0.113.4', port: 6_000 },
  });
  const claim = await a.claimTeam('call', 'team');
  if (claim.kind !== 'agents') throw new Error(claim.kind);
  expect(claim.ringMs).toBeUndefined();
  const contacts = new Map(claim.agents.map(({ agentId, contacts: all }) => [agentId, all]));
  expect(contacts.get('ann')).toMatchObject([
    { uri: 'sip:ann@phone.invalid;transport=ws', route: 'sip:192.0.2.7:50123;transport=wss', webrtc: true },
  ]);
  expect(contacts.get('bob')).toMatchObject([
    { route: 'sip:192.0.2.7:50123;transport=wss', webrtc: true },
    { uri: 'sip:desk@phone.invalid', route: 'sip:b', webrtc: false },
  ]);
});

test('whoever waits longest is rung, one at a time, and nobody twice for one call', async () => {
  const [a, b] = await twoNodes(['ann', 'bob']);
  const first = await a.claimTeam('one', 'team');
  expect(first).toMatchObject({ kind: 'agents', ringMs: 15_000 });
  expect(claimed(first)).toEqual(['ann']);
  a.desk.release('one', 'ann', 'declined');
  await b.sees('ann', 'available');
  expect(claimed(await b.claimTeam('two', 'team'))).toEqual(['bob']);
  await a.sees('bob', 'ringing');
  expect(await a.claimTeam('one', 'team', { tried: new Set(['ann']) })).toEqual({ kind: 'busy' });
  expect(await a.claimTeam('one', 'team', { tried: new Set(['ann', 'bob']) })).toEqual({ kind: 'nobody' });
});

test('turns are taken over all nodes', async () => {
  const [a, b] = await twoNodes(['ann', 'bob', 'cat'], { distribution: 'round_robin' });
  const rung: string[] = [];
  for (let call = 0; call < 7; call++) {
    const by = call % 2 === 0 ? a : b;
    const [agentId = ''] = claimed(await by.claimTeam(`call${call}`, 'team'));
    rung.push(agentId);
    by.desk.release(`call${call}`, agentId, 'caller_gone');
    await until('the agent to be free', async () => (await by.stateOf(agentId)) === 'available');
  }
  expect(rung).toEqual(['ann', 'bob', 'cat', 'ann', 'bob', 'cat', 'ann']);
});

test('skills are needed, and who masters them comes first', async () => {
  directory.put(agentOf('ann', { skills: { spanish: 2 } }), agentOf('cat', { skills: { spanish: 8 } }));
  const [a] = await twoNodes(['ann', 'bob', 'cat']);
  expect(claimed(await a.claimTeam('one', 'team', { skills: ['spanish'] }))).toEqual(['cat']);
  expect(claimed(await a.claimTeam('two', 'team', { skills: ['spanish'] }))).toEqual(['ann']);
  expect(await a.claimTeam('three', 'team', { skills: ['spanish'] })).toEqual({ kind: 'busy' });
  expect(await a.claimTeam('three', 'team', { skills: ['solar'] })).toEqual({ kind: 'nobody' });
});

test('who is away or has no phone is not there', async () => {
  const [a, b] = await twoNodes(['ann', 'bob']);
  expect(await b.states.choose('ann', 'away')).toMatchObject({ state: 'away' });
  await a.unregister('bob');
  await b.sees('bob', 'offline');
  expect(await b.claimTeam('call', 'team')).toEqual({ kind: 'nobody' });
  const alone = { kind: 'agent', id: 'bob' } as const;
  expect(await a.claimTeam('call', 'team', { group: alone })).toEqual({ kind: 'nobody' });
  await a.register('bob');
  expect(claimed(await b.claimTeam('call', 'team', { group: alone }))).toEqual(['bob']);
});

test('a phone that could not be reached is not rung again until it registers anew', async () => {
  const [a, b] = await twoNodes(['ann']);
  const contact = phoneOf(await b.claimTeam('call', 'team'));
  b.desk.lost(contact, 430);
  b.desk.release('call', 'ann', 'unreachable');
  await Promise.all([a.sees('ann', 'offline'), b.sees('ann', 'offline')]);
  expect(await a.claimTeam('next', 'team')).toEqual({ kind: 'nobody' });
  await a.register('ann');
  expect(claimed(await b.claimTeam('next', 'team'))).toEqual(['ann']);
});

test('a phone that registers while it is rung in vain is rung again', async () => {
  const [a, b] = await twoNodes(['ann']);
  const contact = phoneOf(await a.claimTeam('call', 'team'));
  await a.renew('ann', { cseq: 2 });
  a.desk.lost(contact, 408);
  b.desk.lost(contact, 430);
  a.desk.release('call', 'ann', 'unreachable');
  await b.sees('ann', 'available');
  // Whatever was asked before this is done.
  await Promise.all([a.bindings.of('ann', Date.now()), b.bindings.of('ann', Date.now())]);
  expect(claimed(await b.claimTeam('next', 'team'))).toEqual(['ann']);
});

test('a node that cannot be reached takes no phone of another away', async () => {
  const [a, b] = await twoNodes(['ann']);
  const contact = phoneOf(await b.claimTeam('call', 'team'));
  for (const status of [408, 503]) b.desk.lost(contact, status);
  b.desk.release('call', 'ann', 'unreachable');
  await a.sees('ann', 'available');
  await b.bindings.of('ann', Date.now());
  expect(claimed(await a.claimTeam('next', 'team'))).toEqual(['ann']);
});

test('whose phone rings in vain again and again is away', async () => {
  const [a, b] = await twoNodes(['ann']);
  for (const callId of ['one', 'two', 'three']) {
    expect(claimed(await b.claimTeam(callId, 'team'))).toEqual(['ann']);
    b.desk.release(callId, 'ann', 'no_answer');
    await until('ann to be given back', async () => (await b.stateOf('ann')) !== 'ringing');
  }
  await a.sees('ann', 'away');
  expect(await a.states.choose('ann', 'available')).toMatchObject({ state: 'available' });
  expect(claimed(await b.claimTeam('four', 'team'))).toEqual(['ann']);
});

test('what a call that does not have an agent says of the agent counts for nothing', async () => {
  const [a, b] = await twoNodes(['ann']);
  await b.claimTeam('call', 'team');
  a.desk.release('other', 'ann', 'declined');
  b.desk.ended('other', 'ann');
  b.desk.answered('call', 'ann');
  await a.sees('ann', 'on_call');
  expect(a.told).toEqual(['ann:available', 'ann:ringing', 'ann:on_call']);
});

test('who is on a call is not claimed for another, though Redis has forgotten it', async () => {
  const [a] = await twoNodes(['ann']);
  await a.claimTeam('one', 'team');
  a.desk.answered('one', 'ann');
  await a.sees('ann', 'on_call');
  await a.redis.hdel(`${prefix}agents`, 'ann');
  expect(await a.claimTeam('two', 'team')).toEqual({ kind: 'busy' });
  a.desk.ended('one', 'ann');
  await until('ann to be free', async () => (await a.stateOf('ann')) === 'available');
  expect(claimed(await a.claimTeam('two', 'team'))).toEqual(['ann']);
});

test('a registration shows though somebody else changes the agent at the same moment', async () => {
  const [a, b] = await twoNodes([]);
  // That would look as well.
  await b.close();
  directory.put(agentOf('ann'));
  const redis = a.redis as unknown as { dceAgentsSwap: (...args: unknown[]) => Promise<string[]> };
  const swap = redis.dceAgentsSwap;
  // Between the look and the change, once.
  redis.dceAgentsSwap = async (...args) => {
    redis.dceAgentsSwap = swap;
    const rival = encodeRecord({ ...UNKNOWN_AGENT, version: 1, chosen: 'away' });
    await a.redis.hset(`${prefix}agents`, 'ann', rival);
    return swap.apply(a.redis, args);
  };
  await a.renew('ann');
  await a.sees('ann', 'away');
});

test('a node that looked before a phone registered does not say afterwards that there is none', async () => {
  const [a, b] = await twoNodes([]);
  directory.put(agentOf('ann'));
  const { bindings } = b;
  const ofAll = bindings.ofAll.bind(bindings);
  let looks = 0;
  bindings.ofAll = async (...args) => {
    const found = await ofAll(...args);
    if (++looks > 1) return found;
    await a.renew('ann');
    await until('a to know it', () => a.told.includes('ann:available'));
    return found;
  };
  await bindings.apply('ann', [], { put: [], remove: [] }, Date.now());
  await until('b to be done with its first look', () => looks > 1);
  await a.unregister('ann');
  await a.sees('ann', 'offline');
  expect(a.told).toEqual(['ann:available', 'ann:offline']);
});

test('who became known while a node heard nothing is told of when it hears again', async () => {
  const [a] = await twoNodes(['ann']);
  const bob = { ...UNKNOWN_AGENT, version: 1, chosen: 'away' as const, reachableUntil: Date.now() + 60_000 };
  await a.redis.hset(`${prefix}agents`, 'bob', encodeRecord(bob));
  await a.redis.hset(`${prefix}agents`, 'broken', 'no record');
  const database = new URL(store.url).pathname.slice(1);
  const clients = String(await a.redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  for (const line of clients.split('\n')) {
    const [, id] = / db=(\d+) /.exec(line)?.[1] === database ? (/^id=(\d+) /.exec(line) ?? []) : [];
    if (id !== undefined) await a.redis.call('CLIENT', 'KILL', 'ID', id);
  }
  await a.sees('bob', 'away');
  expect(await a.stateOf('ann')).toBe('available');
  expect(a.degradations).toEqual([]);
});

test('no agent is ever claimed twice, whatever two desks do at once', async () => {
  const agentIds = ['a0', 'a1', 'a2', 'a3'];
  const [a, b] = await twoNodes(agentIds);
  directory.put(
    ...(['simultaneous', 'longest_idle', 'round_robin'] as const).map((distribution) =>
      teamOf(distribution, agentIds, { distribution, queue: undefined }),
    ),
  );
  const act = fc.record({
    at: fc.constantFrom(a, b),
    team: fc.constantFrom('simultaneous', 'longest_idle', 'round_robin'),
    then: fc.constantFrom('release' as const, 'talk' as const),
  });
  const holder = new Map<string, string>();
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 6 }), async (acts) => {
      const rounds = await Promise.all(
        acts.map(async ({ at, team, then }) => {
          const callId = `call${calls++}`;
          const got = claimed(await at.claimTeam(callId, team));
          for (const agentId of got) {
            if (holder.has(agentId)) throw new Error(`${agentId} has ${holder.get(agentId)} and ${callId}`);
            holder.set(agentId, callId);
          }
          return { at, then, callId, got };
        }),
      );
      expect(rounds.flatMap(({ got }) => got).length).toBeGreaterThan(0);
      for (const { at, then, callId, got } of rounds) {
        for (const agentId of got) {
          holder.delete(agentId);
          if (then === 'talk') at.desk.answered(callId, agentId);
          if (then === 'talk') at.desk.ended(callId, agentId);
          else at.desk.release(callId, agentId, 'caller_gone');
        }
      }
      await until('everybody to be free', async () => {
        const seen = await a.states.of(agentIds);
        return [...seen.values()].every(({ state }) => state === 'available');
      });
    }),
    { numRuns: 40 },
  );
  expect([a, b].flatMap(({ errors }) => errors)).toEqual([]);
});

test('whom a call left ringing is freed, and that is told', async () => {
  directory.put(agentOf('ann'), teamOf('team', ['ann']));
  const a = await node('a', { leaseMs: 150, states: { maxRingMs: 1 } });
  await a.register('ann');
  expect(claimed(await a.claimTeam('call', 'team'))).toEqual(['ann']);
  await until('ann to be freed', () => a.told.length === 3);
  expect(a.told).toEqual(['ann:available', 'ann:ringing', 'ann:available']);
  expect(a.errors.map(({ message }) => message)).toEqual(['agent ann was left ringing by call call']);
});

describe('a node that is gone', () => {
  const LEASE_MS = 300;

  test('what it held lapses; what others hold stays', async () => {
    directory.put(agentOf('ann'), agentOf('bob'), teamOf('team', ['ann', 'bob']));
    const leaseMs = LEASE_MS;
    const [a, b] = await Promise.all([node('a', { leaseMs }), node('b', { leaseMs })]);
    await b.register('ann');
    await b.register('bob');
    await a.claimTeam('one', 'team', { group: { kind: 'agent', id: 'ann' } });
    a.desk.answered('one', 'ann');
    await b.claimTeam('two', 'team', { group: { kind: 'agent', id: 'bob' } });
    await Promise.all([b.sees('ann', 'on_call'), b.sees('bob', 'ringing')]);
    await a.crash();
    await b.sees('ann', 'available');
    expect(b.seen('bob')).toBe('ringing');
    expect(await b.stateOf('bob')).toBe('ringing');
    expect(claimed(await b.claimTeam('three', 'team'))).toEqual(['ann']);
  });

  test('it frees whom it held when it starts again', async () => {
    const [a, b] = await twoNodes(['ann', 'bob']);
    await a.claimTeam('one', 'team', { group: { kind: 'agent', id: 'ann' } });
    await b.claimTeam('two', 'team', { group: { kind: 'agent', id: 'bob' } });
    await Promise.all([b.sees('ann', 'ringing'), b.sees('bob', 'ringing')]);
    await a.crash();
    // Its leases last for seconds still.
    const again = await node('a');
    await again.register('ann');
    await b.sees('ann', 'available');
    expect(await again.stateOf('bob')).toBe('ringing');
  });
});

test('a registration that is renewed shows no gap', async () => {
  directory.put(agentOf('ann'));
  const a = await node('a', { leaseMs: 300 });
  const soon = Date.now() + 400;
  await a.register('ann', { expiresAt: soon });
  const before = await a.bindings.of('ann', Date.now());
  await a.register('ann', { expiresAt: Date.now() + 60_000, cseq: 2 });
  expect(before).toHaveLength(1);
  await until('the first registration to be over', () => Date.now() > soon + 200);
  expect(await a.stateOf('ann')).toBe('available');
  expect(a.told).toEqual(['ann:available']);
});

test('a registration that runs out shows', async () => {
  directory.put(agentOf('ann'));
  const [a, b] = await Promise.all([node('a', { leaseMs: 300 }), node('b', { leaseMs: 300 })]);
  await a.register('ann', { expiresAt: Date.now() + 300 });
  await Promise.all([a.sees('ann', 'offline'), b.sees('ann', 'offline')]);
});
