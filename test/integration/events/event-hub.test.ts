import fc from 'fast-check';
import type { StreamedEvent } from '../../../src/events';
import { writeEvent } from '../../../src/events';
import { EventStream } from '../../../src/storage';
import type { OwnTestRedis } from '../../support/test-redis';
import { ownTestRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import type { TestNode } from './support/stage';
import { endOf, numberOf, openNode, ringing } from './support/stage';

let server: OwnTestRedis;
const nodes: TestNode[] = [];
let streams = 0;
let stream: string;

beforeAll(async () => {
  server = await ownTestRedis();
});
beforeEach(() => {
  stream = `hub-${++streams}`;
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
});
afterAll(() => server.drop());

async function node(options: Parameters<typeof openNode>[2] = {}): Promise<TestNode> {
  const one = openNode(server.url, stream, options);
  nodes.push(one);
  await until('the stream is read', () => !one.hub.degraded);
  return one;
}

const numbers = (told: readonly StreamedEvent[]): number[] => told.map(numberOf);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** What somebody is told who comes back. */
async function resume(
  { hub }: TestNode,
  after: string,
  most = 100_000,
): Promise<{ told: StreamedEvent[]; refused: string | undefined; position: string | undefined }> {
  const told: StreamedEvent[] = [];
  let position: string | undefined;
  const refused = await hub.resume({
    after,
    most,
    tell: (event) => told.push(event),
    ready: () => Promise.resolve(true),
    joined: (at) => (position = at),
  });
  return { told, refused, position };
}

test('what one node tells every node hears once, in one order, in its place', async () => {
  const [a, b] = [await node(), await node()];
  for (let n = 0; n < 200; n++) (n % 2 === 0 ? a : b).hub.publish(ringing(`call-${n % 7}`, n));
  await until('both have heard', () => a.told.length === 200 && b.told.length === 200);
  expect(a.told).toEqual(b.told);
  expect(numbers(a.told).filter((n) => n % 2 === 0)).toEqual(upTo(100).map((n) => n * 2));
  expect(new Set(a.told.map(({ id }) => id)).size).toBe(200);
  expect([a.hub.figures.onTheWay, a.hub.figures.waiting]).toEqual([0, 0]);
});

test('what happened to a call does not come behind its end', async () => {
  const a = await node();
  const raw = new EventStream(a.redis, { stream });
  await raw.append('event', writeEvent(ringing('c', 1)), 'x', 1);
  await raw.append('event', writeEvent(endOf('c')), 'y', 1);
  await raw.append('event', writeEvent(ringing('c', 2)), 'x', 2);
  await raw.append('event', 'no event', 'x', 3);
  await raw.append('event', writeEvent(ringing('d', 3)), 'x', 4);
  await until('all is read', () => a.told.length === 3);
  expect(a.told.map(({ event }) => `${event.type} ${event.subject.id}`)).toEqual([
    'call.ringing c',
    'call.ended c',
    'call.ringing d',
  ]);
});

test('whoever goes away at any event comes back to all that follow, from memory or from the stream', async () => {
  const memory = await node({ maxRecent: 40 });
  const other = await node({ maxRecentBytes: 20_000 });
  const all = 300;
  for (let n = 0; n < all; n++) memory.hub.publish(ringing(`call-${n % 5}`, n));
  await until('both have heard', () => memory.told.length === all && other.told.length === all);
  const told = [...memory.told];
  await fc.assert(
    fc.asyncProperty(fc.nat(all - 1), fc.boolean(), fc.nat(30), async (seen, here, meanwhile) => {
      const at = here ? memory : other;
      const before = told.length;
      const coming = resume(at, told[seen]?.id ?? '');
      for (let n = 0; n < meanwhile; n++) at.hub.publish(ringing('later', before + n));
      const { told: missed, position, refused } = await coming;
      expect(refused).toBeUndefined();
      await until('all have heard', () => memory.told.length === before + meanwhile);
      await until('all have heard', () => other.told.length === before + meanwhile);
      told.push(...memory.told.slice(before));
      // What is told from there on by the hub follows on it, without gap or repetition.
      const joined = told.findIndex(({ id }) => id === position);
      expect(missed).toEqual(told.slice(seen + 1, joined + 1));
    }),
    { numRuns: 25 },
  );
});

test('who missed too much, comes from nowhere or from before what is kept is told so', async () => {
  const a = await node({ maxRecent: 5 });
  for (let n = 0; n < 40; n++) a.hub.publish(ringing('c', n));
  await until('all is heard', () => a.told.length === 40);
  const first = a.told[0]?.id ?? '';
  expect((await resume(a, first, 10)).refused).toBe('too_much');
  expect((await resume(a, a.told[38]?.id ?? '', 10)).told).toHaveLength(1);
  for (const bad of ['', 'x', '1-', '1-1; drop', '99999999999999-0']) {
    expect((await resume(a, bad)).refused).toBe('unknown');
  }
  expect((await resume(a, '1-1')).refused).toBe('too_old');
  await a.redis.xtrim(stream, 'MAXLEN', 10);
  expect((await resume(a, first)).refused).toBe('too_old');
});

test('while Redis is dead a node hears itself, everybody is told, and nothing is told twice', async () => {
  const [a, b] = [await node(), await node()];
  a.hub.publish(ringing('c', 0));
  await until('both have heard', () => a.told.length === 1 && b.told.length === 1);
  const before = a.told[0]?.id ?? '';
  await server.stop();
  await until('both know', () => a.status.at(-1) === true && b.status.at(-1) === true);
  for (let n = 1; n <= 20; n++) a.hub.publish(ringing('c', n));
  a.hub.publish(endOf('c'));
  a.hub.publish(ringing('c', 21));
  await until('the node hears itself', () => a.told.length === 22);
  expect(numbers(a.told).slice(0, 21)).toEqual(upTo(21));
  expect(a.told.at(-1)).toMatchObject({ id: undefined, event: { type: 'call.ended' } });
  expect(b.told).toHaveLength(1);
  await server.start();
  await until('both hear again', () => a.status.at(-1) === false && b.status.at(-1) === false);
  await until('both know of the gap', () => a.gaps.length > 0 && b.gaps.length > 0);
  // The end comes from the database as well, when it can: whoever heard of it does not hear of it again.
  await new EventStream(a.redis, { stream }).append('event', writeEvent(endOf('c')), 'relay', 1);
  b.hub.publish(ringing('d', 30));
  await until('both have heard', () => a.told.length === 23 && b.told.length === 3);
  expect(b.told.map(({ event }) => event.type)).toEqual(['call.ringing', 'call.ended', 'call.ringing']);
  expect(a.told.at(-1)).toMatchObject({ event: { subject: { id: 'd' } } });
  expect((await resume(b, before)).refused).toBe('too_old');
  expect(a.hub.figures).toMatchObject({ onTheWay: 0, waiting: 0, listeners: 1 });
}, 60_000);

test('a stream that takes nothing costs a bounded piece of memory', async () => {
  const a = await node({ maxOnTheWay: 50 });
  for (let n = 0; n < 1_000; n++) a.hub.publish(ringing('c', n));
  expect(a.hub.figures.onTheWay).toBeLessThanOrEqual(50);
  expect(a.hub.figures.waiting).toBeLessThanOrEqual(50);
  // What did not fit is a gap, and not a loss that nobody knows of.
  await until('the gap is told', () => a.gaps.length > 0);
  expect(numbers(a.told)).toEqual([...numbers(a.told)].sort((one, two) => one - two));
});
