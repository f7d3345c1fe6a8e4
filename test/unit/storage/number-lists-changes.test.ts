import * as fc from 'fast-check';
import { NumberSet, NumberSetBuilder } from '../../../src/market';
import { ChangeLog, WholeList } from '../../../src/storage/number-lists/change-log';

const change = fc.record({
  area: fc.constantFrom(212, 310, 0),
  value: fc.integer({ min: 1, max: 12 }),
  type: fc.constantFrom('add' as const, 'delete' as const),
  at: fc.integer({ min: 0, max: 4 }),
});

test('of each number the change with the latest date holds, of the same date the later one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), fc.array(fc.nat(35)), async (changes, before) => {
      const areas = [212, 310, 0];
      const base = new NumberSetBuilder();
      for (const n of before) base.addAt(areas[n % 3] as number, 1 + Math.floor(n / 3));
      const set = base.finish();
      const model = new Set(before.map((n) => `${areas[n % 3]}/${1 + Math.floor(n / 3)}`));
      const was = new Set(model);
      const log = new ChangeLog(undefined);
      for (const { area, value, type, at } of changes)
        expect(log.take(area, value, type, at)).toBeUndefined();
      for (const { area, value, type } of [...changes].sort((a, b) => a.at - b.at)) {
        if (type === 'add') model.add(`${area}/${value}`);
        else model.delete(`${area}/${value}`);
      }
      const touched: number[] = [];
      const after = new Map<number, NumberSet>();
      const counts = await log.apply(
        (area) => Promise.resolve(new NumberSet(set.segments.filter((segment) => segment.area === area))),
        (area, numbers) => {
          touched.push(area);
          after.set(area, numbers);
          return Promise.resolve();
        },
      );
      expect(touched).toEqual([...new Set(changes.map(({ area }) => area))].sort((a, b) => a - b));
      for (const area of areas) {
        const numbers = after.get(area) ?? set;
        for (let value = 1; value <= 12; value++) {
          expect(numbers.hasAt(area, value)).toBe(model.has(`${area}/${value}`));
        }
      }
      const named = new Set(changes.map(({ area, value }) => `${area}/${value}`));
      const gained = [...named].filter((each) => model.has(each) && !was.has(each)).length;
      const lost = [...named].filter((each) => !model.has(each) && was.has(each)).length;
      expect(counts).toEqual({ added: gained, removed: lost, withoutEffect: named.size - gained - lost });
    }),
    { numRuns: 100 },
  );
});

test('a change that does not say what it does is what it is told to be, or bad', () => {
  expect(new ChangeLog(undefined).take(212, 1, undefined, 0)).toBe('no_change_type');
  expect(new ChangeLog('add').take(212, 1, undefined, 0)).toBeUndefined();
});

test('it remembers more changes than it had room for, and the newest date', () => {
  const log = new ChangeLog(undefined);
  for (let n = 0; n < 200_000; n++) log.take(212, n, 'add', n === 5 ? 9_000 : n % 100);
  expect([log.size, log.newest, log.areas()]).toEqual([200_000, 9_000, [212]]);
});

test('a whole list counts what comes twice, and wants no changes', () => {
  const list = new WholeList();
  list.take(212, 1, undefined);
  list.take(212, 1, undefined);
  list.take(0, 442071838750, undefined);
  expect([list.size, list.duplicates]).toEqual([2, 1]);
  expect(() => list.take(212, 2, 'delete')).toThrow(/file of changes/);
  const numbers = list.finish();
  expect([...numbers.numbers()]).toEqual(['+442071838750', '+12122000001']);
});
