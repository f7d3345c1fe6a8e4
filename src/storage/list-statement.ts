import { AppError } from '../domain';
import type { Queryable } from './database';

/** How the values of a field are compared; an instant is of type timestamptz, a real of double precision. */
export type SortKind = 'text' | 'number' | 'real' | 'instant';

export interface SortKey {
  /** Of the entity, or of what storage adds; never null. */
  readonly field: string;
  readonly kind: SortKind;
  readonly descending: boolean;
}

/** Where a row stands in an order: the value of each key (of an instant, epoch microseconds), then its id. */
export type Position = readonly (string | number)[];

/** Which rows of a list are wanted, how many, and in which order. */
export interface ListQuery {
  /** Exact matches by field. */
  readonly where?: Readonly<Record<string, string | number | boolean>>;
  /** Values by field that rows do not have. */
  readonly except?: Readonly<Record<string, string>>;
  /** From inclusive, to exclusive; instants as UTC epoch milliseconds. */
  readonly ranges?: readonly {
    readonly field: string;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  }[];
  /** A text that a field holds in either case, or begins with. */
  readonly search?: { readonly field: string; readonly how: 'holds' | 'begins'; readonly text: string };
  /** By id alone where it is empty; ids decide between equals, in the direction of the last key. */
  readonly order?: readonly SortKey[];
  /** Of the last row of the page before, in the same order. */
  readonly after?: Position;
  readonly limit: number;
}

/** A column that a list is narrowed or ordered by. */
export interface ListColumn {
  readonly column: string;
  readonly kind: SortKind;
}

/** A column of an order. */
export interface OrderedColumn extends ListColumn {
  readonly descending: boolean;
}

/** The conditions and the order of one list, with the values that they name. */
export class ListStatement {
  readonly values: unknown[] = [];
  readonly #order: readonly OrderedColumn[];
  readonly #conditions: string[] = [];

  /** @param order - the last column decides between equals */
  constructor(order: readonly OrderedColumn[]) {
    this.#order = order;
  }

  get where(): string {
    return this.#conditions.length === 0 ? '' : `where ${this.#conditions.join(' and ')}`;
  }

  get orderBy(): string {
    const by = this.#order.map(({ column, descending }) => `${column}${descending ? ' desc' : ''}`);
    return `order by ${by.join(', ')}`;
  }

  /** What is selected for {@link positionOf}. */
  get places(): string {
    return this.#order.map(({ kind, column }, index) => `${placeOf(kind, column)} as "~${index}"`).join(', ');
  }

  add(condition: string): void {
    this.#conditions.push(condition);
  }

  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** Takes the place of a row in the order out of it. */
  positionOf(row: Record<string, unknown>): Position {
    return this.#order.map((_, index) => {
      const value = row[`~${index}`] as string | number;
      Reflect.deleteProperty(row, `~${index}`);
      return value;
    });
  }

  /** Rows behind a position. Keys of one direction are compared together: that is what an index can answer. */
  after(position: Position): void {
    const order = this.#order;
    const bounds = order.map(({ kind }, index) => boundOf(kind, this.value(position[index])));
    const columns = order.map(({ column }) => column);
    const beyond = (index: number): string =>
      `${columns[index]} ${order[index]?.descending ? '<' : '>'} ${bounds[index]}`;
    if (order.every(({ descending }) => descending === order[0]?.descending)) {
      this.add(`(${columns.join(', ')}) ${order[0]?.descending ? '<' : '>'} (${bounds.join(', ')})`);
      return;
    }
    const steps = order.map((_, index) => {
      const equal = columns.slice(0, index).map((column, at) => `${column} = ${bounds[at]}`);
      return `(${[...equal, beyond(index)].join(' and ')})`;
    });
    this.add(`(${steps.join(' or ')})`);
  }

  /** @param columnOf - the column of a field @throws AppError `validation` for a field that there is not */
  narrow(
    { where = {}, except = {}, ranges = [], search }: ListQuery,
    columnOf: (field: string) => ListColumn,
  ): void {
    for (const [field, value] of Object.entries(where)) {
      this.add(`${columnOf(field).column} = ${this.value(value)}`);
    }
    for (const [field, value] of Object.entries(except)) {
      this.add(`${columnOf(field).column} <> ${this.value(value)}`);
    }
    for (const { field, from, to } of ranges) {
      const { column, kind } = columnOf(field);
      const bound = (at: number): string =>
        kind === 'instant' ? `to_timestamp(${this.value(at)} / 1000.0)` : this.value(at);
      if (from !== undefined) this.add(`${column} >= ${bound(from)}`);
      if (to !== undefined) this.add(`${column} < ${bound(to)}`);
    }
    if (search) {
      const { how, text } = search;
      const { column } = columnOf(search.field);
      this.add(
        how === 'holds'
          ? `strpos(lower(${column}), lower(${this.value(text)})) > 0`
          : `${column} like ${this.value(`${text.replace(/[\\%_]/g, '\\$&')}%`)}`,
      );
    }
  }
}

/** True for a list of some rows, of which there may be few; those that are left out are few themselves. */
export function isNarrow({ where = {}, ranges = [], search }: ListQuery): boolean {
  return Object.keys(where).length > 0 || ranges.length > 0 || search !== undefined;
}

/** A field that a list cannot be asked for by. */
export function unknownFilter(field: string): AppError {
  return new AppError('validation', 'unknown_filter', `cannot list by ${field}`);
}

/** A column as it goes into a position: of an instant all that the column holds. */
function placeOf(kind: SortKind, column: string): string {
  return kind === 'instant' ? `(extract(epoch from ${column}) * 1000000)::bigint` : column;
}

function boundOf(kind: SortKind, place: string): string {
  switch (kind) {
    case 'instant':
      return `('epoch'::timestamptz + ${place}::bigint * interval '1 microsecond')`;
    case 'number':
      return `${place}::bigint`;
    case 'real':
      return `${place}::double precision`;
    case 'text':
      return `${place}::text`;
  }
}

/** What rows that are no entities of the market are listed out of. */
export interface ListedTable {
  /** The columns as they are shown. */
  readonly select: string;
  /** A table, or a join. */
  readonly from: string;
  /** By field, what a list is narrowed and ordered by. */
  readonly columns: Readonly<Record<string, ListColumn>>;
  /** What decides between equals, and is the order where none is asked for. */
  readonly tie: OrderedColumn;
  /** Of rows that there are for nobody. */
  readonly only?: string;
}

/** A row of a list, and where it stands. */
export interface ListedRow<Row> {
  readonly row: Row;
  readonly position: Position;
}

/** A list as a statement, for those who read more about its rows than the table says. */
export function listStatement(
  { columns, tie, only }: Omit<ListedTable, 'select' | 'from'>,
  query: ListQuery,
): ListStatement {
  const columnOf = (field: string): ListColumn => {
    const found = columns[field];
    if (found) return found;
    throw unknownFilter(field);
  };
  const keys = (query.order ?? []).map(({ field, descending }) => ({ ...columnOf(field), descending }));
  const statement = new ListStatement([
    ...keys,
    { ...tie, descending: keys.at(-1)?.descending ?? tie.descending },
  ]);
  if (only !== undefined) statement.add(only);
  statement.narrow(query, columnOf);
  if (query.after) statement.after(query.after);
  return statement;
}

/** A page of rows, each with its place in the order. @throws AppError `unknown_filter` */
export async function listRows<Row extends object>(
  db: Queryable,
  table: ListedTable,
  query: ListQuery,
): Promise<ListedRow<Row>[]> {
  const statement = listStatement(table, query);
  const { where, orderBy, places, values } = statement;
  const text = `select ${table.select}, ${places} from ${table.from} ${where} ${orderBy} limit ${statement.value(query.limit)}`;
  const { rows } = await db.query<Record<string, unknown>>(text, values);
  return rows.map((row) => {
    const position = statement.positionOf(row);
    return { row: row as Row, position };
  });
}
