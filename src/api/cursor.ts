import type { z } from 'zod';
import { AppError } from '../domain';

/** Where a page ended, as a text that clients hand back and do not read. */
export function writeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * The page of a list, out of one row more than it shows: that one tells whether there is another page.
 * @param positionOf - where a row stands, for the cursor
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  shown: (row: Row) => Item,
  positionOf: (row: Row) => readonly (string | number)[],
): { items: Item[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: items.map((row) => shown(row)), nextCursor: more ? writeCursor(positionOf(last)) : null };
}

/** For a list whose rows are shown as they are. */
export function asIs<Row>(row: Row): Row {
  return row;
}

/**
 * Where a list goes on; undefined where it begins.
 * @throws AppError `validation` for a text that {@link writeCursor} did not write
 */
export function readCursor<S extends z.ZodType>(
  cursor: string | undefined,
  position: S,
): z.output<S> | undefined {
  if (cursor === undefined) return undefined;
  const parsed = position.safeParse(jsonOf(cursor));
  if (parsed.success) return parsed.data;
  throw new AppError('validation', 'invalid_cursor', 'the cursor is none of ours', {
    errors: [{ in: 'query', pointer: '/cursor', message: 'is none of ours' }],
  });
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
