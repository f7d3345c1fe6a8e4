import { z } from 'zod';
import type { Position, SortKey, SortKind } from '../../storage';
import { readCursor, writeCursor } from '../cursor';
import { id, printable } from '../schemas';

/** Fields that a list can be ordered by, and how they are compared. */
export type Sortable = Readonly<Record<string, SortKind>>;

const MAX_KEYS = 3;
/** Beyond the year 2100, and far from where numbers lose their units. */
const MAX_INSTANT = 4_102_444_800_000_000;
const MAX_TEXT = 500;

/**
 * `sort` of a query: names of fields, at most three, with a minus where the largest comes first.
 * @throws Error for no field at all: the pattern would be one of no names, which nothing can be made of
 */
export function sortParam(sortable: Sortable): z.ZodType<readonly SortKey[] | undefined, string | undefined> {
  const names = Object.keys(sortable);
  if (names.length === 0) throw new Error('a list needs a field that it can be ordered by');
  const one = `-?(?:${names.join('|')})`;
  return z
    .string()
    .max(200)
    .regex(
      new RegExp(`^${one}(?:,${one}){0,${MAX_KEYS - 1}}$`),
      `must be up to ${MAX_KEYS} of ${names.join(', ')}, each with a minus before it or without`,
    )
    .transform((text) => text.split(',').map((word) => keyOf(word, sortable)))
    .refine((keys) => new Set(keys.map(({ field }) => field)).size === keys.length, 'names a field twice')
    .optional()
    .describe(
      `Up to ${MAX_KEYS} of ${names.join(', ')}, separated by commas; \`-name\` is the largest first`,
    );
}

function keyOf(word: string, sortable: Sortable): SortKey {
  const descending = word.startsWith('-');
  const field = descending ? word.slice(1) : word;
  return { field, kind: sortable[field] ?? 'text', descending };
}

/**
 * Where a list goes on; undefined where it begins.
 * @param tie - what decides between equals: ids by default
 * @throws AppError `validation` for a cursor that is none of ours, or of another order
 */
export function readPosition(
  cursor: string | undefined,
  order: readonly SortKey[],
  tie: z.ZodType<string | number> = id,
): Position | undefined {
  const shape = z.tuple([
    z.literal(nameOf(order)),
    ...order.map(({ kind }) => VALUES[kind]),
    tie,
  ]) as z.ZodType<[string, ...(string | number)[]]>;
  return readCursor(cursor, shape)?.slice(1);
}

/** A cursor that goes with one order alone. */
export function writePosition(order: readonly SortKey[], position: Position): string {
  return writeCursor(placeIn(order, position));
}

/** What such a cursor holds. */
export function placeIn(order: readonly SortKey[], position: Position): Position {
  return [nameOf(order), ...position];
}

const VALUES: Readonly<Record<SortKind, z.ZodType<string | number>>> = {
  text: printable(z.string().max(MAX_TEXT)),
  number: z.number().int(),
  real: z.number(),
  instant: z.number().int().min(0).max(MAX_INSTANT),
};

function nameOf(order: readonly SortKey[]): string {
  return order.map(({ field, descending }) => `${descending ? '-' : ''}${field}`).join();
}

/** Calls in the order of their arrival, the newest first or the oldest. */
export const RECEIVED = { receivedAt: 'number' } as const satisfies Sortable;
export const NEWEST_CALLS: readonly SortKey[] = [{ field: 'receivedAt', kind: 'number', descending: true }];

/**
 * Where a list of calls goes on, and which way round.
 * @throws AppError `validation` as {@link readPosition}
 */
export function callsFrom(
  cursor: string | undefined,
  order: readonly SortKey[],
): { readonly oldestFirst: boolean; readonly after?: { readonly receivedAt: number; readonly id: string } } {
  const oldestFirst = order.every(({ descending }) => !descending);
  const at = readPosition(cursor, order) as readonly [number, string] | undefined;
  return { oldestFirst, ...(at && { after: { receivedAt: at[0], id: at[1] } }) };
}
