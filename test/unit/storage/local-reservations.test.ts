import * as fc from 'fast-check';
import type { CapLimit } from '../../../src/domain';
import { LocalReservations } from '../../../src/storage/local-reservations';

const concurrent = (key: string, limit: number): CapLimit => ({
  key,
  limit,
  kind: 'concurrent',
  resetsAt: 0,
});
const period = (key: string, limit: number): CapLimit => ({ key, limit, kind: 'period', resetsAt: 1_000 });
const local = (elsewhere: Readonly<Record<string, number>> = {}): LocalReservations =>
  new LocalReservations(
    (key) => elsewhere[key] ?? 0,
    () => 0,
  );

test('all limits of a call are taken, or none', () => {
  const caps = local();
  expect(caps.reserve('a', [concurrent('one', 1)])).toEqual({ ok: true });
  expect(caps.reserve('b', [concurrent('two', 1), concurrent('one', 1)])).toEqual({
    ok: false,
    exhausted: 'one',
  });
  expect(caps.reserve('c', [concurrent('two', 1)])).toEqual({ ok: true });
});

test('units this node holds in Redis count', () => {
  const caps = local({ one: 2 });
  expect(caps.reserve('a', [concurrent('one', 3)])).toEqual({ ok: true });
  expect(caps.reserve('b', [concurrent('one', 3)])).toEqual({ ok: false, exhausted: 'one' });
});

test('taking twice takes once, giving back twice gives back once', () => {
  const caps = local();
  const limits = [concurrent('c', 2), period('p', 2)];
  caps.reserve('a', limits);
  caps.reserve('a', limits);
  expect(caps.held).toBe(1);
  expect(caps.reserve('b', limits)).toEqual({ ok: true });
  caps.release('a', limits, 'not_connected');
  caps.release('a', limits, 'not_connected');
  expect(caps.reserve('c', limits)).toEqual({ ok: true });
  expect(caps.reserve('d', limits)).toEqual({ ok: false, exhausted: 'c' });
});

test('a connected call keeps its unit of the period', () => {
  const caps = local();
  caps.reserve('a', [period('p', 1)]);
  caps.release('a', [period('p', 1)], 'ended');
  expect(caps.reserve('b', [period('p', 1)])).toEqual({ ok: false, exhausted: 'p' });
});

test('concurrent units are handed over once', () => {
  const caps = local();
  caps.reserve('a', [concurrent('c', 2), period('p', 2)]);
  expect(caps.takeConcurrent()).toEqual([{ key: 'c', callId: 'a' }]);
  expect(caps.takeConcurrent()).toEqual([]);
  expect(caps.held).toBe(0);
});

test('no sequence of taking and giving back exceeds a limit or loses a unit', () => {
  const limits = { c1: concurrent('c1', 1), c2: concurrent('c2', 2), p1: period('p1', 3) } as const;
  const step = fc.record({
    call: fc.integer({ min: 0, max: 5 }).map((n) => `call-${n}`),
    keys: fc.uniqueArray(fc.constantFrom('c1' as const, 'c2' as const, 'p1' as const), { minLength: 1 }),
    act: fc.constantFrom('reserve', 'not_connected', 'ended'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const caps = local();
      // The same by counting alone: who holds what, and how many units of a period are used up.
      const held: Record<string, Set<string>> = { c1: new Set(), c2: new Set(), p1: new Set() };
      const spent = { c1: 0, c2: 0, p1: 0 };
      for (const { call, keys, act } of steps) {
        const asked = keys.map((key) => limits[key]);
        if (act !== 'reserve') {
          caps.release(call, asked, act as 'ended');
          for (const key of keys) if (held[key]?.delete(call) && act === 'ended' && key === 'p1') spent.p1++;
          continue;
        }
        const room = keys.every(
          (key) => held[key]?.has(call) || (held[key]?.size ?? 0) + spent[key] < limits[key].limit,
        );
        expect(caps.reserve(call, asked).ok).toBe(room);
        if (room) for (const key of keys) held[key]?.add(call);
      }
      expect(caps.held).toBe((held['c1']?.size ?? 0) + (held['c2']?.size ?? 0));
    }),
  );
});
