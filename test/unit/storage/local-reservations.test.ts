import * as fc from 'fast-check';
import type { CapOutcome } from '../../../src/domain';
import { LocalReservations } from '../../../src/storage/local-reservations';
import { concurrent, CONNECTED, limitOf, soldFor, spacing, UNANSWERED } from '../../support/cap-limits';

const local = (elsewhere: Readonly<Record<string, number>> = {}, now = () => 0): LocalReservations =>
  new LocalReservations((key) => elsewhere[key] ?? 0, now);
const full = (limit: { key: string }): object => ({ ok: false, exhausted: limit.key });

test('all limits of a call are taken, or none', () => {
  const caps = local();
  const [one, two] = [concurrent('one', 1), concurrent('two', 1)];
  expect(caps.reserve('a', [one])).toEqual({ ok: true });
  expect(caps.reserve('b', [two, one])).toEqual(full(one));
  expect(caps.reserve('c', [two])).toEqual({ ok: true });
});

test('units this node holds in Redis count', () => {
  const limit = concurrent('one', 3);
  const caps = local({ [limit.key]: 2 });
  expect(caps.reserve('a', [limit])).toEqual({ ok: true });
  expect(caps.reserve('b', [limit])).toEqual(full(limit));
});

test('taking twice takes once, giving back twice gives back once', () => {
  const caps = local();
  const limits = [concurrent('c', 2), limitOf('connections', 'p', 2)];
  caps.reserve('a', limits);
  caps.reserve('a', limits);
  expect(caps.held).toBe(1);
  expect(caps.reserve('b', limits)).toEqual({ ok: true });
  caps.release('a', limits, UNANSWERED);
  caps.release('a', limits, UNANSWERED);
  expect(caps.reserve('c', limits)).toEqual({ ok: true });
  expect(caps.reserve('d', limits)).toMatchObject({ ok: false });
});

test('a spacing lasts until it is over, also for the call that began it', () => {
  let now = 0;
  const caps = local({}, () => now);
  const apart = spacing('s', 100);
  expect(caps.reserve('a', [apart])).toEqual({ ok: true });
  caps.release('a', [apart], UNANSWERED);
  now = 99;
  expect(caps.reserve('a', [apart])).toEqual(full(apart));
  now = 100;
  expect(caps.reserve('b', [apart])).toEqual({ ok: true });
});

test('everything is handed over once: what is held, call by call, and what is used for good', () => {
  const caps = local();
  const place = concurrent('c', 9);
  const sale = limitOf('conversions', 'x', 9);
  const budget = limitOf('revenue', 'x', 900, { amount: 100 });
  caps.reserve('up', [place, sale, budget]);
  caps.reserve('over', [sale, budget]);
  caps.release('over', [sale, budget], soldFor(30));
  caps.reserve('failed', [sale]);
  caps.release('failed', [sale], UNANSWERED);
  const { held, spent } = caps.handOver();
  expect(held.map(({ callId, limit }) => [callId, limit.key]).sort()).toEqual(
    [place, sale, budget].map(({ key }) => ['up', key]).sort(),
  );
  expect(spent).toEqual([
    { key: sale.key, amount: 1, resetsAt: sale.resetsAt },
    { key: budget.key, amount: 30, resetsAt: budget.resetsAt },
  ]);
  expect(caps.handOver()).toEqual({ held: [], spent: [] });
  expect(caps.held).toBe(0);
});

test('no sequence of taking and giving back exceeds a limit or loses a unit', () => {
  const limits = {
    c1: concurrent('c1', 1),
    c2: concurrent('c2', 2),
    attempts: limitOf('attempts', 'x', 6),
    connections: limitOf('connections', 'x', 3),
    conversions: limitOf('conversions', 'x', 3),
    revenue: limitOf('revenue', 'x', 250, { amount: 70 }),
  } as const;
  type Kind = keyof typeof limits;
  const kinds = Object.keys(limits) as Kind[];
  const step = fc.record({
    call: fc.integer({ min: 0, max: 5 }).map((n) => `call-${n}`),
    asked: fc.uniqueArray(fc.constantFrom(...kinds), { minLength: 1 }),
    act: fc.constantFrom<'reserve' | CapOutcome>('reserve', UNANSWERED, CONNECTED, soldFor(30)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const caps = local();
      // The same by counting alone: who holds what, and how many units are used up.
      const held = new Map(kinds.map((kind) => [kind, new Set<string>()] as const));
      const spent = new Map(kinds.map((kind) => [kind, 0]));
      const of = (kind: Kind): Set<string> => held.get(kind) ?? new Set();
      const used = (kind: Kind): number => (spent.get(kind) ?? 0) + of(kind).size * limits[kind].amount;
      for (const { call, asked, act } of steps) {
        const wanted = asked.map((kind) => limits[kind]);
        if (act === 'reserve') {
          const room = asked.every(
            (kind) => of(kind).has(call) || used(kind) + limits[kind].amount <= limits[kind].limit,
          );
          expect(caps.reserve(call, wanted).ok).toBe(room);
          if (room) for (const kind of asked) of(kind).add(call);
          continue;
        }
        caps.release(call, wanted, act);
        for (const kind of asked) {
          if (!of(kind).delete(call)) continue;
          const kept = {
            c1: 0,
            c2: 0,
            attempts: 1,
            connections: act.connected ? 1 : 0,
            conversions: act.converted ? 1 : 0,
            revenue: act.revenue,
          }[kind];
          spent.set(kind, (spent.get(kind) ?? 0) + kept);
        }
      }
      expect(caps.held).toBe(of('c1').size + of('c2').size);
      const { spent: told } = caps.handOver();
      const expected = kinds.filter((kind) => (spent.get(kind) ?? 0) > 0);
      expect(new Map(told.map(({ key, amount }) => [key, amount]))).toEqual(
        new Map(expected.map((kind) => [limits[kind].key, spent.get(kind)])),
      );
    }),
  );
});
