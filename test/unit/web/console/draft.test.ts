import fc from 'fast-check';
import { mergePatch } from '../../../../src/api/merge-patch';
import { integer, text } from '../../../../src/web/console/core/codec';
import type { FieldSpec } from '../../../../src/web/console/core/draft';
import {
  bodyOf,
  changesBetween,
  draftOf,
  fieldOf,
  isSame,
  patchBetween,
  placeErrors,
} from '../../../../src/web/console/core/draft';
import { valueAt, without } from '../../../../src/web/console/core/pointer';

const SPECS: readonly FieldSpec[] = [
  { at: '/name', codec: text, required: 'is wanted' },
  { at: '/caps/concurrent', codec: integer(), standing: true },
  { at: '/caps/connections/day', codec: integer(), standing: true },
  { at: '/settings/ringTimeoutMs', codec: integer() },
];

test('what is left empty is left out, or asked for', () => {
  expect(bodyOf(SPECS, { '/name': ' A ', '/caps/concurrent': '3' })).toEqual({
    ok: true,
    body: { name: 'A', caps: { concurrent: 3 } },
  });
  expect(bodyOf(SPECS, { '/name': '', '/caps/concurrent': 'x' })).toEqual({
    ok: false,
    errors: { '/name': 'is wanted', '/caps/concurrent': 'must be a whole number' },
  });
});

test.each([
  ['a limit that is emptied goes, others stay', { concurrent: 3, spacingMs: 5 }, undefined, { spacingMs: 5 }],
  ['the last of them leaves an object', { concurrent: 3 }, undefined, {}],
  [
    'what is typed replaces what the form shows',
    { concurrent: 3, spacingMs: 5 },
    { concurrent: 4 },
    { concurrent: 4, spacingMs: 5 },
  ],
  [
    'deeper ones as well',
    { connections: { day: 9, hour: 2 } },
    { concurrent: 1 },
    { concurrent: 1, connections: { hour: 2 } },
  ],
])('%s', (_what, caps, said, expected) => {
  expect(fieldOf(SPECS, { caps }, 'caps', said)).toEqual(expected);
});

test('an object that may be absent is, once nothing stands in it', () => {
  expect(fieldOf(SPECS, { settings: { ringTimeoutMs: 5 } }, 'settings', undefined)).toBeNull();
  expect(fieldOf(SPECS, { settings: { ringTimeoutMs: 5, ringback: 'local' } }, 'settings', null)).toEqual({
    ringback: 'local',
  });
  expect(fieldOf(SPECS, { name: 'a' }, 'name', null)).toBeNull();
});

const limit = fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined });
const entity = fc
  .record({ name: fc.constantFrom('a', 'b'), concurrent: limit, day: limit, hour: limit, ring: limit })
  .map(({ name, concurrent, day, hour, ring }) => ({
    name,
    caps: {
      ...(concurrent === undefined ? {} : { concurrent }),
      ...(day === undefined && hour === undefined
        ? {}
        : {
            connections: { ...(day === undefined ? {} : { day }), ...(hour === undefined ? {} : { hour }) },
          }),
    },
    ...(ring === undefined ? {} : { settings: { ringTimeoutMs: ring } }),
  }));

test('whatever is typed over whatever was there: the change makes the fields of the form so, and touches no other', () => {
  fc.assert(
    fc.property(entity, entity, (before, typed) => {
      const said = bodyOf(SPECS, draftOf(SPECS, typed));
      const was = bodyOf(SPECS, draftOf(SPECS, before));
      if (!said.ok || !was.ok) throw new Error('the entities are whole');
      const after = new Map<string, unknown>(Object.entries(before));
      for (const [field, value] of Object.entries(changesBetween(was.body, said.body))) {
        const change = fieldOf(SPECS, before, field, value);
        if (change === null) after.delete(field);
        else after.set(field, change);
      }
      const changed = Object.fromEntries(after);
      for (const { at } of SPECS) expect(valueAt(changed, at)).toEqual(valueAt(typed, at));
      expect(valueAt(changed, '/caps/connections/hour')).toEqual(valueAt(before, '/caps/connections/hour'));
    }),
  );
});

test('the patch between two entities makes one of the other, and says no more than differs', () => {
  fc.assert(
    fc.property(entity, entity, (before, after) => {
      expect(mergePatch(before, patchBetween(before, after))).toEqual(after);
      expect(patchBetween(before, before)).toEqual({});
    }),
  );
});

test('nothing changes when nothing is typed', () => {
  fc.assert(
    fc.property(entity, (one) => {
      const said = bodyOf(SPECS, draftOf(SPECS, one));
      expect(said.ok && changesBetween(said.body, said.body)).toEqual({});
      expect(isSame(without(one, '/nothing/here'), one)).toBe(true);
    }),
  );
});

test('what a problem says of a field is shown at the nearest one that the form has', () => {
  expect(
    placeErrors(SPECS, [
      { pointer: '/caps/concurrent', message: 'one' },
      { pointer: '/caps/connections/day/0', message: 'two' },
      { pointer: '/settings', message: 'three' },
      { pointer: '/elsewhere', message: 'four' },
    ]),
  ).toEqual({
    placed: { '/caps/concurrent': 'one', '/caps/connections/day': 'two', '/settings/ringTimeoutMs': 'three' },
    rest: [{ pointer: '/elsewhere', message: 'four' }],
  });
});
