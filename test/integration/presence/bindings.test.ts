import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { PresenceBus } from '../../../src/presence/presence-bus';
import type { RedisBindingsOptions } from '../../../src/presence/redis-bindings';
import { RedisBindings } from '../../../src/presence/redis-bindings';
import type { Binding } from '../../../src/signaling';
import { openRedis } from '../../../src/storage';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

interface Node {
  readonly store: RedisBindings;
  /** Agents whose bindings changed, as it heard. */
  readonly heard: string[];
  close(): void;
}

let redis: TestRedis;
let proxy: TcpProxy;
let channel: string;
let now: number;
let nodes: Node[];

beforeAll(async () => {
  redis = await testRedis();
  proxy = await TcpProxy.open(redis.url);
});
afterAll(async () => {
  await proxy.close();
  await redis.drop();
});
beforeEach(() => {
  channel = `bindings-${randomUUID()}`;
  now = 1_790_000_000_000;
  nodes = [];
});
afterEach(async () => {
  proxy.mend();
  for (const node of nodes) node.close();
  await using((client) => client.flushdb());
});

async function using<T>(work: (client: Redis) => Promise<T>): Promise<T> {
  const client = openRedis(redis.url, true);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** A node that hears what others tell. */
async function open(
  nodeId: string,
  more: Partial<RedisBindingsOptions> = {},
  url = redis.url,
): Promise<Node> {
  const client = openRedis(url);
  const bus = new PresenceBus(client);
  const store = new RedisBindings(client, {
    nodeId,
    origin: randomUUID(),
    bus,
    now: () => now,
    channel,
    sweepMs: 20,
    ...more,
  });
  const heard: string[] = [];
  store.onChange((agentId) => heard.push(agentId));
  const node = {
    store,
    heard,
    close: () => {
      store.close();
      bus.close();
      client.disconnect();
    },
  };
  nodes.push(node);
  let hears = 0;
  // A channel of the test's own, which is heard once that of bindings is.
  bus.listen(
    `${channel}-test`,
    () => undefined,
    () => hears++,
  );
  await store.start();
  await until('the node to hear', () => hears > 0);
  return node;
}

function bindingOf(more: Partial<Binding> = {}): Binding {
  return {
    agentId: 'anna',
    key: 'desk',
    contact: 'sip:x@y.invalid;transport=ws',
    instanceId: undefined,
    regId: undefined,
    nodeId: 'one',
    flow: { transport: 'wss', address: '192.0.2.1', port: 40_000 },
    userAgent: 'phone/1',
    callId: 'call-1',
    cseq: 1,
    registeredAt: now,
    expiresAt: now + 600_000,
    ...more,
  };
}

const put = (...bindings: Binding[]): { put: Binding[]; remove: string[] } => ({ put: bindings, remove: [] });
const keysOf = (bindings: readonly Binding[] | undefined): string[] => (bindings ?? []).map(({ key }) => key);

it('tells what one node put on every other, the oldest registration first', async () => {
  const [one, two] = [await open('one'), await open('two')];
  const [early, late] = [
    bindingOf(),
    bindingOf({ key: 'a', regId: 1, instanceId: 'urn:uuid:1', registeredAt: now + 1 }),
  ];
  expect(await one.store.apply('anna', [], put(late, early), now)).toBe(true);
  expect(await two.store.of('anna', now)).toEqual([early, late]);
  expect(await two.store.ofAll(['anna', 'bert'], now)).toEqual(new Map([['anna', [early, late]]]));
  expect(one.heard).toContain('anna');
  await until('the other node to hear', () => two.heard.includes('anna'));
});

it('lets one of two win who change the same agent at once, and both when they try again', async () => {
  const [one, two] = [await open('one'), await open('two')];
  const register = async ({ store }: Node, binding: Binding): Promise<number> => {
    for (let tries = 1; ; tries++) {
      const current = await store.of('anna', now);
      if (await store.apply('anna', current, put(binding), now)) return tries;
    }
  };
  const first = await Promise.all([
    one.store.apply('anna', [], put(bindingOf({ key: 'a' })), now),
    two.store.apply('anna', [], put(bindingOf({ key: 'b', nodeId: 'two' })), now),
  ]);
  expect(first.filter(Boolean)).toHaveLength(1);
  await Promise.all([
    register(one, bindingOf({ key: 'c' })),
    register(two, bindingOf({ key: 'd', nodeId: 'two' })),
  ]);
  expect(keysOf(await one.store.of('anna', now))).toEqual(expect.arrayContaining(['c', 'd']));
});

it('refuses what was planned on a registration that was renewed', async () => {
  const one = await open('one');
  const before = bindingOf();
  await one.store.apply('anna', [], put(before), now);
  await one.store.apply('anna', [before], put({ ...before, cseq: 2 }), now);
  expect(await one.store.apply('anna', [before], { put: [], remove: ['desk'] }, now)).toBe(false);
  expect(keysOf(await one.store.of('anna', now))).toEqual(['desk']);
});

it('knows whose phone is on its own connections, and not on those of others', async () => {
  const [one, two] = [await open('one'), await open('two')];
  const binding = bindingOf();
  await one.store.apply('anna', [], put(binding), now);
  expect(one.store.agentOfFlow(binding.flow, now)).toBe('anna');
  expect(two.store.agentOfFlow(binding.flow, now)).toBeUndefined();
  // The phone comes back through the other node.
  const moved = bindingOf({ nodeId: 'two', callId: 'call-2', registeredAt: now + 5 });
  expect(await two.store.apply('anna', [binding], put(moved), now)).toBe(true);
  await until('the first node to forget', () => one.store.agentOfFlow(binding.flow, now) === undefined);
  expect(two.store.agentOfFlow(moved.flow, now)).toBe('anna');
});

it('drops a phone that cannot be reached, on whichever node, unless it registered again', async () => {
  const [one, two] = [await open('one'), await open('two')];
  const binding = bindingOf();
  await one.store.apply('anna', [], put(binding), now);
  await two.store.drop({ ...binding, cseq: 0 });
  expect(await two.store.of('anna', now)).toHaveLength(1);
  await two.store.drop(binding);
  expect(await one.store.of('anna', now)).toEqual([]);
  await until(
    'the node to let go of the connection',
    () => one.store.agentOfFlow(binding.flow, now) === undefined,
  );
});

it('lets go what is over, and tells every node, even for one that is no more', async () => {
  const [one, two] = [await open('one'), await open('two')];
  await one.store.apply(
    'anna',
    [],
    put(bindingOf(), bindingOf({ key: 'long', expiresAt: now + 900_000 })),
    now,
  );
  await until('the other node to hear', () => two.heard.includes('anna'));
  one.close();
  two.heard.length = 0;
  now += 600_000;
  expect(keysOf(await two.store.of('anna', now))).toEqual(['long']);
  await until('the end to be told', () => two.heard.includes('anna'));
  now += 300_000;
  await until('nothing to be left', () =>
    using(async (client) => (await client.keys('reg:[ax]*')).length === 0),
  );
});

it('starts anew without the connections it had, but with phones that are reached by their address', async () => {
  const before = await open('one');
  const two = await open('two');
  const udp = bindingOf({ key: 'udp', flow: { transport: 'udp', address: '192.0.2.1', port: 5_060 } });
  const far = bindingOf({ key: 'far', nodeId: 'two' });
  await before.store.apply('anna', [], put(bindingOf(), udp), now);
  await two.store.apply('anna', await two.store.of('anna', now), put(far), now);
  await before.store.apply('bert', [], put(bindingOf({ agentId: 'bert' })), now);
  await until('the other node to hear', () => two.heard.includes('bert'));
  before.close();
  two.heard.length = 0;
  const after = await open('one');
  expect(keysOf(await after.store.of('anna', now)).sort()).toEqual(['far', 'udp']);
  expect(await after.store.of('bert', now)).toEqual([]);
  await until('the other node to hear', () => ['anna', 'bert'].every((id) => two.heard.includes(id)));
});

it('lets go of phones whose connection is gone, unless they are back soon', async () => {
  const [one, two] = [await open('one', { graceMs: 50 }), await open('two')];
  const gone = bindingOf();
  const back = bindingOf({ agentId: 'bert', flow: { ...gone.flow, port: 40_001 } });
  const other = bindingOf({ agentId: 'carl', flow: { ...gone.flow, port: 40_002 } });
  for (const binding of [gone, back, other]) await one.store.apply(binding.agentId, [], put(binding), now);
  one.store.flowsClosed([gone.flow, back.flow]);
  const renewed = { ...back, cseq: 2, flow: { ...gone.flow, port: 40_003 } };
  expect(await one.store.apply('bert', [back], put(renewed), now)).toBe(true);
  await until('the phone to be gone', async () => (await two.store.of('anna', now)).length === 0);
  expect(one.store.agentOfFlow(gone.flow, now)).toBeUndefined();
  expect(await two.store.of('bert', now)).toEqual([renewed]);
  expect(await two.store.of('carl', now)).toEqual([other]);
});

describe('what Redis cannot do for one agent', () => {
  /** Something else lies where the agent's bindings would. */
  const spoil = (): Promise<unknown> => using((client) => client.set('reg:a:anna', 'x'));

  it('keeps nobody else from it, and is told of when it can', async () => {
    const errors: Error[] = [];
    const one = await open('one', { onError: (error) => errors.push(error) });
    const two = await open('two');
    await spoil();
    expect(await one.store.apply('anna', [], put(bindingOf()), now)).toBe(true);
    expect(keysOf(await one.store.of('anna', now))).toEqual(['desk']);
    expect(one.store.degraded).toBe(false);
    const bert = bindingOf({ agentId: 'bert' });
    expect(await one.store.apply('bert', [], put(bert), now)).toBe(true);
    expect(await two.store.of('bert', now)).toEqual([bert]);
    expect(errors).not.toEqual([]);
    await using((client) => client.del('reg:a:anna'));
    await until('the agent to be told of', async () => (await two.store.of('anna', now)).length === 1);
  });

  it('does not keep a node from Redis when that is back', async () => {
    const one = await open('one', {}, proxy.url);
    const two = await open('two');
    await one.store.apply('anna', [], put(bindingOf()), now);
    proxy.cut();
    await until('the node to notice', () => one.store.degraded);
    await using((client) => client.del('reg:a:anna'));
    await spoil();
    const bert = bindingOf({ agentId: 'bert' });
    await one.store.apply('bert', [], put(bert), now);
    proxy.mend();
    await until('Redis to be back', () => !one.store.degraded);
    expect(await two.store.of('bert', now)).toEqual([bert]);
  });

  it('is no trouble where a phone has a name that is no text', async () => {
    const one = await open('one');
    expect(await one.store.apply('anna', [], put(bindingOf({ userAgent: 'x\ud83d' })), now)).toBe(true);
    expect(one.store.degraded).toBe(false);
  });
});

it('a node whose connection went dead hears again', async () => {
  const client = openRedis(proxy.url);
  const bus = new PresenceBus(client, undefined, 50);
  const heard: string[] = [];
  let hearing = 0;
  bus.listen(
    `${channel}-dead`,
    (text) => heard.push(text),
    () => hearing++,
  );
  await until('the bus to hear', () => hearing === 1);
  proxy.deaden();
  await until('the bus to hear again', () => hearing === 2);
  await using((other) => other.publish(`${channel}-dead`, 'news'));
  await until('the news', () => heard.includes('news'));
  bus.close();
  client.disconnect();
});

describe('while Redis is away', () => {
  it('a node goes by its own phones, and tells of them when it is back', async () => {
    const degraded: boolean[] = [];
    const one = await open('one', { onDegraded: (away) => degraded.push(away) }, proxy.url);
    const two = await open('two');
    const desk = bindingOf();
    const far = bindingOf({ key: 'far', nodeId: 'two', registeredAt: now - 1 });
    await two.store.apply('anna', [], put(far), now);
    await one.store.apply('anna', [far], put(desk), now);
    proxy.cut();
    await until('the node to notice', () => one.store.degraded);
    expect(keysOf(await one.store.of('anna', now))).toEqual(['desk']);
    const page = bindingOf({ key: 'page', callId: 'call-2' });
    expect(await one.store.apply('anna', await one.store.of('anna', now), put(page), now)).toBe(true);
    const last = bindingOf({ agentId: 'bert', registeredAt: now + 1 });
    expect(await one.store.apply('bert', [], put(last), now)).toBe(true);
    expect(await one.store.apply('anna', [desk, page], { put: [], remove: ['desk'] }, now)).toBe(true);
    expect(one.store.agentOfFlow(page.flow, now)).toBe('bert');
    two.heard.length = 0;
    proxy.mend();
    await until('Redis to be back', () => !one.store.degraded);
    await until('the other node to hear', () => two.heard.includes('bert'));
    expect(keysOf(await two.store.of('anna', now))).toEqual(['far', 'page']);
    expect(keysOf(await two.store.of('bert', now))).toEqual(['desk']);
    expect(degraded).toEqual([true, false]);
  });

  it('what its phones did elsewhere meanwhile counts for more', async () => {
    const one = await open('one', {}, proxy.url);
    const two = await open('two');
    const desk = bindingOf();
    await one.store.apply('anna', [], put(desk), now);
    proxy.cut();
    await until('the node to notice', () => one.store.degraded);
    const moved = bindingOf({ nodeId: 'two', callId: 'call-2', registeredAt: now + 1_000 });
    expect(await two.store.apply('anna', [desk], put(moved), now)).toBe(true);
    proxy.mend();
    await until('Redis to be back', () => !one.store.degraded);
    expect(await two.store.of('anna', now)).toEqual([moved]);
    await until('the node to forget', () => one.store.agentOfFlow(desk.flow, now) === undefined);
  });

  it('a Redis that comes back empty learns what every node holds', async () => {
    const one = await open('one', {}, proxy.url);
    for (let n = 0; n < 500; n++) {
      const agentId = `agent-${n}`;
      const flow = { transport: 'ws', address: '192.0.2.1', port: 1_024 + n } as const;
      await one.store.apply(agentId, [], put(bindingOf({ agentId, flow })), now);
    }
    proxy.cut();
    await until('the node to notice', () => one.store.degraded);
    await using((client) => client.flushdb());
    proxy.mend();
    await until('Redis to be back', () => !one.store.degraded);
    const two = await open('two');
    const ids = Array.from({ length: 500 }, (_, n) => `agent-${n}`);
    expect((await two.store.ofAll(ids, now)).size).toBe(500);
    expect(one.store.held).toBe(500);
  });

  it('a node that missed what was told hears of everybody when it listens again', async () => {
    const one = await open('one');
    const two = await open('two', {}, proxy.url);
    const desk = bindingOf();
    await one.store.apply('anna', [], put(desk), now);
    await until('the node to hear', () => two.heard.includes('anna'));
    proxy.cut();
    await until('the node to notice', () => two.store.degraded);
    two.heard.length = 0;
    await one.store.apply('anna', [desk], { put: [], remove: ['desk'] }, now);
    await one.store.apply('bert', [], put(bindingOf({ agentId: 'bert' })), now);
    proxy.mend();
    await until('both to be told', () => ['anna', 'bert'].every((id) => two.heard.includes(id)));
  });
});

it('passes over what is no binding, and what is no notice', async () => {
  const one = await open('one');
  await using(async (client) => {
    await client.hset('reg:a:anna', 'x', 'no JSON', 'y', '{}');
    await client.publish(channel, 'x'.repeat(1_000));
    await client.publish(channel, 'nothing');
  });
  expect(await one.store.of('anna', now)).toEqual([]);
  expect(await one.store.apply('anna', [], put(bindingOf()), now)).toBe(true);
  expect(await one.store.of('anna', now)).toEqual([bindingOf()]);
});
