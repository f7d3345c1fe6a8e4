import * as fc from 'fast-check';
import type { DncEntry, E164, ListHit } from '../../../src/domain';
import { NUMBER_LISTS } from '../../../src/domain';
import type { NumberListName } from '../../../src/market';
import {
  compareListNames,
  Market,
  NumberLists,
  NumberSetBuilder,
  parseListName,
  partsOfListName,
} from '../../../src/market';

const NOW = Date.UTC(2026, 10, 20, 15);
const DAY = 86_400_000;
const LISTED = '+12125550123' as E164;
const FREE = '+12125550199' as E164;

function listed(
  lists: NumberLists,
  name: NumberListName,
  numbers: readonly string[],
  version = 'v1',
  asOf = NOW,
): void {
  const builder = new NumberSetBuilder();
  for (const number of numbers) builder.add(number as E164);
  lists.install({ name, version, asOf, numbers: builder.finish() });
}
const row = (source: DncEntry['source'], expiresAt?: number): DncEntry => ({
  number: LISTED,
  source,
  expiresAt,
});

test.each([
  ['national', { list: 'national' }],
  ['internal', { list: 'internal' }],
  ['litigator', { list: 'litigator' }],
  ['reassigned', { list: 'reassigned' }],
  ['state:TX', { list: 'state', state: 'TX' }],
])('%s names a list', (text, parts) => {
  expect(partsOfListName(parseListName(text) as NumberListName)).toEqual(parts);
});

test.each(['state', 'state:', 'state:tx', 'state:TEX', 'National', 'toString', '', 'national '])(
  '"%s" names none',
  (text) => expect(parseListName(text)).toBeUndefined(),
);

test('without lists there are no hits, and always the same array', () => {
  const lists = new NumberLists();
  expect(lists.hitsFor(LISTED, NOW)).toEqual([]);
  expect(lists.hitsFor(LISTED, NOW)).toBe(lists.hitsFor('+442071838750' as E164, NOW));
  expect(lists.ages()).toEqual([]);
  expect(lists.stats(NOW)).toMatchObject({ lists: [], entries: 0, oldestAgeMs: undefined });
});

test('rows and imported lists answer together, each list once, in the order of lists', () => {
  const lists = new NumberLists();
  listed(lists, 'state:TX', [LISTED]);
  listed(lists, 'reassigned', [LISTED]);
  listed(lists, 'national', [LISTED, FREE]);
  listed(lists, 'state:FL', [LISTED]);
  for (const source of ['litigator', 'national', 'internal', 'state'] as const) lists.rows.add(row(source));
  expect(lists.hitsFor(LISTED, NOW)).toEqual([
    { list: 'internal' },
    { list: 'national' },
    { list: 'state' },
    { list: 'state', state: 'FL' },
    { list: 'state', state: 'TX' },
    { list: 'litigator' },
    { list: 'reassigned' },
  ]);
  expect(lists.hitsFor(FREE, NOW)).toEqual([{ list: 'national' }]);
  expect(lists.hitsFor('+12125550100' as E164, NOW)).toEqual([]);
});

test('the same hits are the same array, which nobody can change', () => {
  const lists = new NumberLists();
  listed(lists, 'national', [LISTED, FREE]);
  listed(lists, 'litigator', [LISTED, FREE]);
  const hits = lists.hitsFor(LISTED, NOW);
  expect(lists.hitsFor(FREE, NOW)).toBe(hits);
  expect(() => (hits as ListHit[]).push({ list: 'internal' })).toThrow(TypeError);
});

test('a row counts until it expires', () => {
  const lists = new NumberLists();
  lists.rows.add(row('internal', NOW + 5 * 365 * DAY));
  expect(lists.hitsFor(LISTED, NOW)).toEqual([{ list: 'internal' }]);
  expect(lists.hitsFor(LISTED, NOW + 5 * 365 * DAY)).toEqual([]);
});

test('a version takes the place of the one before, and a list that is withdrawn is gone', () => {
  const lists = new NumberLists();
  listed(lists, 'national', [LISTED], 'v1', NOW - 40 * DAY);
  listed(lists, 'state:TX', [LISTED], 'tx', NOW - 2 * DAY);
  listed(lists, 'national', [FREE], 'v2', NOW - DAY);
  expect(lists.hitsFor(LISTED, NOW)).toEqual([{ list: 'state', state: 'TX' }]);
  expect(lists.hitsFor(FREE, NOW)).toEqual([{ list: 'national' }]);
  expect(lists.version('national')?.version).toBe('v2');
  expect(lists.ages()).toEqual([
    { list: 'national', version: 'v2', asOf: NOW - DAY },
    { list: 'state', state: 'TX', version: 'tx', asOf: NOW - 2 * DAY },
  ]);
  expect(lists.ages()).toBe(lists.ages());
  expect(lists.stats(NOW)).toMatchObject({
    lists: [
      { name: 'national', version: 'v2', ageMs: DAY, entries: 1 },
      { name: 'state:TX', ageMs: 2 * DAY, entries: 1 },
    ],
    oldestAgeMs: 2 * DAY,
    entries: 2,
  });
  lists.withdraw('state:TX');
  lists.withdraw('state:TX');
  expect(lists.hitsFor(LISTED, NOW)).toEqual([]);
  expect(lists.names()).toEqual(['national']);
});

test('names are in the order of kinds, then of states', () => {
  const names: NumberListName[] = ['reassigned', 'state:TX', 'litigator', 'national', 'state:AL', 'internal'];
  expect(names.sort(compareListNames)).toEqual([
    'internal',
    'national',
    'state:AL',
    'state:TX',
    'litigator',
    'reassigned',
  ]);
});

test('the market keeps its rows there, and loading the market anew leaves imported lists alone', () => {
  const market = new Market();
  listed(market.lists, 'national', [LISTED]);
  market.apply({ entity: 'dnc', op: 'upsert', value: row('internal') as never });
  expect(market.lists.hitsFor(LISTED, NOW)).toEqual([{ list: 'internal' }, { list: 'national' }]);
  market.apply({ entity: 'dnc', op: 'remove', id: `${LISTED}/internal` });
  expect(market.lists.hitsFor(LISTED, NOW)).toEqual([{ list: 'national' }]);
  market.apply({ entity: 'dnc', op: 'upsert', value: row('litigator') as never });
  market.lists.clearRows();
  expect(market.lists.hitsFor(LISTED, NOW)).toEqual([{ list: 'national' }]);
});

test('every combination of lists is told as it is', () => {
  const names: NumberListName[] = ['internal', 'national', 'state:CA', 'state:NY', 'litigator', 'reassigned'];
  const lists = new NumberLists();
  const numberOf = (bits: number): E164 => `+1212555${String(bits).padStart(4, '0')}` as E164;
  names.forEach((name, bit) => {
    const members = Array.from({ length: 64 }, (_, bits) => bits).filter((bits) => (bits >> bit) & 1);
    listed(lists, name, members.map(numberOf));
  });
  fc.assert(
    fc.property(fc.nat(63), (bits) => {
      const expected = names.filter((_, bit) => (bits >> bit) & 1).map(partsOfListName);
      expect(lists.hitsFor(numberOf(bits), NOW)).toEqual(expected);
      expect(expected.every(({ list }) => NUMBER_LISTS.includes(list))).toBe(true);
    }),
  );
});
