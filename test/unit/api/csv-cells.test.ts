import { stringify } from 'csv-stringify/sync';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { z } from 'zod';
import { cellKindOf, fromCell, toCell } from '../../../src/api/csv/cells';

/** Texts as people and attackers write them: formulas, apostrophes, quotes, numbers. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.stringMatching(/^'{0,3}[=+\-@\t\r][ -~]{0,5}$/),
  fc.constantFrom('+12125550123', "'+12125550123", '-1', "'-1", '1e5', 'true', '"', ',', '\n', '\r\n', "'"),
);

test('what a cell shows is found again, also through a file', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), fc.jsonValue(), (texts, json) => {
      fc.pre(json !== null);
      const cells = [...texts.map((one) => toCell(one)), toCell(JSON.stringify(json)), toCell([json])];
      const [read] = parse(stringify([cells], { quoted_match: /[\r\n]/, record_delimiter: '\r\n' })) as [
        string[],
      ];
      expect(read.slice(0, -2).map((cell) => fromCell('text', cell))).toEqual(texts);
      expect(JSON.stringify(fromCell('json', read.at(-1) ?? ''))).toEqual(JSON.stringify([json]));
    }),
  );
});

test('numbers and flags are found again', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })),
      (value) => {
        expect(fromCell('number', toCell(value)) as number).toBe(value === 0 ? 0 : value);
      },
    ),
  );
  expect([fromCell('boolean', toCell(true)), fromCell('boolean', 'FALSE')]).toEqual([true, false]);
});

test('no cell is a formula: a spreadsheet carries nothing out', () => {
  fc.assert(
    fc.property(text, (value) => {
      const cell = toCell(value);
      expect(/^[=@\t\r]/.test(cell)).toBe(false);
      if (/^[+-]/.test(cell)) expect(Number.isNaN(Number(cell))).toBe(false);
    }),
  );
});

test('a field stands in a cell by what it is', () => {
  expect(cellKindOf(z.string().trim().optional())).toBe('text');
  expect(cellKindOf(z.string().transform(String).pipe(z.string()).default('x'))).toBe('text');
  expect(cellKindOf(z.enum(['a']).nullable())).toBe('text');
  expect(cellKindOf(z.number().int().default(1))).toBe('number');
  expect(cellKindOf(z.boolean())).toBe('boolean');
  expect(cellKindOf(z.array(z.string()))).toBe('json');
  expect(cellKindOf(z.record(z.string(), z.number()).optional())).toBe('json');
});

test('what is none of its kind is left for its schema to refuse', () => {
  expect(fromCell('number', 'many')).toBe('many');
  expect(fromCell('boolean', 'yes')).toBe('yes');
  expect(() => fromCell('json', '{')).toThrow(SyntaxError);
  expect(fromCell('text', '')).toBeUndefined();
});
