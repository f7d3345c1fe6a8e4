import { z } from 'zod';

/**
 * How values stand in the cells of a table: texts as they are, numbers and `true` as in JSON, whatever has
 * parts as JSON. An empty cell is a value that is absent.
 */
export type CellKind = 'text' | 'number' | 'boolean' | 'json';

/** How a field stands in a cell. */
export function cellKindOf(field: z.ZodType): CellKind {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional || field instanceof z.ZodNullable) {
    return cellKindOf(field.unwrap() as z.ZodType);
  }
  if (field instanceof z.ZodPipe) return cellKindOf(field.in as z.ZodType);
  if (field instanceof z.ZodString || field instanceof z.ZodEnum) return 'text';
  if (field instanceof z.ZodNumber) return 'number';
  return field instanceof z.ZodBoolean ? 'boolean' : 'json';
}

/** A value as a cell shows it; {@link fromCell} finds it again. */
export function toCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return guarded(typeof value === 'string' ? value : JSON.stringify(value));
}

/**
 * What a cell holds. What cannot be read by its kind stays a text, for the field's schema to refuse.
 * @throws SyntaxError where JSON should be and is not
 */
export function fromCell(kind: CellKind, cell: string): unknown {
  if (cell === '') return undefined;
  const text = bare(cell);
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return NUMBER.test(text) ? Number(text) : text;
    case 'boolean': {
      // Spreadsheets write it in capitals.
      const word = text.toLowerCase();
      return word === 'true' ? true : word === 'false' ? false : text;
    }
    case 'json':
      return JSON.parse(text) as unknown;
  }
}

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** What a spreadsheet carries out as a formula; behind apostrophes, what was made plain by one. */
const FORMULA = /^'*[=+\-@\t\r]/;
const PLAIN = /^[+-]?\d+(?:\.\d+)?$/;

/** An apostrophe makes a formula plain text; numbers, telephone numbers in E.164 among them, stay as they are. */
function guarded(text: string): string {
  return FORMULA.test(text) && !PLAIN.test(text) ? `'${text}` : text;
}

function bare(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
