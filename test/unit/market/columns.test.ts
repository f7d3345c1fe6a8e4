import * as fc from 'fast-check';
import type { E164, WeeklySchedule } from '../../../src/domain';
import { INELIGIBLE_REASONS } from '../../../src/domain';
import { DncSet } from '../../../src/market';
import { popcount } from '../../../src/market/bits';
import { CapBlocks } from '../../../src/market/cap-blocks';
import { Ordinals } from '../../../src/market/ordinals';
import { ALWAYS, PlanTable } from '../../../src/market/plan-table';
import { RowSet } from '../../../src/market/row-set';
import { candidatesOf } from './candidates';
import { NOON } from './fixtures';

test('popcount counts the bits of any word', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (word) => {
      expect(popcount(word)).toBe([...(word >>> 0).toString(2)].filter((bit) => bit === '1').length);
    }),
  );
});

test('a row set is a set of rows, as a list and as bits', () => {
  const words = 8;
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(words * 32 - 1), { maxLength: 200, size: 'max' }),
      fc.nat(200),
      (rows, gone) => {
        const set = new RowSet();
        for (const row of rows) set.add(row, words);
        for (const row of rows.slice(0, gone)) set.delete(row);
        const left = rows.slice(gone);
        expect(set.size).toBe(left.length);
        const united = new Int32Array(words);
        set.unite(united);
        const found = Array.from({ length: words * 32 }, (_, row) => row).filter(
          (row) => (((united[row >>> 5] as number) >>> (row & 31)) & 1) === 1,
        );
        expect(found).toEqual([...left].sort((a, b) => a - b));
      },
    ),
  );
});

describe('schedules', () => {
  const always: WeeklySchedule = {
    timezone: 'UTC',
    windows: [{ days: [0, 1, 2, 3, 4, 5, 6], startMinute: 0, endMinute: 1440 }],
  };
  const never: WeeklySchedule = { timezone: 'UTC', windows: [] };

  test('shared by two bids stay until the last is gone', () => {
    const table = new PlanTable();
    const first = table.acquire(never);
    expect(table.acquire({ ...never })).toBe(first);
    table.release(first);
    expect(table.isOpen(first, NOON)).toBe(false);
    table.release(first);
    expect(table.acquire(always)).toBe(first);
    expect([...table.openAt(NOON).slice(ALWAYS, first + 1)]).toEqual([1, 1]);
  });

  test('tell when their answers may be others than before', () => {
    const table = new PlanTable();
    const ask = (): boolean => {
      table.openAt(NOON);
      return table.changed;
    };
    const index = table.acquire(always);
    expect([ask(), ask()]).toEqual([true, false]);
    table.release(index);
    // The place of one that is gone: its answer was the same, and yet it is another schedule.
    table.acquire({ ...always, timezone: 'Asia/Kolkata' });
    expect([ask(), ask()]).toEqual([true, false]);
  });

  test.each<[string, WeeklySchedule]>([
    ['a zone that is none', { ...never, timezone: 'Mars/Olympus' }],
    ['a day that is none', { timezone: 'UTC', windows: [{ days: [7], startMinute: 0, endMinute: 1 }] }],
    ['a start past the day', { timezone: 'UTC', windows: [{ days: [0], startMinute: 1440, endMinute: 1 }] }],
    ['an end of 0', { timezone: 'UTC', windows: [{ days: [0], startMinute: 0, endMinute: 0 }] }],
    ['half a minute', { timezone: 'UTC', windows: [{ days: [0], startMinute: 0.5, endMinute: 1 }] }],
  ])('of %s are refused', (_name, schedule) => {
    expect(() => new PlanTable().acquire(schedule)).toThrow(RangeError);
  });
});

test('candidates of equal keys are ordered by id, whatever their rows', () => {
  const bids = ['c', 'a', 'd', 'b'].map((id, n) => ({ id, price: 1, buyer: n, target: n }));
  const indexes = candidatesOf(bids).best([], 3);
  expect(indexes.map((index) => bids[index]?.id)).toEqual(['a', 'b', 'c']);
});

describe('cap blocks', () => {
  const blocks = (): { caps: CapBlocks; why: (now: number) => string | undefined } => {
    const ordinals = { bid: new Ordinals(), target: new Ordinals(), buyer: new Ordinals() };
    for (const [kind, table] of Object.entries(ordinals)) table.assign(kind);
    const caps = new CapBlocks(ordinals);
    return { caps, why: (now) => INELIGIBLE_REASONS[caps.codeFor(0, 0, 0, now)] };
  };

  test('of several causes hold until the last is over', () => {
    const { caps, why } = blocks();
    caps.block('bid', 'bid', 'cap_connections_day', 200);
    caps.block('bid', 'bid', 'cap_connections_hour', 100);
    expect([why(99), why(199), why(200)]).toEqual(['cap_connections_day', 'cap_connections_day', undefined]);
    caps.lift('bid', 'bid', 'cap_connections_day');
    expect([why(99), why(100)]).toEqual(['cap_connections_hour', undefined]);
    caps.sweep(100);
    expect(caps.isEmpty).toBe(true);
  });

  test('of a target or a buyer keep their bids out', () => {
    for (const kind of ['target', 'buyer'] as const) {
      const { caps, why } = blocks();
      caps.block(kind, kind, 'cap_concurrent', Infinity);
      expect(why(1e15)).toBe('cap_concurrent');
      caps.lift(kind, kind, 'cap_concurrent');
      expect(why(0)).toBeUndefined();
    }
  });
});

test('numbers that come and go leave no trace in a list', () => {
  const set = new DncSet();
  const nth = (n: number): E164 => `+1${2_000_000_000 + n}` as E164;
  set.add({ number: nth(0), source: 'national', expiresAt: undefined });
  for (let n = 1; n <= 20_000; n++) {
    set.add({ number: nth(n), source: 'internal', expiresAt: NOON });
    set.remove(nth(n));
  }
  expect([set.size, set.sourcesOf(nth(0), NOON), set.sourcesOf(nth(777), 0)]).toEqual([1, 2, 0]);
});
