import * as fc from 'fast-check';
import type { Redis } from 'ioredis';
import type { CapLimit, CapOutcome } from '../../../src/domain';
import { openRedis, RedisCapReservations } from '../../../src/storage';
import type { CapReservationsOptions } from '../../../src/storage/cap-reservations';
import { concurrent, CONNECTED, limitOf, soldFor, spacing, UNANSWERED } from '../../support/cap-limits';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

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
  await caps.started();
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

async function forget(): Promise<void> {
  const redis = openRedis(store.url, true);
  await redis.flushdb();
  redis.disconnect();
}

const key = (limit: CapLimit): string => limit.key;
const full = (limit: CapLimit, lasting = false): object => ({ ok: false, exhausted: limit.key, lasting });

describe('with Redis', () => {
  test('all limits of a call are taken, or none', async () => {
    const caps = await node();
    const [one, two, day] = [concurrent('one', 1), concurrent('two', 1), limitOf('connections', 'day', 5)];
    expect(await caps.reserve('a', [one])).toEqual({ ok: true });
    expect(await caps.reserve('b', [day, two, one])).toEqual(full(one));
    expect(await Promise.all([one, two, day].map((limit) => caps.inUse(limit)))).toEqual([1, 0, 0]);
    expect(await caps.reservationsOf('b')).toEqual([]);
    await caps.release('a', [one], CONNECTED);
    expect(await caps.reserve('b', [day, two, one])).toEqual({ ok: true });
    expect(await caps.reservationsOf('b')).toEqual([key(day)]);
    expect(await caps.totalReserved()).toBe(2);
    expect(caps.held).toBe(2);
  });

  test('no limit is oversold and no unit lost, whatever several nodes do at once', async () => {
    const nodes = await Promise.all([node(), node(), node()]);
    const kinds = ['c1', 'c3', 'attempts', 'connections', 'conversions', 'revenue'] as const;
    type Kind = (typeof kinds)[number];
    const outcome = fc.constantFrom<CapOutcome>(UNANSWERED, CONNECTED, soldFor(30), soldFor(70));
    const step = fc.record({
      node: fc.integer({ min: 0, max: 2 }),
      call: fc.integer({ min: 0, max: 3 }),
      kinds: fc.uniqueArray(fc.constantFrom(...kinds), { minLength: 1 }),
      act: fc.oneof(fc.constant('reserve' as const), outcome),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 6 }), async (rounds) => {
        const series = `s${run++}`;
        const limits: Readonly<Record<Kind, CapLimit>> = {
          c1: concurrent(`${series}-c1`, 1),
          c3: concurrent(`${series}-c3`, 3),
          attempts: limitOf('attempts', series, 5),
          connections: limitOf('connections', series, 4),
          conversions: limitOf('conversions', series, 3),
          revenue: limitOf('revenue', series, 250, { amount: 70 }),
        };
        /** Units that calls hold, and units used for good. */
        const holds = Object.fromEntries(kinds.map((kind) => [kind, new Set<string>()])) as Record<
          Kind,
          Set<string>
        >;
        const spent = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
        const used = (kind: Kind): number => spent[kind] + holds[kind].size * limits[kind].amount;
        for (const round of rounds) {
          // What happens at once is one thing for each call: nobody rings and hangs up at the same instant.
          const steps = [...new Map(round.map((item) => [`${item.node}/${item.call}`, item])).values()];
          await Promise.all(
            steps.map(async ({ node: n, call, kinds: asked, act }) => {
              const caps = nth(nodes, n);
              const id = `${series}-${n}-${call}`;
              const wanted = asked.map((kind) => limits[kind]);
              if (act === 'reserve') {
                const { ok } = await caps.reserve(id, wanted);
                if (ok) for (const kind of asked) holds[kind].add(id);
                return;
              }
              await caps.release(id, wanted, act);
              for (const kind of asked) {
                if (!holds[kind].delete(id)) continue;
                if (kind === 'attempts') spent[kind]++;
                if (kind === 'connections' && act.connected) spent[kind]++;
                if (kind === 'conversions' && act.converted) spent[kind]++;
                if (kind === 'revenue') spent[kind] += act.revenue;
              }
            }),
          );
          for (const [n, kind] of kinds.entries()) {
            expect([kind, await nth(nodes, n % 3).inUse(limits[kind])]).toEqual([kind, used(kind)]);
            expect(used(kind)).toBeLessThanOrEqual(limits[kind].limit);
          }
        }
      }),
      { numRuns: 80 },
    );
    expect(degradations).toEqual([]);
  });

  test('a hundred calls after ten places: ten get one', async () => {
    const nodes = await Promise.all([node(), node(), node(), node()]);
    const limits = [concurrent('c', 10), limitOf('connections', 'p', 60)];
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => nth(nodes, n % 4).reserve(`call-${n}`, limits)),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(10);
    expect(results.filter((result) => !result.ok && result.exhausted === nth(limits, 0).key)).toHaveLength(
      90,
    );
    expect(await nth(nodes, 0).inUse(nth(limits, 1))).toBe(10);
  });

  test('an attempt is used by ringing, a connection by the answer, a conversion by what is owed', async () => {
    const caps = await node();
    const limits = [
      limitOf('attempts', 'a', 9),
      limitOf('connections', 'a', 9),
      limitOf('conversions', 'a', 9),
    ];
    const uses = (): Promise<number[]> => Promise.all(limits.map((limit) => caps.inUse(limit)));
    await caps.reserve('a', limits);
    await caps.reserve('a', limits);
    expect(await uses()).toEqual([1, 1, 1]);
    for (let n = 0; n < 2; n++) await caps.release('a', limits, UNANSWERED);
    expect(await uses()).toEqual([1, 0, 0]);
    await caps.reserve('a', limits);
    await caps.release('a', limits, CONNECTED);
    expect(await uses()).toEqual([2, 1, 0]);
    await caps.reserve('a', limits);
    await caps.release('a', limits, soldFor(5));
    expect(await uses()).toEqual([3, 2, 1]);
    // Kept for good, and nothing is remembered of the call.
    expect(await caps.reservationsOf('a')).toEqual([]);
    await caps.release('a', limits, UNANSWERED);
    expect(await uses()).toEqual([3, 2, 1]);
  });

  test('revenue is reserved at its most and corrected to what was earned', async () => {
    const caps = await node();
    const budget = limitOf('revenue', 'r', 100, { amount: 40 });
    expect((await caps.reserve('a', [budget])).ok && (await caps.reserve('b', [budget])).ok).toBe(true);
    // Both may still give back: there may be room again soon.
    expect(await caps.reserve('c', [budget])).toEqual(full(budget));
    await caps.release('a', [budget], soldFor(10));
    expect(await caps.inUse(budget)).toBe(50);
    expect(await caps.reserve('c', [budget])).toEqual({ ok: true });
    // A call that lasted longer than anybody thought.
    await caps.release('c', [budget], soldFor(45));
    await caps.release('b', [budget], soldFor(40));
    expect(await caps.inUse(budget)).toBe(95);
    expect(await caps.reserve('d', [budget])).toEqual(full(budget, true));
    expect(await caps.reserve('d', [{ ...budget, amount: 5 }])).toEqual({ ok: true });
  });

  test('of the largest sums no micro-unit is lost', async () => {
    const caps = await node();
    const most = Number.MAX_SAFE_INTEGER;
    const budget = limitOf('revenue', 'r', most, { amount: most - 1 });
    expect(await caps.reserve('a', [budget])).toEqual({ ok: true });
    expect(await caps.reserve('b', [{ ...budget, amount: 2 }])).toEqual(full(budget));
    expect(await caps.reserve('c', [{ ...budget, amount: 1 }])).toEqual({ ok: true });
    await caps.release('a', [budget], soldFor(most - 3));
    expect(await caps.inUse(budget)).toBe(most - 2);
  });

  test('from one ring to the next there is a spacing, whoever rings', async () => {
    const [caps, other] = await Promise.all([node(), node()]);
    const apart = spacing('s', 400);
    expect(await caps.reserve('a', [apart])).toEqual({ ok: true });
    expect(await caps.reserve('a', [apart])).toEqual({ ok: true });
    expect(await other.reserve('b', [apart])).toEqual(full(apart));
    await caps.release('a', [apart], UNANSWERED);
    // Also for the same call, when it comes round to the same buyer.
    expect(await caps.reserve('a', [apart])).toEqual(full(apart));
    await until('the spacing to be over', async () => (await other.reserve('b', [apart])).ok);
  });

  test('a refusal says whether it lasts', async () => {
    const caps = await node();
    const [ringing, answered] = [limitOf('connections', 'x', 1), limitOf('attempts', 'x', 1)];
    await caps.reserve('a', [ringing]);
    expect(await caps.reserve('b', [ringing])).toEqual(full(ringing));
    await caps.release('a', [ringing], CONNECTED);
    expect(await caps.reserve('b', [ringing])).toEqual(full(ringing, true));
    await caps.reserve('a', [answered]);
    expect(await caps.reserve('b', [answered])).toEqual(full(answered, true));
  });

  test('a period that is over lapses, but not before the calls decided in it are through', async () => {
    const caps = await node();
    const justOver = limitOf('connections', 'p', 1, { resetsAt: Date.now() - 1_000 });
    expect(await caps.reserve('a', [justOver])).toEqual({ ok: true });
    expect(await caps.reserve('b', [justOver])).toEqual(full(justOver));
    const longOver = limitOf('connections', 'q', 1, { resetsAt: Date.now() - 8_000_000 });
    expect(await caps.reserve('a', [longOver])).toEqual({ ok: true });
    expect(await caps.inUse(longOver)).toBe(0);
    // Giving back a unit of a period that is gone takes nothing from anybody.
    await caps.release('a', [longOver], UNANSWERED);
    expect(await caps.inUse(longOver)).toBe(0);
  });

  test('a limit of nothing sells nothing, and no limits are no obstacle', async () => {
    const caps = await node();
    const none = concurrent('none', 0);
    expect(await caps.reserve('a', [none])).toEqual(full(none));
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
    expect(await third.reserve('c', [limit])).toEqual(full(limit));
    await until('the lease to lapse', async () => (await third.reserve('c', [limit])).ok);
    // Longer than a lease: who lives has renewed it.
    await new Promise((later) => setTimeout(later, 900));
    expect(await third.reserve('d', [limit])).toEqual(full(limit));
    await lives.release('b', [limit], CONNECTED);
    expect(await third.reserve('d', [limit])).toEqual({ ok: true });
  });

  test('what the calls of a dead node held of periods is settled once they are closed', async () => {
    const [dies, lives] = await Promise.all([node(), node()]);
    const limits = [
      limitOf('connections', 'x', 5),
      limitOf('conversions', 'x', 5),
      limitOf('revenue', 'x', 100, { amount: 40 }),
    ];
    await dies.reserve('answered', limits);
    await dies.reserve('ringing', limits);
    kill(dies);
    const uses = (): Promise<number[]> => Promise.all(limits.map((limit) => lives.inUse(limit)));
    expect(await uses()).toEqual([2, 2, 80]);
    for (let n = 0; n < 2; n++) {
      await lives.settleReservation('ringing', UNANSWERED);
      await lives.settleReservation('answered', soldFor(25));
    }
    expect(await uses()).toEqual([1, 1, 25]);
    expect(await lives.reservationsOf('answered')).toEqual([]);
  });

  test('what Redis forgot of calls that are up is there again, and is counted to its end', async () => {
    const caps = await node({ leaseMs: 600 });
    const [place, sale] = [concurrent('c', 1), limitOf('conversions', 'x', 2)];
    await caps.reserve('a', [place, sale]);
    await forget();
    await until('Redis to know', async () => (await caps.inUse(place)) === 1 && !caps.degraded);
    expect(await caps.inUse(sale)).toBe(1);
    expect(await caps.reserve('b', [place])).toEqual(full(place));
    await caps.release('a', [place, sale], soldFor(1));
    expect([await caps.inUse(place), await caps.inUse(sale)]).toEqual([0, 1]);
  });
});

describe('when Redis has forgotten', () => {
  test('nothing is sold by what it says until each node has told what it holds', async () => {
    let released: () => void = () => undefined;
    const gate = new Promise<void>((open) => (released = open));
    let othersLive = false;
    const records = {
      rebuild: () => gate,
      othersLive: () => Promise.resolve(othersLive),
    };
    const options = { leaseMs: 600, fallback: 'refuse', records } as const;
    const held = limitOf('connections', 'held', 9);
    released();
    const [one, two] = [await node(options), await node(options)];
    const limit = concurrent('c', 1);
    expect(await two.reserve('up', [limit, held])).toEqual({ ok: true });
    othersLive = true;
    await forget();
    // Whoever notices first has it counted; until all have told theirs, it refuses.
    expect((await one.reserve('a', [limit])).ok).toBe(false);
    await until('both to go on', () => !one.degraded && !two.degraded);
    expect(await one.reserve('a', [limit])).toEqual(full(limit));
    expect([await one.inUse(limit), await one.inUse(held)]).toEqual([1, 1]);
    await two.release('up', [limit, held], UNANSWERED);
    expect(await one.reserve('a', [limit])).toEqual({ ok: true });
  });

  test('what is stored of calls that are over counts, once, and what is known of more stays', async () => {
    const [spent, more] = [limitOf('conversions', 'spent', 5), limitOf('conversions', 'more', 5)];
    const units = [spent, more].map(({ key: name, resetsAt }) => ({ key: name, amount: 4, resetsAt }));
    const caps = await node({
      leaseMs: 600,
      records: { rebuild: (raise) => raise(units), othersLive: () => Promise.resolve(false) },
    });
    expect([await caps.inUse(spent), await caps.inUse(more)]).toEqual([4, 4]);
    await caps.reserve('up', [more]);
    await forget();
    await until('Redis to know', async () => (await caps.inUse(more)) === 5 && !caps.degraded);
    expect(await caps.inUse(spent)).toBe(4);
    expect(await caps.reserve('b', [spent])).toEqual({ ok: true });
    expect(await caps.reserve('c', [spent])).toEqual(full(spent));
    expect(await caps.reserve('c', [more])).toEqual(full(more));
  });

  test('without its records a node does not trust Redis', async () => {
    let readable = false;
    const caps = await node({
      leaseMs: 600,
      records: {
        rebuild: () => (readable ? Promise.resolve() : Promise.reject(new Error('no database'))),
        othersLive: () => Promise.resolve(false),
      },
    });
    expect(await caps.reserve('a', [concurrent('c', 1)])).toEqual({ ok: true });
    expect(caps.degraded).toBe(true);
    readable = true;
    await until('the next try', () => !caps.degraded);
    expect(await caps.inUse(concurrent('c', 1))).toBe(1);
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
    expect(await caps.reserve('away-2', [limit])).toEqual({ ok: false, exhausted: limit.key });
    await caps.release('before', [limit], CONNECTED);
    expect(await caps.reserve('away-2', [limit])).toEqual({ ok: true });
    expect(caps.held).toBe(2);
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    expect(await other.inUse(limit)).toBe(2);
    expect(await other.reserve('b', [limit])).toEqual(full(limit));
    // Taken without Redis, given back with it.
    await caps.release('away-1', [limit], CONNECTED);
    expect(await other.reserve('b', [limit])).toEqual({ ok: true });
    await caps.release('away-2', [limit], CONNECTED);
    await other.release('b', [limit], CONNECTED);
    expect(await other.totalReserved()).toBe(0);
    expect([caps.held, other.held]).toEqual([0, 0]);
    expect(degradations).toEqual([true, false]);
  });

  test('what is used meanwhile counts once Redis is back, over or still up', async () => {
    const caps = await node({}, proxy.url);
    const other = await node();
    const limits = [
      limitOf('attempts', 'x', 9),
      limitOf('connections', 'x', 9),
      limitOf('revenue', 'x', 99, { amount: 30 }),
    ];
    await caps.reserve('before', limits);
    proxy.cut();
    await caps.reserve('over', limits);
    await caps.release('over', limits, soldFor(20));
    await caps.reserve('failed', limits);
    await caps.release('failed', limits, UNANSWERED);
    await caps.reserve('up', limits);
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    const uses = (): Promise<number[]> => Promise.all(limits.map((each) => other.inUse(each)));
    expect(await uses()).toEqual([4, 3, 80]);
    await caps.release('up', limits, UNANSWERED);
    await caps.release('before', limits, soldFor(1));
    expect(await uses()).toEqual([4, 2, 21]);
  });

  test('or refuses, where that is wanted', async () => {
    const caps = await node({ fallback: 'refuse' }, proxy.url);
    proxy.cut();
    expect(await caps.reserve('a', [limit])).toEqual({ ok: false, exhausted: limit.key });
    expect(await caps.reserve('b', [limit])).toEqual({ ok: false, exhausted: limit.key });
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    expect(await caps.reserve('a', [limit])).toEqual({ ok: true });
    expect(await caps.totalReserved()).toBe(1);
  });

  test('what is given back meanwhile is given back once Redis is there', async () => {
    const caps = await node({}, proxy.url);
    const other = await node();
    const day = limitOf('connections', 'day', 1);
    expect(await caps.reserve('a', [limit, day])).toEqual({ ok: true });
    await other.reserve('orphan', [spacing('s', 60_000), limitOf('conversions', 'o', 1)]);
    proxy.cut();
    await caps.release('a', [limit, day], UNANSWERED);
    await caps.settleReservation('orphan', UNANSWERED);
    expect(caps.held).toBe(0);
    expect([await other.inUse(limit), await other.inUse(day)]).toEqual([1, 1]);
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    expect([await other.inUse(limit), await other.inUse(day)]).toEqual([0, 0]);
    expect(await other.inUse(limitOf('conversions', 'o', 1))).toBe(0);
    expect(await other.reserve('b', [day])).toEqual({ ok: true });
  });

  test('a Redis that hangs is not waited for, and what it took after all counts once', async () => {
    const caps = await node({}, proxy.url);
    const other = await node();
    const limits = [limit, limitOf('attempts', 'x', 9), limitOf('connections', 'x', 9)];
    const uses = (): Promise<number[]> => Promise.all(limits.map((each) => other.inUse(each)));
    proxy.freeze();
    expect(await caps.reserve('a', limits)).toEqual({ ok: true });
    expect(caps.degraded).toBe(true);
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    expect(await uses()).toEqual([1, 1, 1]);
    await caps.release('a', limits, CONNECTED);
    expect(await uses()).toEqual([0, 1, 1]);
  });

  test('a Redis that hangs and took what was refused gives all of it back', async () => {
    const caps = await node({ fallback: 'refuse' }, proxy.url);
    const other = await node();
    const limits = [limit, limitOf('attempts', 'x', 9), limitOf('conversions', 'x', 9), spacing('x', 60_000)];
    proxy.freeze();
    expect(await caps.reserve('a', limits)).toMatchObject({ ok: false });
    proxy.mend();
    await until('recovery', () => !caps.degraded);
    expect(await Promise.all(limits.map((each) => other.inUse(each)))).toEqual([0, 0, 0, 0]);
    expect(await other.reserve('b', limits)).toEqual({ ok: true });
  });
});
