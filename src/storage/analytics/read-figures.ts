import type { Queryable } from '../database';
import type { FigureSums, GrowingSums } from './call-fact';
import { NO_FIGURES, SUM_COLUMNS, SUMS } from './call-fact';
import type { Cube } from './cubes';
import { belongsTo, CUBE_TEXTS, DAY_MS, factColumn } from './cubes';

/** A stretch of time: UTC epoch milliseconds, the end exclusive. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Which calls are counted: those of which every one of these holds. */
export interface FigureFilter {
  readonly campaignId?: string | undefined;
  readonly buyerId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly trunkId?: string | undefined;
  /** Whose they are as a buyer, seller or carrier. */
  readonly account?: { readonly of: 'buyer' | 'seller' | 'trunk'; readonly id: string } | undefined;
}

/** What is read, and how it is put together. */
export interface FigureQuery {
  /** Rows are apart by it; `total` puts them together. */
  readonly by: Cube;
  readonly filter: FigureFilter;
  /** Calls are counted as buyers see them. */
  readonly forBuyer: boolean;
  /** Rising instants at which the cells begin. */
  readonly cells: readonly number[];
  /** Rows at most. */
  readonly limit: number;
}

/** Stretches of time of which the sums of one grain are read. */
export interface SumRanges {
  /** Milliseconds. */
  readonly grain: number;
  /** Whole stretches of that grain. */
  readonly ranges: readonly TimeRange[];
}

/** Figures of one cell, key and currency. */
export interface FigureRow {
  /** Index of the cell. */
  readonly cell: number;
  readonly key: string;
  readonly currency: string;
  readonly sums: GrowingSums;
}

const MINUTE_MS = 60_000;

/** The column of a cube that each filter is about. */
const FILTERS = { campaignId: 'campaign', buyerId: 'buyer', sellerId: 'seller', trunkId: 'trunk' } as const;

/** The one cube that answers a query; undefined where two things are asked for at once, which only facts know. */
export function cubeOf({ by, filter }: Pick<FigureQuery, 'by' | 'filter'>): Cube | undefined {
  const asked = new Set<Cube>(by === 'total' ? [] : [by]);
  for (const [name, cube] of Object.entries(FILTERS)) {
    if (filter[name as keyof typeof FILTERS] !== undefined) asked.add(cube);
  }
  if (filter.account) asked.add(filter.account.of);
  const [cube = 'total'] = asked;
  return asked.size > 1 ? undefined : cube;
}

/** Parameters of a statement, numbered as they come. */
class Parameters {
  readonly values: unknown[] = [];
  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

const buyersOf = (account: string): string => `array(select id from buyers where account_id = ${account})`;

/** So many stretches are told one by one; of more, every instant is. Days begin at several times: each is told. */
const FEW = 8;

/** A sum begins in one of them. */
function beginsIn({ grain, ranges }: SumRanges, given: Parameters): string {
  if (ranges.length <= FEW && grain < DAY_MS) return within('start_at', ranges, given);
  const starts = ranges.flatMap(({ from, to }) =>
    Array.from({ length: (to - from) / grain }, (_, n) => from + n * grain),
  );
  return `start_at = any(${given.add(starts, 'bigint[]')})`;
}

/** An instant lies in one of them: each by itself, so that the planner sees how little is read of an index. */
function within(column: string, ranges: readonly TimeRange[], given: Parameters): string {
  const each = ranges.map(
    ({ from, to }) => `${column} >= ${given.add(from, 'bigint')} and ${column} < ${given.add(to, 'bigint')}`,
  );
  return `(${each.join(' or ')})`;
}

/**
 * What rows are put together by. Columns are as they stand: the planner knows how many there are of each, and keeps them in
 * a table of hashes; of what is worked out of them it thinks that there is one for each row, and sorts.
 */
function groupsOf(
  instant: string,
  cells: readonly number[],
  columns: readonly string[],
  given: Parameters,
): { readonly cell: string; readonly groups: string } {
  if (cells.length === 1) return { cell: '0', groups: columns.join(', ') };
  const cell = `width_bucket(${instant}, ${given.add(cells, 'bigint[]')}) - 1`;
  return { cell, groups: ['1', ...columns].join(', ') };
}

/**
 * Reads sums.
 * @param cube - of {@link cubeOf}
 * @param pieces - by grains of the cube
 */
export async function readSums(
  db: Queryable,
  cube: Cube,
  { by, filter, cells, limit }: FigureQuery,
  pieces: readonly SumRanges[],
): Promise<FigureRow[]> {
  const wanted = pieces.filter(({ ranges }) => ranges.length > 0);
  if (wanted.length === 0) return [];
  const given = new Parameters();
  const { cell, groups } = groupsOf(
    's.start_at',
    cells,
    [...(by === 'total' ? [] : ['s.key']), 's.currency'],
    given,
  );
  const conditions = [`cube = ${given.add(cube, 'text')}`];
  for (const name of Object.keys(FILTERS) as (keyof typeof FILTERS)[]) {
    const value = filter[name];
    if (value !== undefined) conditions.push(`key = ${given.add(value, 'text')}`);
  }
  if (filter.account) {
    const { of, id } = filter.account;
    const account = given.add(id, 'text');
    conditions.push(`account_id = ${account}`);
    // By the index of keys; of trunks there are few.
    if (of === 'buyer') conditions.push(`key = any(${buyersOf(account)})`);
    if (of === 'seller') conditions.push(`key = ${account}`);
  }
  const parts = wanted.map(
    (piece) => `select * from analytics_sums
      where ${conditions.join(' and ')} and grain = ${piece.grain / MINUTE_MS} and ${beginsIn(piece, given)}`,
  );
  const sums = SUMS.map((sum) => `sum_bigint(s.${SUM_COLUMNS[sum]}) as "${sum}"`);
  return figuresOf(
    db,
    `select ${cell} as cell, ${by === 'total' ? `''` : 's.key'} as key, s.currency, ${sums.join(', ')}
     from (${parts.join(' union all ')}) s
     group by ${groups} limit ${given.add(limit, 'integer')}`,
    given,
  );
}

/** What is read of a row, in this order. */
const CELLS = ['cell', 'to_json(key)', 'to_json(currency)', ...SUMS.map((sum) => `"${sum}"`)].join(', ');
type Cells = readonly [cell: number, key: string, currency: string, ...sums: number[]];
const FIRST_SUM = 3;

/**
 * Reads rows of a cell, a key, a currency and each of the sums. There may be 20,000 of them: they come as one text,
 * which costs less than half of what 300,000 values cost that come one by one.
 * @throws RangeError when a sum is more than a number holds: a bug, not a rounding
 */
async function figuresOf(db: Queryable, rows: string, { values }: Parameters): Promise<FigureRow[]> {
  const { rows: found } = await db.query<{ told: string | null }>({
    text: `select string_agg('[' || concat_ws(',', ${CELLS}) || ']', ',') as told from (${rows}) r`,
    values,
  });
  const told = JSON.parse(`[${found[0]?.told ?? ''}]`) as Cells[];
  return told.map((cells) => ({ cell: cells[0], key: cells[1], currency: cells[2], sums: sumsOf(cells) }));
}

function sumsOf(cells: Cells): GrowingSums {
  const sums = { ...NO_FIGURES };
  for (let n = FIRST_SUM; n < cells.length; n++) {
    const value = cells[n] as number;
    if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
    sums[SUMS[n - FIRST_SUM] as keyof FigureSums] = value;
  }
  return sums;
}

/**
 * How many calls {@link readFactSums} would look at, at most: as the sums of the hours around them tell.
 * @param hours - sums of hours, and of what is coarser, in which the facts lie
 */
export async function factsToRead(
  db: Queryable,
  { filter, forBuyer }: Pick<FigureQuery, 'filter' | 'forBuyer'>,
  hours: readonly SumRanges[],
): Promise<number> {
  const { campaignId, sellerId, buyerId, account } = filter;
  const ways: FigureFilter[] = [
    ...(campaignId === undefined ? [] : [{ campaignId }]),
    ...(sellerId === undefined ? [] : [{ sellerId }]),
    ...(buyerId === undefined ? [] : [{ buyerId }]),
    ...(account && account.of !== 'trunk' ? [{ account }] : []),
  ];
  if (ways.length === 0) ways.push({});
  let fewest = Infinity;
  for (const way of ways) {
    const query: FigureQuery = { by: 'total', filter: way, forBuyer, cells: [0], limit: 100 };
    const rows = await readSums(db, cubeOf(query) ?? 'total', query, hours);
    fewest = Math.min(
      fewest,
      rows.reduce((sum, { sums }) => sum + sums.calls, 0),
    );
  }
  return fewest;
}

/** Reads the facts of calls: for what is finer than an hour, and for two things at once. */
export async function readFactSums(
  db: Queryable,
  { by, filter, forBuyer, cells, limit }: FigureQuery,
  ranges: readonly TimeRange[],
): Promise<FigureRow[]> {
  if (ranges.length === 0) return [];
  const given = new Parameters();
  const { key } = CUBE_TEXTS[by];
  const columns = [...(by === 'total' ? [] : [key]), 'f.currency'];
  const { cell, groups } = groupsOf('f.received_at', cells, columns, given);
  const conditions = [within('f.received_at', ranges, given), ...(forBuyer ? [belongsTo('buyer')] : [])];
  for (const [name, cube] of Object.entries(FILTERS)) {
    const value = filter[name as keyof typeof FILTERS];
    if (value !== undefined) conditions.push(`${CUBE_TEXTS[cube].key} = ${given.add(value, 'text')}`);
  }
  if (filter.account) {
    const { of, id } = filter.account;
    const account = given.add(id, 'text');
    conditions.push(`${CUBE_TEXTS[of].account} = ${account}`);
    // By the index.
    if (of === 'buyer') conditions.push(`f.buyer_id = any(${buyersOf(account)})`);
  }
  const sums = SUMS.map((sum) => `sum_bigint(f.${factColumn(sum, forBuyer)}) as "${sum}"`);
  return figuresOf(
    db,
    `select ${cell} as cell, coalesce(${key}, '') as key, coalesce(f.currency, '') as currency, ${sums.join(', ')}
     from call_facts f where ${conditions.join(' and ')}
     group by ${groups} limit ${given.add(limit, 'integer')}`,
    given,
  );
}
