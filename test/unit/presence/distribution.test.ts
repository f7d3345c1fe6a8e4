import fc from 'fast-check';
import type { Distribution } from '../../../src/domain';
import type { AgentDirectory } from '../../../src/presence/agent-directory';
import { contactsOf } from '../../../src/presence/agent-contacts';
import { flowUri } from '../../../src/signaling';
import { distribute, hasSkills, membersOf, MOST_AT_ONCE } from '../../../src/presence/distribution';
import type { Waiting } from '../../../src/presence/turns';
import { suits, turnsOf } from '../../../src/presence/turns';
import { agentOf, bindingOf, teamOf } from './agents';

const agents = [
  agentOf('ann', { skills: { spanish: 3 } }),
  agentOf('bob'),
  agentOf('cat', { skills: { spanish: 9, solar: 1 } }),
  agentOf('dan', { skills: { spanish: 3 } }),
];
const free = (...ids: string[]): { agentId: string; idleSince: number }[] => {
  const idleSince: Record<string, number> = { ann: 40, bob: 10, cat: 30, dan: 20 };
  return ids.map((agentId) => ({ agentId, idleSince: idleSince[agentId] ?? 0 }));
};
const ALL = ['ann', 'bob', 'cat', 'dan'];

test.each<[Distribution, string[], string[], string | undefined, string[], number]>([
  ['simultaneous', ALL, [], undefined, ['bob', 'dan', 'cat', 'ann'], MOST_AT_ONCE],
  ['longest_idle', ALL, [], undefined, ['bob', 'dan', 'cat', 'ann'], 1],
  ['longest_idle', ['ann', 'cat'], [], 'cat', ['cat', 'ann'], 1],
  ['longest_idle', ['ann', 'cat', 'dan'], ['spanish'], undefined, ['cat', 'dan', 'ann'], 1],
  ['round_robin', ALL, [], undefined, ALL, 1],
  ['round_robin', ALL, [], 'bob', ['cat', 'dan', 'ann', 'bob'], 1],
  ['round_robin', ALL, [], 'dan', ALL, 1],
  ['round_robin', ['ann', 'bob', 'dan'], [], 'bob', ['dan', 'ann', 'bob'], 1],
  ['round_robin', ALL, [], 'somebody who left', ALL, 1],
  ['round_robin', ['ann', 'cat', 'dan'], ['spanish'], 'ann', ['cat', 'dan', 'ann'], 1],
  ['round_robin', [], [], 'bob', [], 1],
])('%s of %j needing %j after %s: %j', (distribution, ids, needed, last, agentIds, most) => {
  expect(distribute({ distribution, agents }, free(...ids), needed, last)).toEqual({ agentIds, most });
});

test('every needed skill is had, at level 1 at least', () => {
  const [ann, bob, cat] = agents;
  if (!ann || !bob || !cat) throw new Error('three agents');
  expect(hasSkills(bob, [])).toBe(true);
  expect(hasSkills(bob, ['spanish'])).toBe(false);
  expect(hasSkills(ann, ['spanish', 'solar'])).toBe(false);
  expect(hasSkills(cat, ['spanish', 'solar'])).toBe(true);
  expect(hasSkills(agentOf('x', { skills: { spanish: 0 } }), ['spanish'])).toBe(false);
  expect(hasSkills(bob, ['constructor'])).toBe(false);
});

test("a team's members are its active agents, of its own buyer, once each", () => {
  const known = [
    ...agents,
    agentOf('gone', { status: 'disabled' }),
    agentOf('stranger', { buyerId: 'other' }),
  ];
  const directory: AgentDirectory = {
    agent: (id) => known.find((agent) => agent.id === id),
    team: () => undefined,
    teamsOf: () => [],
  };
  const team = teamOf('t', ['bob', 'gone', 'ann', 'stranger', 'nobody', 'bob']);
  expect(membersOf(team, directory).map(({ id }) => id)).toEqual(['bob', 'ann']);
  expect(membersOf({ ...team, status: 'disabled' }, directory)).toEqual([]);
  expect(membersOf(undefined, directory)).toEqual([]);
});

describe('turns', () => {
  const waiting = (callId: string, more: Partial<Waiting> = {}): Waiting => ({
    callId,
    skills: [],
    tried: [],
    wants: true,
    ...more,
  });
  const turns = (line: readonly Waiting[], ids: readonly string[], atOnce = false): object =>
    Object.fromEntries(
      turnsOf(
        line,
        agents.filter(({ id }) => ids.includes(id)),
        atOnce,
      ),
    );

  test.each<[string, Waiting[], string[], boolean, object]>([
    ['one agent is for the first', [waiting('1'), waiting('2')], ['ann'], false, { 1: ['ann'] }],
    [
      'whom others need less is taken first',
      [waiting('1'), waiting('2', { skills: ['solar'] })],
      ['bob', 'cat'],
      false,
      { 1: ['bob'], 2: ['cat'] },
    ],
    [
      'who finds nobody keeps nobody back',
      [waiting('1', { skills: ['solar'] }), waiting('2')],
      ['bob'],
      false,
      { 2: ['bob'] },
    ],
    [
      'whom it has tried is not for it',
      [waiting('1', { tried: ['bob'] }), waiting('2')],
      ['bob'],
      false,
      { 2: ['bob'] },
    ],
    [
      'who has agents ringing leaves the others',
      [waiting('1', { wants: false }), waiting('2')],
      ['bob'],
      false,
      { 2: ['bob'] },
    ],
    [
      'all who suit ring for one call',
      [waiting('1', { skills: ['spanish'] }), waiting('2'), waiting('3')],
      ALL,
      true,
      { 1: ['ann', 'cat', 'dan'], 2: ['bob'] },
    ],
    ['nobody is free', [waiting('1')], [], false, {}],
  ])('%s', (_, line, ids, atOnce, expected) => {
    expect(turns(line, ids, atOnce)).toEqual(expected);
  });

  test('nobody is for two calls; who is left out found nobody among what those before left', () => {
    const skills = fc.subarray(['a', 'b', 'c']);
    const someAgents = fc
      .array(skills, { size: 'max', maxLength: 8 })
      .map((all) =>
        all.map((of, n) => agentOf(`agent${n}`, { skills: Object.fromEntries(of.map((name) => [name, 5])) })),
      );
    const line = fc
      .array(
        fc.record({
          skills,
          tried: fc.subarray(['agent0', 'agent1', 'agent2']),
          wants: fc.boolean(),
        }),
        { size: 'max', maxLength: 10 },
      )
      .map((all) => all.map((of, n) => ({ callId: `call${n}`, ...of })));
    fc.assert(
      fc.property(line, someAgents, fc.boolean(), (callers, those, atOnce) => {
        const found = turnsOf(callers, those, atOnce);
        const given = [...found.values()].flat();
        expect(new Set(given).size).toBe(given.length);
        const left = new Map(those.map((agent) => [agent.id, agent]));
        for (const caller of callers) {
          const got = found.get(caller.callId) ?? [];
          const could = [...left.values()].filter((agent) => suits(agent, caller)).map(({ id }) => id);
          if (!caller.wants || could.length === 0) expect(got).toEqual([]);
          else if (atOnce) expect(got).toEqual(could);
          else {
            expect(got).toHaveLength(1);
            expect(could).toContain(got[0]);
          }
          for (const id of got) left.delete(id);
        }
      }),
    );
  });
});

describe('contacts', () => {
  const VIA = { uri: 'sip:ann@phone.invalid;token=x', route: 'sip:198.51.100.2:5060;transport=tcp' };
  const rules = { nodeId: 'here', routeVia: () => VIA, ownOnly: false };

  test.each([
    [{ transport: 'wss', address: '192.0.2.1', port: 4711 }, 'sip:192.0.2.1:4711;transport=wss'],
    [{ transport: 'udp', address: '2001:db8::1', port: 5060 }, 'sip:[2001:db8::1]:5060;transport=udp'],
    [{ transport: 'tls', address: '[2001:db8::1]', port: 5061 }, 'sip:[2001:db8::1]:5061;transport=tls'],
  ] as const)('a connection is named by where it comes from', (flow, uri) => {
    expect(flowUri(flow)).toBe(uri);
  });

  test('phones of this node are sent to on their connection, those of others through their node', () => {
    const here = bindingOf('ann', 'here');
    const desk = bindingOf('ann', 'here', {
      key: 'desk',
      contact: 'sip:ann@10.0.0.9:5060',
      flow: { transport: 'udp', address: '203.0.113.4', port: 61_000 },
    });
    const there = bindingOf('ann', 'there');
    expect(contactsOf([here, desk, there], rules)).toEqual([
      {
        agentId: 'ann',
        binding: here,
        uri: here.contact,
        route: 'sip:192.0.2.7:50123;transport=wss',
        webrtc: true,
      },
      {
        agentId: 'ann',
        binding: desk,
        uri: 'sip:ann@10.0.0.9:5060',
        route: 'sip:203.0.113.4:61000;transport=udp',
        webrtc: false,
      },
      {
        agentId: 'ann',
        binding: there,
        ...VIA,
        webrtc: true,
      },
    ]);
    expect(contactsOf([here, there], { ...rules, ownOnly: true }).map(({ binding }) => binding)).toEqual([
      here,
    ]);
    expect(contactsOf([there], { ...rules, routeVia: () => undefined })).toEqual([]);
  });
});
