import fc from 'fast-check';
import { hunksOf, lineDiff } from '../../../../src/web/console/core/line-diff';

const marks = { same: ' ', added: '+', removed: '-' } as const;
const told = (before: string, after: string): string[] =>
  lineDiff(before, after).map(({ kind, text }) => `${marks[kind]}${text}`);

test('lines that stay, go and come', () => {
  expect(told('a\nb\nc', 'a\nx\nc\nd')).toEqual([' a', '-b', '+x', ' c', '+d']);
  expect(told('', 'a')).toEqual(['-', '+a']);
  expect(told('a', 'a')).toEqual([' a']);
});

test('either text can be told from it', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = lineDiff(before, after);
      const side = (...kinds: string[]): string =>
        lines
          .filter(({ kind }) => kinds.includes(kind))
          .map((line) => line.text)
          .join('\n');
      expect(side('same', 'removed')).toBe(before);
      expect(side('same', 'added')).toBe(after);
    }),
  );
});

test('texts that have next to nothing in common are told at once', () => {
  const many = (word: string): string => Array.from({ length: 5_000 }, (_, at) => `${word}${at}`).join('\n');
  expect(lineDiff(many('a'), many('b'))).toHaveLength(10_000);
});

test('what is far from any change is left out', () => {
  const lines = Array.from({ length: 20 }, (_, at) => String(at));
  const changed = lines.map((line) => (line === '10' ? 'ten' : line)).join('\n');
  const hunks = hunksOf(lineDiff(lines.join('\n'), changed), 1);
  expect(hunks.map((line) => line?.text)).toEqual([undefined, '9', '10', 'ten', '11', undefined]);
});
