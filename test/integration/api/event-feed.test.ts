import { until } from '../../support/until';
import { testRedis } from '../../support/test-redis';
import type { TestRedis } from '../../support/test-redis';
import { openNode, ringing } from '../events/support/stage';
import type { TestNode } from '../events/support/stage';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
let redis: TestRedis;
let node: TestNode;
const readers: AbortController[] = [];

beforeAll(async () => {
  redis = await testRedis();
  node = openNode(redis.url, 'feed');
  api = await startTestApi({ events: node.hub });
  await until('the stream is read', () => !node.hub.degraded);
});
afterEach(() => {
  for (const reader of readers.splice(0)) reader.abort();
});
afterAll(async () => {
  await api.close();
  await node.close();
  await redis.drop();
});

interface Block {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Reads the stream as it comes. */
async function read(query = '', after?: string): Promise<{ readonly blocks: Block[] }> {
  const reader = new AbortController();
  readers.push(reader);
  const response = await fetch(`${api.url}/api/v1/events${query}`, {
    headers: { 'X-API-Key': api.admin, ...(after === undefined ? {} : { 'Last-Event-ID': after }) },
    signal: reader.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const blocks: Block[] = [];
  const take = async (): Promise<void> => {
    let pending = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const parts = (pending + Buffer.from(chunk).toString('utf8')).split('\n\n');
      pending = parts.pop() ?? '';
      for (const part of parts) {
        const field = (name: string): string | undefined =>
          new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1];
        const data = field('data');
        if (data !== undefined) {
          blocks.push({ id: field('id'), event: field('event'), data: JSON.parse(data) as Block['data'] });
        }
      }
    }
  };
  take().catch(() => undefined);
  return { blocks };
}

test('a reader that comes back with the last event it knows misses nothing and hears nothing twice', async () => {
  const first = await read();
  for (let n = 0; n < 10; n++) node.hub.publish(ringing('c', n));
  await until('all have come', () => first.blocks.length === 10);
  expect(first.blocks.map(({ event }) => event)).toEqual(Array(10).fill('call.ringing'));
  const again = await read('?topics=calls', first.blocks[3]?.id);
  node.hub.publish(ringing('c', 10));
  await until('the rest has come', () => again.blocks.length === 7);
  expect(again.blocks.map(({ data }) => data['at'])).toEqual([4, 5, 6, 7, 8, 9, 10]);
});

test('only the topics that were asked for are told, and what cannot be told anew is a gap', async () => {
  const other = await read('?topics=bids');
  const lost = await read('', '1-1');
  node.hub.publish(ringing('c', 20));
  await until('it goes on', () => lost.blocks.length === 2);
  expect(lost.blocks.map(({ event }) => event)).toEqual(['gap', 'call.ringing']);
  expect(other.blocks).toEqual([]);
  expect((await api.ask('GET', '/api/v1/events?topics=weather')).status).toBe(400);
});

test('every type of event is described, with who sees what of it', async () => {
  const { items } = (await api.ask('GET', '/api/v1/events/schema')).body as {
    items: {
      type: string;
      version: number;
      views: Record<string, string[]>;
      schema: { properties: object };
    }[];
  };
  const settled = items.find(({ type }) => type === 'call.settled');
  expect(settled?.views['seller']).not.toContain('revenueMicros');
  expect(settled?.views['buyer']).not.toContain('payoutMicros');
  expect(items.every(({ version, schema }) => version >= 1 && 'data' in schema.properties)).toBe(true);
});
