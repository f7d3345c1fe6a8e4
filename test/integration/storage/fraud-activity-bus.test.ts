import type { Redis } from 'ioredis';
import type { ActivityEvent, E164 } from '../../../src/domain';
import type { ActivityBusOptions } from '../../../src/storage';
import { ActivityBus, openRedis } from '../../../src/storage';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

const STREAM = 'dce:activity';

let store: TestRedis;
let proxy: TcpProxy;
let admin: Redis;
let nodes: Node[];

/** A node with what it heard. */
interface Node {
  readonly bus: ActivityBus;
  readonly redis: Redis;
  readonly heard: ActivityEvent[];
  readonly degraded: boolean[];
  readonly bad: string[];
}

beforeAll(async () => {
  store = await testRedis();
  proxy = await TcpProxy.open(store.url);
  admin = openRedis(store.url, true);
});
afterAll(async () => {
  admin.disconnect();
  await proxy.close();
  await store.drop();
});
beforeEach(() => {
  nodes = [];
});
afterEach(async () => {
  proxy.mend();
  for (const { bus, redis } of nodes) {
    await bus.close();
    redis.disconnect();
  }
  await admin.flushdb();
});

async function node(origin: string, more: Partial<ActivityBusOptions> = {}, url = store.url): Promise<Node> {
  const redis = openRedis(url);
  await until('Redis', () => redis.status === 'ready');
  const heard: ActivityEvent[] = [];
  const degraded: boolean[] = [];
  const bad: string[] = [];
  const bus = new ActivityBus(redis, {
    origin,
    onEvent: (event) => heard.push(event),
    now: Date.now,
    gatherMs: 5,
    onDegraded: (now) => degraded.push(now),
    onBad: (error) => bad.push(error.message),
    ...more,
  });
  const made = { bus, redis, heard, degraded, bad };
  nodes.push(made);
  return made;
}

const call = (n: number, at = Date.now()): ActivityEvent => ({
  kind: 'attempt',
  at,
  caller: `+1212555${String(n).padStart(4, '0')}` as E164,
  did: '+18005550199' as E164,
  trunkId: 'trunk',
  sellerId: 'seller',
  campaignId: 'campaign',
  origin: 'inbound_consumer',
  placeContradicted: false,
  misidentified: false,
  signed: true,
});

test('every node hears what the others tell, in order and once, and nothing of its own', async () => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((origin) => node(origin)));
  if (!a || !b || !c) throw new Error('three nodes');
  for (const { bus } of [a, b, c]) expect(await bus.start(5_000)).toBe(true);
  const told = Array.from({ length: 1_000 }, (_, n) => call(n));
  for (const event of told.slice(0, 600)) a.bus.publish(event);
  for (const event of told.slice(600)) b.bus.publish(event);
  await until(
    'all of it',
    () => c.heard.length === 1_000 && b.heard.length === 600 && a.heard.length === 400,
  );
  expect(b.heard).toEqual(told.slice(0, 600));
  expect(a.heard).toEqual(told.slice(600));
  expect(c.heard.filter(({ caller }) => Number(caller?.slice(-4)) < 600)).toEqual(told.slice(0, 600));
  expect(a.bus.figures).toEqual({ told: 600, heard: 400, dropped: 0, waiting: 0 });
  expect([...a.degraded, ...c.degraded, ...a.bad, ...c.bad]).toEqual([]);
});

test('a node that starts reads the last hour back, its own earlier start included', async () => {
  const before = await node('node-1:boot-1');
  await before.bus.start(5_000);
  for (let n = 0; n < 700; n++) before.bus.publish(call(n));
  await until('it is told', () => before.bus.figures.told === 700);
  const after = await node('node-1:boot-2');
  expect(await after.bus.start(5_000)).toBe(true);
  expect(after.heard.map(({ caller }) => caller)).toEqual(
    Array.from({ length: 700 }, (_, n) => call(n).caller),
  );
  const recent = await node('node-2', { historyMs: 0, now: () => Date.now() + 60_000 });
  expect(await recent.bus.start(5_000)).toBe(true);
  expect(recent.heard).toEqual([]);
});

test('while Redis is away nobody waits, nothing within the bound is lost, and all is heard afterwards', async () => {
  const cut = await node('cut', { maxQueued: 100 }, proxy.url);
  const other = await node('other');
  await Promise.all([cut.bus.start(5_000), other.bus.start(5_000)]);
  proxy.cut();
  for (let n = 0; n < 60; n++) cut.bus.publish(call(n));
  other.bus.publish(call(9_000));
  await until('it is noticed', () => cut.bus.degraded);
  expect(cut.heard).toEqual([]);
  proxy.mend();
  await until('what it had to tell', () => other.heard.length === 60);
  await until('what it had missed', () => cut.heard.length === 1);
  expect(other.heard.map(({ caller }) => caller)).toEqual(
    Array.from({ length: 60 }, (_, n) => call(n).caller),
  );
  await until('it says so', () => !cut.bus.degraded);
  expect(cut.degraded).toEqual([true, false]);
  expect(other.degraded).toEqual([]);
});

test('more than the bound: the oldest are dropped and counted', async () => {
  const cut = await node('cut', { maxQueued: 100 }, proxy.url);
  const other = await node('other');
  await Promise.all([cut.bus.start(5_000), other.bus.start(5_000)]);
  proxy.cut();
  for (let n = 0; n < 1_000; n++) cut.bus.publish(call(n));
  expect(cut.bus.figures.waiting).toBeLessThanOrEqual(100);
  expect(cut.bus.figures.dropped).toBeGreaterThanOrEqual(900);
  proxy.mend();
  await until('the rest is told', () => cut.bus.figures.waiting === 0);
  const { told, dropped } = cut.bus.figures;
  expect(told + dropped).toBe(1_000);
  await until('the rest is heard', () => other.heard.length === told);
  expect(other.heard.at(-1)?.caller).toBe(call(999).caller);
});

test('a Redis that hangs is left for another connection', async () => {
  const frozen = await node('frozen', {}, proxy.url);
  const other = await node('other');
  await Promise.all([frozen.bus.start(5_000), other.bus.start(5_000)]);
  proxy.freeze();
  other.bus.publish(call(1));
  frozen.bus.publish(call(2));
  await until('it is noticed', () => frozen.bus.degraded);
  proxy.mend();
  await until('it is told and heard', () => frozen.heard.length === 1 && other.heard.length === 1);
  // A batch that was sent again because nobody answered counts once.
  await until('it is over', () => !frozen.bus.degraded);
  expect(other.heard).toHaveLength(1);
});

test('a node that cannot reach Redis starts without, and catches up', async () => {
  const teller = await node('teller');
  await teller.bus.start(5_000);
  teller.bus.publish(call(1));
  await until('it is told', () => teller.bus.figures.told === 1);
  const late = await node('late', {}, proxy.url);
  proxy.cut();
  expect(await late.bus.start(50)).toBe(false);
  proxy.mend();
  await until('it is heard', () => late.heard.length === 1);
});

test('what others write into the stream is passed over, and a listener that fails as well', async () => {
  const hearing = await node('hearing', {
    onEvent: ({ caller }) => {
      if (caller?.endsWith('0002')) throw new Error('no such caller');
    },
  });
  await hearing.bus.start(5_000);
  await admin.xadd(STREAM, '*', 'o', 'x', 'q', '1', 'e', '{"v":99}');
  await admin.xadd(STREAM, '*', 'something', 'else');
  const telling = await node('telling');
  await telling.bus.start(5_000);
  for (const n of [1, 2, 3]) telling.bus.publish(call(n));
  await until('three events', () => hearing.bus.figures.heard === 3);
  expect(hearing.bad).toEqual(['activity of format 99', expect.stringMatching(/JSON/), 'no such caller']);
  expect(hearing.bus.degraded).toBe(false);
});

test('the stream is no longer than its bound, and what waits is told at the end', async () => {
  const telling = await node('telling', { maxBatches: 100 });
  await telling.bus.start(5_000);
  for (let n = 0; n < 400; n++) {
    telling.bus.publish(call(n));
    if (n % 2 === 0) await new Promise((turn) => setTimeout(turn, 1));
    const { waiting } = telling.bus.figures;
    if (waiting > 50) await until('it is told', () => telling.bus.figures.waiting === 0);
  }
  telling.bus.publish(call(9_999));
  await telling.bus.close();
  expect(telling.bus.figures).toMatchObject({ told: 401, waiting: 0 });
  // Redis drops whole nodes of its tree: a hundred entries each.
  expect(await admin.xlen(STREAM)).toBeLessThanOrEqual(300);
});
