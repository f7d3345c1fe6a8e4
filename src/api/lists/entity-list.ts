import { z } from 'zod';
import type { ListQuery, SortKey } from '../../storage';
import { page, printable, queryFlag } from '../schemas';
import type { Sortable } from './list-order';
import { sortParam } from './list-order';
import type { Ranged } from './ranges';
import { rangeParams, rangesAsked } from './ranges';

/** How a list of entities can be narrowed and ordered. */
export interface EntityListText {
  readonly schema: z.ZodObject;
  /** Fields that are compared as they are. */
  readonly filters: readonly string[];
  /** Fields, besides `id` and the instants that storage adds, that it can be ordered by. */
  readonly sortable?: Sortable | undefined;
  /** Numbers that it can be narrowed by from and to. */
  readonly ranges?: readonly string[] | undefined;
  /** The field that `q` looks in, and how. */
  readonly search?: { readonly field: string; readonly how: 'holds' | 'begins' } | undefined;
  /** The status of what was put away for good: left out, unless it is asked for. */
  readonly hidden: string | undefined;
}

/** A list's query, as it was validated. */
export type EntityListQuery = z.output<typeof page> & {
  readonly sort?: readonly SortKey[];
  readonly q?: string;
  readonly archived?: boolean;
} & Readonly<Record<string, unknown>>;

/** What storage adds, of every entity. */
const ADDED = { createdAt: 'instant', updatedAt: 'instant' } as const satisfies Sortable;

/** The query of a list, without what says how much of it: an export takes the same. */
function narrowing(list: EntityListText): z.ZodObject {
  const shape = list.schema.shape as Record<string, z.ZodType>;
  const filters = list.filters.map((field) => [field, bare(shape[field] as z.ZodType).type.optional()]);
  return z.strictObject({
    ...(Object.fromEntries(filters) as Record<string, z.ZodType>),
    ...rangeParams(rangesOf(list)),
    ...(list.search ? { q: searchParam(list.search) } : {}),
    ...(list.hidden === undefined
      ? {}
      : {
          archived: queryFlag
            .optional()
            .describe(`True: those that are ${list.hidden} as well; without it only \`status\` shows them`),
        }),
    sort: sortParam({ ...ADDED, ...list.sortable }),
  });
}

/** The query of a list. */
export function listQuery(list: EntityListText): z.ZodObject {
  return page.safeExtend(narrowing(list).shape);
}

/** What a query asks of storage; how much of it is left to the caller. */
export function narrowed(list: EntityListText, query: EntityListQuery): Omit<ListQuery, 'limit'> {
  const where: Record<string, string | number | boolean> = {};
  for (const field of list.filters) {
    const value = query[field] as string | number | boolean | undefined;
    if (value !== undefined) where[field] = value;
  }
  const hides = list.hidden !== undefined && query.archived !== true && where['status'] === undefined;
  return {
    where,
    ...(hides ? { except: { status: list.hidden } } : {}),
    ranges: rangesAsked(rangesOf(list), query),
    ...(list.search && query.q !== undefined ? { search: { ...list.search, text: query.q } } : {}),
    order: query.sort ?? [],
  };
}

/** The instants that storage adds, and numbers of its own. */
function rangesOf({ ranges = [] }: EntityListText): Ranged {
  return { ...ADDED, ...Object.fromEntries(ranges.map((field) => [field, 'number' as const])) };
}

function searchParam({ field, how }: NonNullable<EntityListText['search']>): z.ZodType {
  const text = printable(z.string().trim().min(1).max(100)).optional();
  return how === 'holds'
    ? text.describe(`What the ${field} holds, in either case`)
    : z
        .string()
        .regex(/^\+?\d{1,15}$/, 'the first digits of an E.164 number')
        .transform((digits) => (digits.startsWith('+') ? digits : `+${digits}`))
        .optional()
        .describe(`The first digits of the ${field}, country code and all`);
}

/** A field as a client may leave it out, without what it is by default. */
export function bare(field: z.ZodType): { readonly type: z.ZodType; readonly mayBeAbsent: boolean } {
  const type = field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field;
  return type instanceof z.ZodOptional
    ? { type: type.unwrap() as z.ZodType, mayBeAbsent: true }
    : { type, mayBeAbsent: false };
}
