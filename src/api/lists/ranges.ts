import { z } from 'zod';
import type { ListQuery, SortKind } from '../../storage';
import { queryInstant } from '../schemas';

/** Fields that a list can be narrowed by from and to. */
export type Ranged = Readonly<Record<string, Exclude<SortKind, 'text'>>>;

const TYPES = {
  instant: queryInstant,
  number: z.coerce.number().pipe(z.number().int()),
  real: z.coerce.number().pipe(z.number()),
} as const;

/** Parameters that narrow a list by numbers and instants: `createdAt` by `createdFrom` and `createdTo`. */
export function rangeParams(fields: Ranged): Record<string, z.ZodOptional<z.ZodType>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([field, kind]) => {
      const { from, to } = named(field);
      const type = TYPES[kind];
      return [
        [from, type.optional().describe(`${field}, inclusive`)],
        [to, type.optional().describe(`${field}, exclusive`)],
      ];
    }),
  );
}

/** What such parameters ask of storage. */
export function rangesAsked(
  fields: Ranged,
  query: Readonly<Record<string, unknown>>,
): NonNullable<ListQuery['ranges']> {
  const bounds = Object.keys(fields).map((field) => {
    const { from, to } = named(field);
    return { field, from: query[from] as number | undefined, to: query[to] as number | undefined };
  });
  return bounds.filter(({ from, to }) => from !== undefined || to !== undefined);
}

function named(field: string): { readonly from: string; readonly to: string } {
  const stem = field.replace(/At$/, '');
  return { from: `${stem}From`, to: `${stem}To` };
}
