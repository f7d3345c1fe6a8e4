import fc from 'fast-check';
import { z } from 'zod';
import { isMergeable, mergeField, mergePatch, partOf } from '../../../src/api/merge-patch';

// RFC 7396, Appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('%j patched with %j is %j', (target, patch, result) => {
  expect(mergePatch(target, patch)).toEqual(result);
});

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(null, true, 0, 'x'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
}));
/** What a merge patch can make: objects in which nothing is null. */
const isWhole = (value: unknown): boolean =>
  !isPlain(value) || Object.values(value).every((one) => one !== null && isWhole(one));
/** The patch that makes one of another. */
const between = (before: unknown, after: unknown): unknown => {
  if (!isPlain(before) || !isPlain(after)) return after;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const gone = Object.fromEntries(
    names.filter((name) => !Object.hasOwn(after, name)).map((name) => [name, null]),
  );
  const parts = Object.keys(after).map((name) => [
    name,
    Object.hasOwn(before, name) ? between(before[name], after[name]) : after[name],
  ]);
  return { ...gone, ...(Object.fromEntries(parts) as object) };
};

test('a patch is done once: again it changes nothing; nothing in a patch changes nothing', () => {
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const once = mergePatch(target, patch);
      expect(mergePatch(once, patch)).toEqual(once);
      if (isPlain(target)) expect(mergePatch(target, {})).toEqual(target);
    }),
  );
});

test('whatever holds no null can be made of anything by a patch', () => {
  fc.assert(
    fc.property(json, json.filter(isWhole), (before, after) => {
      expect(mergePatch(before, between(before, after))).toEqual(after);
    }),
  );
});

test('what was there is not written into, and no prototype is', () => {
  const target = Object.freeze({ a: Object.freeze({ b: 1 }) });
  const patch = JSON.parse('{"a":{"__proto__":{"polluted":true},"c":2}}') as unknown;
  const made = mergePatch(target, patch) as { a: object };
  expect(Object.keys(made.a)).toEqual(['b', '__proto__', 'c']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('what is deeper than any field is taken as it is', () => {
  const deep = '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000);
  expect(() => mergePatch({}, JSON.parse(deep))).not.toThrow();
});

const call = z.strictObject({ kind: z.literal('call'), amount: z.number().int(), afterMs: z.number() });
const minute = z.strictObject({ kind: z.literal('minute'), rate: z.number().int(), afterMs: z.number() });
const plan = z.discriminatedUnion('kind', [call, minute]);

test('a plan of another kind keeps what both kinds have', () => {
  const before = { kind: 'call', amount: 5, afterMs: 10 };
  expect(mergeField('plan', plan, before, { kind: 'minute', rate: 3 })).toEqual({
    kind: 'minute',
    rate: 3,
    afterMs: 10,
  });
  expect(mergeField('plan', plan, before, { kind: 'minute', rate: 3, amount: null, afterMs: 1 })).toEqual({
    kind: 'minute',
    rate: 3,
    afterMs: 1,
  });
});

test.each([
  [{ kind: 'minute' }, ['/plan/rate']],
  [{ kind: 'minute', rate: 1, amount: 1 }, ['/plan/amount']],
  [{ amount: 1.5 }, ['/plan/amount']],
  [{ afterMs: null }, ['/plan/afterMs']],
  [{ kind: 'never' }, ['/plan/kind']],
])('%j makes no good whole: %j', (patch, pointers) => {
  const target = { kind: 'call', amount: 5, afterMs: 10 };
  const refusal = () => mergeField('plan', plan, target, patch);
  expect(refusal).toThrow('the body is not acceptable');
  try {
    refusal();
  } catch (error) {
    const { details } = error as { details: { errors: { pointer: string }[] } };
    expect(details.errors.map(({ pointer }) => pointer)).toEqual(pointers);
  }
});

test('null of a field that may be null is a value', () => {
  const type = z.strictObject({ secret: z.string().nullable().optional(), note: z.string().optional() });
  expect(mergeField('f', type, { secret: 's', note: 'n' }, { secret: null, note: null })).toEqual({
    secret: null,
  });
});

test('objects, choices of objects and tables are merged; lists and plain values are not', () => {
  expect([plan, call.optional(), z.record(z.string(), z.number()).default({})].map(isMergeable)).toEqual([
    true,
    true,
    true,
  ]);
  expect([z.string(), z.array(call), z.union([call, z.string()])].map(isMergeable)).toEqual([
    false,
    false,
    false,
  ]);
});

test('of a part no field has to be there, and each may be null', () => {
  const text = JSON.stringify(z.toJSONSchema(partOf(plan)));
  expect(text).not.toContain('"required"');
  expect(text).toContain('{"anyOf":[{"type":"integer"');
});
