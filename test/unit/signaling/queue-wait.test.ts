import type { AgentRequest } from '../../../src/signaling';
import { QueueWait } from '../../../src/signaling/queue-wait';
import { MemoryAgents } from './fakes';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const REQUEST: AgentRequest = {
  callId: 'call-1',
  buyerId: 'buyer-1',
  group: { kind: 'team', id: 'desk' },
  skills: [],
  tried: new Set(),
};

/** Milliseconds for which somebody waits whose turn never leads to an agent. */
async function waits(queueMs: number, maxWaitMs: number | undefined): Promise<number> {
  const agents = new MemoryAgents(() => ({ agents: [], maxWaitMs: queueMs }));
  const news = {
    onQueued: () => undefined,
    onQueueLeft: () => undefined,
    ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
  };
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  const queue = new QueueWait(agents, news, clock);
  const startedAt = Date.now();
  let over: number | undefined;
  const waiting = (async () => {
    while ((await queue.wait(REQUEST)) === 'turn');
    over = Date.now();
    queue.leave();
  })();
  while (over === undefined) await jest.advanceTimersByTimeAsync(10);
  await waiting;
  expect(agents.waiting).toBe(0);
  return over - startedAt;
}

test.each([
  ['the queue allows', 500, undefined, 500],
  ['whoever waits can, where that is less', 5_000, 500, 500],
  ['the queue allows, where that is less', 500, 5_000, 500],
])('nobody waits longer than %s', async (_what, queueMs, maxWaitMs, expected) => {
  const waited = await waits(queueMs, maxWaitMs);
  expect(waited).toBeGreaterThanOrEqual(expected);
  expect(waited).toBeLessThan(expected + 200);
});
