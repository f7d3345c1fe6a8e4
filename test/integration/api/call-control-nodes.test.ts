import { Redis } from 'ioredis';
import { CallControlLine } from '../../../src/parts/call-control';
import type { CallsHere } from '../../../src/parts/call-control';
import type { CallCommand, ControlRefusal, LiveCall } from '../../../src/signaling';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

const SECRET = Buffer.from(`of these nodes ${process.pid} ${Math.random()}`);
let store: TestRedis;
const opened: (() => void)[] = [];

beforeAll(async () => {
  store = await testRedis();
});
afterEach(() => {
  for (const close of opened.splice(0)) close();
});
afterAll(() => store.drop());

/** A node whose calls do what they are told, or refuse it. */
class Node implements CallsHere {
  readonly asked: CallCommand[] = [];
  readonly errors: Error[] = [];
  readonly line: CallControlLine;
  readonly redis: Redis;
  refusal: ControlRefusal | undefined;
  silent = false;

  constructor(
    readonly nodeId: string,
    readonly up: readonly LiveCall[],
    secret = SECRET,
    waitMs = 60_000,
  ) {
    this.redis = new Redis(store.url);
    this.redis.on('error', () => undefined);
    this.line = new CallControlLine({
      ...{ redis: this.redis, nodeId, secret, calls: this, waitMs },
      onError: (error) => this.errors.push(error),
    });
    opened.push(() => {
      this.line.close();
      this.redis.disconnect();
    });
  }

  calls(): readonly LiveCall[] {
    return this.up;
  }
  call(callId: string): LiveCall | undefined {
    if (this.silent) throw new Error('this node stands still');
    return this.up.find((call) => call.callId === callId);
  }
  control(_callId: string, command: CallCommand): Promise<ControlRefusal | undefined> {
    this.asked.push(command);
    return Promise.resolve(this.refusal);
  }
}

function answered(callId: string, receivedAt = 1): LiveCall {
  const target = { targetId: 'hall', buyerId: 'buyer-1' };
  return { callId, state: 'answered', receivedAt, held: false, target } as LiveCall;
}

/** Nodes that hear each other. */
async function together(...nodes: Node[]): Promise<void> {
  await until('all hear all', async () => {
    const listed = await Promise.all(nodes.map(({ line }) => line.list(1)));
    return listed.every(({ silentNodes }) => silentNodes === 0) && (await hearers(nodes)) === nodes.length;
  });
}

async function hearers([first]: Node[]): Promise<number> {
  const channels = (await first?.redis.pubsub('CHANNELS', 'dce:control:????????????????')) as string[];
  const counts = (await first?.redis.pubsub('NUMSUB', ...channels)) as (string | number)[];
  return Math.max(...counts.map(Number).filter((count) => !Number.isNaN(count)));
}

const HOLD: CallCommand = { kind: 'hold' };

test('a call is found on whichever node has it, and told of once', async () => {
  const [a, b, c] = [new Node('a', [answered('one')]), new Node('b', [answered('two')]), new Node('c', [])];
  await together(a, b, c);
  expect(await a.line.control('one', HOLD)).toMatchObject({ kind: 'done', call: { nodeId: 'a' } });
  expect(await a.line.control('two', HOLD)).toMatchObject({
    kind: 'done',
    call: { nodeId: 'b', callId: 'two' },
  });
  expect(await c.line.control('three', HOLD)).toEqual({ kind: 'not_live' });
  b.refusal = 'in_transfer';
  expect(await c.line.control('two', HOLD)).toMatchObject({ kind: 'refused', refusal: 'in_transfer' });
  b.refusal = 'over';
  expect(await c.line.control('two', HOLD)).toEqual({ kind: 'not_live' });
  expect([a.asked, b.asked, c.asked]).toEqual([[HOLD], [HOLD, HOLD, HOLD], []]);
});

test('of others’ calls nobody finds that they are there', async () => {
  const [a, b] = [
    new Node('a', []),
    new Node('b', [answered('two'), { ...answered('new'), state: 'ringing' }]),
  ];
  await together(a, b);
  expect(await a.line.control('two', HOLD, ['buyer-2'])).toEqual({ kind: 'not_live' });
  expect(await a.line.control('new', HOLD, ['buyer-1'])).toEqual({ kind: 'not_live' });
  expect(b.asked).toEqual([]);
  expect(await a.line.control('two', HOLD, ['buyer-1'])).toMatchObject({ kind: 'done' });
});

test('any node tells how a call stands on the node that has it', async () => {
  const [a, b] = [new Node('a', [answered('one')]), new Node('b', [{ ...answered('two'), held: true }])];
  await together(a, b);
  expect(await a.line.look('one')).toMatchObject({ nodeId: 'a', held: false });
  expect(await a.line.look('two')).toMatchObject({ nodeId: 'b', held: true });
  expect(await a.line.look('three')).toBeUndefined();
  expect([a.asked, b.asked]).toEqual([[], []]);
});

test('who does not answer is waited for so long and no longer', async () => {
  const [a, b] = [new Node('a', [], SECRET, 200), new Node('b', [])];
  await together(a, b);
  b.silent = true;
  expect(await a.line.control('two', HOLD)).toEqual({ kind: 'silent' });
  expect(b.errors).not.toEqual([]);
  a.redis.disconnect();
  await until('Redis is away', () => Promise.resolve(a.redis.status !== 'ready'));
  expect(await a.line.control('two', HOLD)).toEqual({ kind: 'unreachable' });
});

test('who closes down keeps nobody waiting', async () => {
  const [a, b] = [new Node('a', []), new Node('b', [])];
  await together(a, b);
  b.silent = true;
  const waiting = a.line.control('two', HOLD);
  await until('it was asked', () => Promise.resolve(b.errors.length > 0));
  a.line.close();
  expect(await waiting).toEqual({ kind: 'silent' });
});

test('calls of all nodes are listed together, the newest first, and not more than asked for', async () => {
  const [a, b] = [
    new Node('a', [answered('one', 1), answered('three', 3)]),
    new Node('b', [answered('two', 2), answered('four', 4)]),
  ];
  await together(a, b);
  const all = await a.line.list(10);
  expect(all).toMatchObject({ more: false, silentNodes: 0 });
  expect(all.items.map(({ callId, nodeId }) => `${callId} ${nodeId}`)).toEqual([
    'four b',
    'three a',
    'two b',
    'one a',
  ]);
  const few = await b.line.list(1);
  expect(few).toMatchObject({ items: [{ callId: 'four' }], more: true });
});

test('another exchange on the same Redis hears nothing, and nobody heeds what it says', async () => {
  const [a, stranger] = [new Node('a', [answered('one')]), new Node('x', [], Buffer.from('another secret'))];
  await together(a);
  await until('it hears itself', async () => (await stranger.line.list(1)).silentNodes === 0);
  expect(await stranger.line.control('one', HOLD)).toEqual({ kind: 'not_live' });
  const [channel = ''] = (await a.redis.pubsub('CHANNELS', 'dce:control:????????????????')) as string[];
  const forged = JSON.stringify({ kind: 'control', callId: 'one', command: HOLD, id: 'x', from: 'y' });
  for (const name of (await a.redis.pubsub('CHANNELS', 'dce:control:*')) as string[]) {
    await a.redis.publish(name, `${'A'.repeat(43)} ${forged}`);
    await a.redis.publish(name, 'nonsense');
  }
  expect(channel).not.toBe('');
  expect(await a.line.control('nobody', HOLD)).toEqual({ kind: 'not_live' });
  expect(a.asked).toEqual([]);
});
