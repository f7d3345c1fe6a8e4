import type { Queryable } from '../database';
import type { NumberPattern } from './number-pattern';
import { names } from './scrub';

/** A table with columns that may name a person. */
export interface SearchedTable {
  readonly table: string;
  /** Columns of text and JSON. */
  readonly columns: readonly string[];
}

export interface FoundRow {
  /** Where it lies, while nobody changes it. */
  readonly ctid: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Blocks of 8 KiB that one statement looks through: it stays well below any time limit. */
const BLOCKS = 4_096;
const TYPES = ['text', 'varchar', 'bpchar', 'jsonb', 'json', '_text', '_varchar', '_jsonb'];
/** Rows of one look that are handed over. */
const MAX_ROWS = 500;

/** Every table there is, with its columns that can hold a number as people read it. */
export async function tablesToSearch(db: Queryable): Promise<SearchedTable[]> {
  const { rows } = await db.query<{ table: string; columns: string[] }>(
    `select c.table_name as table, array_agg(c.column_name::text order by c.ordinal_position) as columns
     from information_schema.columns c join information_schema.tables t
       on t.table_schema = c.table_schema and t.table_name = c.table_name
     where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.udt_name = any($1)
     group by c.table_name order by c.table_name`,
    [TYPES],
  );
  return rows;
}

/**
 * Goes through a table block by block and hands over the rows in which a number stands, wherever it is
 * written. However large the table, one statement looks through a bounded part of it.
 */
export async function* searchTable(
  db: Queryable,
  { table, columns }: SearchedTable,
  pattern: NumberPattern,
): AsyncGenerator<readonly FoundRow[]> {
  const name = quoted(table);
  const { rows: sizes } = await db.query<{ blocks: number }>(
    `select ceil(pg_relation_size($1::regclass) / 8192.0)::bigint as blocks`,
    [name],
  );
  const blocks = sizes[0]?.blocks ?? 0;
  const text = columns.map((column) => `${quoted(column)}::text`).join(', ');
  for (let first = 0; first < blocks; first += BLOCKS) {
    const end = `(${first + BLOCKS},0)`;
    for (let from = `(${first},0)`, whole = false; !whole;) {
      const { rows } = await db.query<FoundRow>(
        `select t.ctid::text as ctid, to_jsonb(t) as row from ${name} t
         where t.ctid >= $1::tid and t.ctid < $2::tid and concat_ws(' ', ${text}) ~ $3
         order by t.ctid limit ${MAX_ROWS}`,
        [from, end, pattern.posix],
      );
      whole = rows.length < MAX_ROWS;
      const last = rows.at(-1)?.ctid;
      if (last !== undefined) from = after(last);
      // An amount of money may have the same digits: only what is text is a number of a person.
      const found = rows.filter(({ row }) => names(row, pattern));
      if (found.length > 0) yield found;
    }
  }
}

/** `(3,7)` → `(3,8)`. */
function after(ctid: string): string {
  return ctid.replace(/,(\d+)\)$/, (_all, item: string) => `,${Number(item) + 1})`);
}

export function quoted(name: string): string {
  return `"${name.replace(/"/g, '""')}"`;
}
