import * as fc from 'fast-check';
import type { Redis } from 'ioredis';
import type { CapLimit } from '../../../src/domain';
import { openRedis, RedisCapReservations } from '../../../src/storage';
import type { CapReservationsOptions } from '../../../src/storage/cap-reservations';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

const concurrent = (key: string, limit: number): CapLimit => ({
  key,
  limit,
  kind: 'concurrent',
  resetsAt: 0,
});
const period = (key: string, limit: number, resetsAt = Date.now() + 3_600_000): CapLimit => ({
  key,
  limit,
  kind: 'period',
  resetsAt,
});

let store: TestRedis;
let proxy: TcpProxy;
let open: { caps: RedisCapReservations; redis: Redis }[];
let degradations: boolean[];

beforeAll(async () => {
  store = await testRedis();
  proxy = await TcpProxy.open(store.url);
});
afterAll(async () => {
  await proxy.close();
  await store.drop();
});
beforeEach(() => {
  open = [];
  degradations = [];
});
afterEach(async () => {
  proxy.mend();
  for (const { caps, redis } of open) {
    caps.close();
    redis.disconnect();
  }
  const redis = openRedis(store.url, true);
  await redis.flushdb();
  redis.disconnect();
});

/** A node's view of the limits. */
async function node(
  more: Partial<CapReservationsOptions> = {},
  url = store.url,
): Promise<RedisCapReservations> {
  const redis = openRedis(url);
  await until('Redis', () => redis.status === 'ready');
  const caps = new RedisCapReservations(redis, {
    fallback: 'local',
    leaseMs: 30_000,
    now: Date.now,
    onDegraded: (degraded) => degradations.push(degraded),
    ...more,
  });
  open.push({ caps, redis });
  return caps;
}

function nth<T>(items: readonly T[], n: number): T {
  const item = items[n];
  if (item === undefined) throw new RangeError(`there is no ${n}`);
  return item;
}

/** Ends a node as a crash would: nothing is given back, nothing renewed. */
function kill(caps: RedisCapReservations): void {
  const found = open.find((entry) => entry.caps === caps);
  found?.caps.close();
  found?.redis.disconnect();
}

describe('with Redis', () => {
  test('all limits of a call are taken, or none', async () => {
    const caps = await node();
    const [one, two, day] = [concurrent('one', 1), concurrent('two', 1), period('day', 5)];
    expect(await caps.reserve('a', [one])).toEqual({ ok: true });
    expect(await caps.reserve('b', [day, two, one])).toEqual({ ok: false, exhausted: 'one' });
    expect(await Promise.all([one, two, day].map((limit) => caps.inUse(limit)))).toEqual([1, 0, 0]);
    expect(await caps.reservationsOf('b')).toEqual([]);
    await caps.release('a', [one], 'ended');
    expect(await caps.reserve('b', [day, two, one])).toEqual({ ok: true });
    expect(await caps.reservationsOf('b')).toEqual(['day']);
    expect(await caps.totalReserved()).toBe(2);
    expect(caps.held).toBe(2);
  });

  test('no limit is oversold and no unit lost, whatever several nodes do at once', async () => {
    const nodes = await Promise.all([node(), node(), node()]);
    const limits = { c1: concurrent('c1', 1), c3: concurrent('c3', 3), p4: period('p4', 4) } as const;
    const step = fc.record({
      node: fc.integer({ min: 0, max: 2 }),
      call: fc.integer({ min: 0, max: 3 }),
      keys: fc.uniqueArray(fc.constantFrom('c1' as const, 'c3' as const, 'p4' as const), { minLength: 1 }),
      act: fc.constantFrom(
        'reserve' as const,
        'reserve' as const,
        'not_connected' as const,
        'ended' as const,
      ),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 6 }), async (rounds) => {
        const series = run++;
        const named = (key: keyof typeof limits): CapLimit => ({ ...limits[key], key: `${key}-${series}` });
        const holds = new Map<string, Set<string>>();
        const of = (key: string): Set<string> => {
          const calls = holds.get(key) ?? new Set<string>();
          holds.set(key, calls);
          return calls;
        };
        let spent = 0;
        for (const round of rounds) {
          // What happens at once is one thing for each call: nobody rings and hangs up at the same instant.
          const steps = [...new Map(round.map((item) => [`${item.node}/${item.call}`, item])).values()];
          await Promise.all(
            steps.map(async ({ node: n, call, keys, act }) => {
              const caps = nth(nodes, n);
              const id = `${series}-${n}-${call}`;
              const asked = keys.map(named);
              if (act === 'reserve') {
                const { ok } = await caps.reserve(id, asked);
                if (ok) for (const key of keys) of(key).add(id);
                return;
              }
              await caps.release(id, asked, act);
              for (const key of keys) if (of(key).delete(id) && key === 'p4' && act === 'ended') spent++;
            }),
          );
          expect(await nth(nodes, 0).inUse(named('c1'))).toBe(of('c1').size);
          expect(await nth(nodes, 1).inUse(named('c3'))).toBe(of('c3').size);
          expect(await nth(nodes, 2).inUse(named('p4'))).toBe(of('p4').size + spent);
          expect(of('c1').size).toBeLessThanOrEqual(1);
          expect(of('c3').size).toBeLessThanOrEqual(3);
          expect(of('p4').size + spent).toBeLessThanOrEqual(4);
        }
      }),
      { numRuns: 60 },
    );
    expect(degradations).toEqual([]);
  });

  test('a hundred calls after ten places: ten get one', async () => {
    const nodes = await Promise.all([node(), node(), node(), node()]);
    const limits = [concurrent('c', 10), period('p', 60)];
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => nth(nodes, n % 4).reserve(`call-${n}`, limits)),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(10);
    expect(results.filter((result) => !result.ok && result.exhausted === 'c')).toHaveLength(90);
    expect(await nth(nodes, 0).inUse(nth(limits, 1))).toBe(10);
  });

  test('a period counts a call once, keeps it when it was connected, and lapses', async () => {
    const caps = await node();
    const hour = period('hour', 2, Date.now() + 60_000);
    for (let n = 0; n < 3; n++) expect(await caps.reserve('a', [hour])).toEqual({ ok: true });
    expect(await caps.inUse(hour)).toBe(1);
    await caps.release('a', [hour], 'ended');
    // Kept for good, and nothing is remembered of the call.
    expect(await caps.reservationsOf('a')).toEqual([]);
    await caps.release('a', [hour], 'not_connected');
    expect(await caps.inUse(hour)).toBe(1);
    await caps.reserve('b', [hour]);
    for (let n = 0; n < 3; n++) await caps.release('b', [hour], 'not_connected');
    expect(await caps.inUse(hour)).toBe(1);
    expect(await caps.reserve('c', [hour])).toEqual({ ok: true });
    expect(await caps.reserve('d', [hour])).toEqual({ ok: false, exhausted: 'hour' });

    const brief = period('brief', 1, Date.now() + 300);
    expect(await caps.reserve('a', [brief])).toEqual({ ok: true });
    await until('the next period', async () => (await caps.inUse(brief)) === 0);
    // Giving back a unit of a period that is over takes nothing from the next one.
    expect(await caps.reserve('b', [{ ...brief, resetsAt: Date.now() + 60_000 }])).toEqual({ ok: true });
    await caps.release('never', [brief], 'not_connected');
    expect(await caps.inUse(brief)).toBe(1);
  });

  test('a limit of nothing sells nothing, and no limits are no obstacle', async () => {
    const caps = await node();
    expect(await caps.reserve('a', [concurrent('none', 0)])).toEqual({ ok: false, exhausted: 'none' });
    expect(await caps.reserve('a', [])).toEqual({ ok: true });
  });

  test('the places of a node that died are free after its lease, those of one that lives are not', async () => {
    const [dies, lives, third] = await Promise.all([
      node({ leaseMs: 600 }),
      node({ leaseMs: 600 }),
      node({ leaseMs: 600 }),
    ]);
    const limit = concurrent('shared', 2);
    await dies.reserve('a', [limit]);
    await lives.reserve('b', [limit]);
    kill(dies);
    expect(await third.reserve('c', [limit])).toEqual({ ok: false, exhausted: 'shared' });
    await until('the lease to lapse', async () => (await third.reserve('c', [limit])).ok);
    // Longer than a lease: who lives has renewed it.
    await new Promise((later) => setTimeout(later, 900));
    expect(await third.reserve('d', [limit])).toEqual({ ok: false, exhausted: 'shared' });
    await lives.release('b', [limit], 'ended');
    expect(await third.reserve('d', [limit])).toEqual({ ok: true });
  });

  test('what Redis forgot of calls that are up is there again', async () => {
    const caps = await node({ leaseMs: 600 });
    const limit = concurrent('c', 1);
    await caps.reserve('a', [limit]);
    const redis = openRedis(store.url, true);
    await redis.flushdb();
    redis.disconnect();
    await until('the renewal', async () => (await caps.inUse(limit)) === 1);
  });
});

describe('without Redis', () => {
  const limit = concurrent('c', 2);

  test('a node keeps limits by itself, its own calls counted, and tells Redis once it is back', async () => {
    const caps = await node({}, proxy.url);
    const other = await node();
    await caps.reserve('before', [limit]);
    proxy.cut();
    expect(await caps.reserve('away-1', [limit])).toEqual({ ok: true });
    expect(caps.degraded).toBe(true);
    expect(await caps.reserve('away-2', [limit])).toEqual({ ok: false, exhausted: 'c' });
    await caps.release('before', [limit], 'ended');
    expect(await caps.reserve('away-2', [limit])).toEqual({ ok: true });
    expect(caps.held).toBe(2);
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    await until('Redis to know', async () => (await other.inUse(limit)) === 2);
    expect(await other.reserve('b', [limit])).toEqual({ ok: false, exhausted: 'c' });
    // Taken without Redis, given back with it.
    await caps.release('away-1', [limit], 'ended');
    expect(await other.reserve('b', [limit])).toEqual({ ok: true });
    await caps.release('away-2', [limit], 'ended');
    await other.release('b', [limit], 'ended');
    expect(await other.totalReserved()).toBe(0);
    expect([caps.held, other.held]).toEqual([0, 0]);
    expect(degradations).toEqual([true, false]);
  });

  test('or refuses, where that is wanted', async () => {
    const caps = await node({ fallback: 'refuse' }, proxy.url);
    proxy.cut();
    expect(await caps.reserve('a', [limit])).toEqual({ ok: false, exhausted: 'c' });
    expect(await caps.reserve('b', [limit])).toEqual({ ok: false, exhausted: 'c' });
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    expect(await caps.reserve('a', [limit])).toEqual({ ok: true });
  });

  test('what is given back meanwhile is given back once Redis is there', async () => {
    const caps = await node({}, proxy.url);
    const other = await node();
    const day = period('day', 1);
    expect(await caps.reserve('a', [limit, day])).toEqual({ ok: true });
    proxy.cut();
    await caps.release('a', [limit, day], 'not_connected');
    expect(caps.held).toBe(0);
    expect([await other.inUse(limit), await other.inUse(day)]).toEqual([1, 1]);
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    expect([await other.inUse(limit), await other.inUse(day)]).toEqual([0, 0]);
    expect(await other.reserve('b', [day])).toEqual({ ok: true });
  });

  test('a Redis that hangs is not waited for, and a unit it took after all is given back with the call', async () => {
    const caps = await node({}, proxy.url);
    const other = await node();
    proxy.freeze();
    expect(await caps.reserve('a', [limit])).toEqual({ ok: true });
    expect(caps.degraded).toBe(true);
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    await until('Redis to know', async () => (await other.inUse(limit)) === 1);
    await caps.release('a', [limit], 'ended');
    expect(await other.inUse(limit)).toBe(0);
  });
});
