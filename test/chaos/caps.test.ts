import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { CapLimit } from '../../src/domain';
import { openRedis, RedisCapReservations } from '../../src/storage';
import { concurrent, limitOf, spacing, UNANSWERED } from '../support/cap-limits';
import { CompiledSources } from '../support/compiled-sources';
import type { TestRedis } from '../support/test-redis';
import { testRedis } from '../support/test-redis';
import { until } from '../support/until';
import type { LoggedCall } from './support/caps-ledger';
import { callsOf, mostAtOnce, readLog, usedBy } from './support/caps-ledger';

/** Long enough for a busy machine to renew in time, short enough to lapse within the test. */
const LEASE_MS = 3_000;
const SPACING_MS = 40;
const LIMITS: readonly CapLimit[] = [
  concurrent('few', 3),
  concurrent('many', 12),
  limitOf('attempts', 'a', 450),
  limitOf('connections', 'n', 300),
  limitOf('conversions', 'v', 150),
  limitOf('revenue', 'r', 30_000_000, { amount: 500_000 }),
  spacing('s', SPACING_MS),
];
const NODES = ['one', 'two', 'three', 'four'] as const;
type Name = (typeof NODES)[number];

let store: TestRedis;
let redis: Redis;
let sources: CompiledSources;
let folder: string;
const children = new Map<Name, ChildProcess>();

const clock = (): number => Number(process.hrtime.bigint() / 1_000n);
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const logOf = (name: Name): string => join(folder, `${name}.log`);

beforeAll(async () => {
  store = await testRedis();
  redis = openRedis(store.url);
  folder = mkdtempSync(join(tmpdir(), 'dce-caps-'));
  sources = new CompiledSources([
    'src/domain',
    'test/chaos/support/caps-node.ts',
    ...['commands', 'epoch', 'holdings', 'reservations', 'scripts'].map(
      (name) => `src/storage/cap-${name}.ts`,
    ),
    'src/storage/local-reservations.ts',
    'src/storage/redis.ts',
  ]);
});
afterAll(async () => {
  for (const child of children.values()) child.kill('SIGKILL');
  redis.disconnect();
  await store.drop();
  sources.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: Name): Promise<void> {
  const orders = {
    redisUrl: store.url,
    logFile: logOf(name),
    name,
    leaseMs: LEASE_MS,
    limits: LIMITS,
    callsAtOnce: 8,
    longEvery: 40,
    first: { limit: 1, ms: LEASE_MS + 6_000 },
  };
  const child = spawn(
    process.execPath,
    [sources.path('test/chaos/support/caps-node.ts'), JSON.stringify(orders)],
    {
      env: sources.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.set(name, child);
  await new Promise<void>((ready, failed) => {
    child.stdout.once('data', () => ready());
    child.once('exit', (code) => failed(new Error(`node ${name} ended with ${code}`)));
  });
}

function signal(name: Name, which: NodeJS.Signals): number {
  children.get(name)?.kill(which);
  return clock();
}

async function ended(name: Name): Promise<void> {
  const child = children.get(name) as ChildProcess;
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((done) => child.once('exit', done));
  }
}

test('nodes that are killed and that stand still never oversell a limit, and what they held lapses', async () => {
  await Promise.all(NODES.map(start));
  await sleep(1_500);
  const killedAt = signal('one', 'SIGKILL');
  await sleep(500);
  const stoppedAt = signal('two', 'SIGSTOP');
  await sleep(LEASE_MS + 1_500);
  const continuedAt = signal('two', 'SIGCONT');
  await sleep(2_000);
  for (const name of ['two', 'three', 'four'] as const) signal(name, 'SIGTERM');
  await Promise.all(NODES.map(ended));

  const logs = Object.fromEntries(NODES.map((name) => [name, readLog(logOf(name))])) as Record<
    Name,
    ReturnType<typeof readLog>
  >;
  const calls = Object.fromEntries(NODES.map((name) => [name, callsOf(logs[name])])) as Record<
    Name,
    LoggedCall[]
  >;

  // The dead node's calls are over with it. Those of the one that stood still were presumed to be, not
  // before half a lease had gone by; what it went on with afterwards is looked at below.
  const presumedOver = stoppedAt + (LEASE_MS / 2) * 1_000;
  for (const call of calls.one) call.until = Math.min(call.until, killedAt);
  const [toldAt] = logs.two.find(([, what]) => what === 'lapsed') ?? [Infinity];
  const seen = [
    ...calls.one,
    ...calls.two.flatMap((call) => {
      if (call.from < continuedAt && call.until > stoppedAt) {
        return [{ ...call, until: Math.min(call.until, Math.max(call.from, presumedOver)) }];
      }
      // It may have been taken before the node stood still, and written down after that.
      return call.from >= continuedAt && call.from < toldAt ? [] : [call];
    }),
    ...calls.three,
    ...calls.four,
  ];
  for (const [n, limit] of LIMITS.entries()) {
    if (limit.counter === 'concurrent') {
      const most = mostAtOnce(seen, n);
      expect([limit.key, most <= limit.limit, most]).toEqual([limit.key, true, most]);
    }
  }
  // The machine was not so busy that anybody else's leases lapsed, and they did when a node stood still.
  expect(NODES.filter((name) => logs[name].some(([, what]) => what === 'lapsed'))).toEqual(['two']);
  // What was up all the time counts again once its node has told so: nobody sells beyond it.
  const carriedOn = calls.two.filter((call) => call.from < toldAt && call.until > toldAt);
  expect(carriedOn.map(({ id }) => id)).toContain('two-first');
  const others = seen.filter((call) => !carriedOn.some(({ id }) => id === call.id));
  for (const [n, limit] of LIMITS.entries()) {
    if (limit.counter !== 'concurrent') continue;
    for (const call of others.filter(({ from, limits }) => from > toldAt + 250_000 && limits.includes(n))) {
      const up = [...others, ...carriedOn].filter(
        (other) => other.limits.includes(n) && other.from <= call.from && other.until > call.from,
      );
      expect(up.length).toBeLessThanOrEqual(limit.limit);
    }
  }

  // Calls of the dead node are closed, as they stood.
  const caps = new RedisCapReservations(redis, { fallback: 'refuse', leaseMs: LEASE_MS, now: Date.now });
  await caps.started();
  const held = (await redis.keys('caps:h:*')).map((key) => key.slice('caps:h:'.length));
  expect(held.every((callId) => callId.startsWith('one-'))).toBe(true);
  const answered = new Set(calls.one.filter((call) => call.answered).map(({ id }) => id));
  for (const callId of held) {
    await caps.settleReservation(callId, { ...UNANSWERED, connected: answered.has(callId) });
  }
  await until(
    'what the dead node held to lapse',
    async () => (await caps.totalReserved()) === 0,
    LEASE_MS + 2_000,
  );
  const all = NODES.flatMap((name) => calls[name]);
  const lasted =
    (Math.max(...all.map(({ from }) => from)) - Math.min(...all.map(({ from }) => from))) / 1_000;
  for (const [n, limit] of LIMITS.entries()) {
    const used = usedBy(all, LIMITS, n);
    const counted = await caps.inUse(limit);
    if (limit.counter === 'concurrent') continue;
    if (limit.counter === 'spacing') {
      expect(used).toBeGreaterThan(10);
      expect(used).toBeLessThanOrEqual(lasted / SPACING_MS + 2);
      continue;
    }
    expect(counted).toBeLessThanOrEqual(limit.limit);
    // A ring that its node did not live to write down was counted as an attempt.
    const unwritten = limit.counter === 'attempts' ? 8 : 0;
    expect([limit.key, counted >= used, counted <= used + unwritten]).toEqual([limit.key, true, true]);
    expect(used).toBeGreaterThan(0);
  }
  caps.close();
});
