import { z } from 'zod';
import type { ListedRow, ListQuery, SortKey } from '../../storage';
import { isOfOthers, NOTHING } from '../own-account';
import { id, page } from '../schemas';
import type { Sortable } from './list-order';
import { readPosition, sortParam, writePosition } from './list-order';
import type { Ranged } from './ranges';
import { rangeParams, rangesAsked } from './ranges';

/** How a list of rows that are no entities of the market can be narrowed and ordered. */
export interface RowListText<F extends Readonly<Record<string, z.ZodType>>> {
  /** Fields that are compared as they are; each may be left out. */
  readonly filters: F;
  /** Fields that it can be ordered by: each has an index, and is never null. */
  readonly sortable: Sortable;
  /** Its order where none is asked for; by default that of storage. */
  readonly usual?: readonly SortKey[];
  /** Fields that it can be narrowed by from and to. */
  readonly ranges?: Ranged;
  /** What decides between equals, as a cursor has it: ids by default. */
  readonly tie?: z.ZodType<string | number>;
}

type Page = z.output<typeof page> & { readonly sort?: readonly SortKey[] | undefined };

/** In a cursor, of rows that are numbered through. */
export const numbered = z.number().int().min(0);

/** A list of rows: its query, and the pages that it answers with. */
export class RowList<F extends Readonly<Record<string, z.ZodType>>> {
  /** Of the route. */
  readonly query: z.ZodObject<
    typeof page.shape & F & { sort: ReturnType<typeof sortParam> },
    { out: Record<string, unknown>; in: Record<string, unknown> } & z.core.$strict
  >;
  readonly #text: RowListText<F>;

  constructor(text: RowListText<F>) {
    this.#text = text;
    const { filters, ranges = {}, sortable } = text;
    const shape = { ...filters, ...rangeParams(ranges), sort: sortParam(sortable) };
    this.query = page.extend(shape) as unknown as this['query'];
  }

  /**
   * A page, in the order that is asked for.
   * @param own - whose rows alone there are: then nobody else's are asked for
   * @param rows - what storage has of a query
   * @throws AppError `invalid_cursor`
   */
  async page<Row, Item>(
    query: Page & Readonly<Record<string, unknown>>,
    own: string | undefined,
    rows: (query: ListQuery) => Promise<readonly ListedRow<Row>[]>,
    shown: (row: Row) => Item,
  ): Promise<{ items: Item[]; nextCursor: string | null }> {
    const { filters, ranges = {}, tie = id, usual = [] } = this.#text;
    const { limit, cursor, sort: order = usual } = query;
    if (isOfOthers(own, query['accountId'] as string | undefined)) return NOTHING;
    const asked = Object.keys(filters).flatMap((field) =>
      query[field] === undefined ? [] : [[field, query[field] as string | number | boolean] as const],
    );
    const after = readPosition(cursor, order, tie);
    const found = await rows({
      where: { ...Object.fromEntries(asked), ...(own !== undefined && { accountId: own }) },
      ranges: rangesAsked(ranges, query),
      order,
      ...(after && { after }),
      limit: limit + 1,
    });
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map(({ row }) => shown(row)),
      nextCursor: last ? writePosition(order, last.position) : null,
    };
  }
}
