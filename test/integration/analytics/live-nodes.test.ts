import type { Redis } from 'ioredis';
import { LiveCounters } from '../../../src/analytics';
import type { CallEvent } from '../../../src/signaling';
import { openRedis } from '../../../src/storage';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

let server: TestRedis;
let proxy: TcpProxy;
let near: Redis;
let far: Redis;
const degraded: boolean[] = [];

beforeAll(async () => {
  server = await testRedis();
  proxy = await TcpProxy.open(server.url);
  near = openRedis(proxy.url);
  far = openRedis(server.url);
  await until('both are there', () => near.status === 'ready' && far.status === 'ready');
});
afterAll(async () => {
  near.disconnect();
  far.disconnect();
  await proxy.close();
  await server.drop();
});

function node(nodeId: string, redis: Redis): LiveCounters {
  return new LiveCounters({
    nodeId,
    redis,
    everyMs: 50,
    now: () => Date.now(),
    carrierOf: () => 'k1',
    ...(redis === near ? { onDegraded: (yes: boolean) => void degraded.push(yes) } : {}),
  });
}

function receive(live: LiveCounters, callId: string): void {
  live.onCall({ type: 'call.received', callId, attempt: { trunkId: 't' } } as unknown as CallEvent);
}

test('nodes add up what each has, alone where Redis is away, and forget who is gone', async () => {
  const [a, b] = [node('a', near), node('b', far)];
  receive(a, 'one');
  receive(b, 'two');
  receive(b, 'three');
  a.start();
  b.start();
  await until('both know of each other', () => [a, b].every((each) => each.snapshot().calls.deciding === 3));
  expect(a.snapshot()).toMatchObject({ nodes: 2, degraded: false });
  expect(b.snapshot({ accountId: 'k1', role: 'carrier' }).calls.deciding).toBe(3);
  expect(b.snapshot({ accountId: 'toString', role: 'buyer' }).calls.deciding).toBe(0);
  // Bounded: one key a node, which expires, and the list of names.
  expect((await far.keys('dce:live:*')).sort()).toEqual([
    'dce:live:node:a',
    'dce:live:node:b',
    'dce:live:nodes',
  ]);
  expect(await far.pttl('dce:live:node:a')).toBeGreaterThan(0);

  proxy.cut();
  await until('it knows that it is alone', () => a.snapshot().degraded);
  expect(a.snapshot()).toMatchObject({ nodes: 1, calls: { deciding: 1 } });
  proxy.mend();
  await until('it hears the others again', () => a.snapshot().calls.deciding === 3);
  expect(degraded).toEqual([true, false]);

  await b.close();
  await until('who has left is not counted', () => a.snapshot().nodes === 1);
  expect(a.snapshot().calls.deciding).toBe(1);
  await a.close();
  expect(await far.keys('dce:live:node:*')).toEqual([]);
});
