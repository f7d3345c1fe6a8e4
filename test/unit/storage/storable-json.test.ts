import * as fc from 'fast-check';
import { storableJson } from '../../../src/storage/call-entries';

const store = (value: unknown): unknown => JSON.parse(storableJson(JSON.stringify(value)));

test.each([
  ['a NUL', 'a\0b', 'a\ufffdb'],
  ['the first half of a pair', 'a\ud83d', 'a\ufffd'],
  ['the second half of a pair', '\ude00b', '\ufffdb'],
  ['halves in the wrong order', '\ude00\ud83d', '\ufffd\ufffd'],
  ['NULs in a row', '\0\0', '\ufffd\ufffd'],
  ['a NUL after a backslash', '\\\0', '\\\ufffd'],
])('%s is replaced', (_what, text, stored) => {
  expect(store({ text })).toEqual({ text: stored });
});

test.each([
  ['text that looks like an escape', '\\u0000 \\ud800'],
  ['a backslash before such text', '\\\\u0000'],
  ['a whole pair', '😀'],
  ['other control characters', '\u0001\u001f\u007f'],
])('%s is kept', (_what, text) => {
  expect(store({ text })).toEqual({ text });
});

test('nothing is left that PostgreSQL refuses, and nothing else is touched', () => {
  // Code units of every kind, in keys as in values.
  const unit = fc.oneof(
    fc.constantFrom('\0', '\\', 'u', '0', 'd', '8', '"'),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  );
  const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
  const honest = (value: string): string => value.replace(/[\p{Surrogate}\0]/gu, '\ufffd');
  fc.assert(
    fc.property(text, text, (key, value) => {
      expect(store([{ [`k${key}`]: value }])).toEqual([{ [`k${honest(key)}`]: honest(value) }]);
    }),
    { numRuns: 500 },
  );
});
