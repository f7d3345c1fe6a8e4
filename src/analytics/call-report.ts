import { AppError, zoneOf } from '../domain';
import type {
  CallFact,
  Cube,
  FigureFilter,
  FigureQuery,
  FigureRow,
  FigureSums,
  GrowingSums,
  Queryable,
  TimeRange,
} from '../storage';
import {
  asExchange,
  cubeOf,
  DAY_MS,
  factsToRead,
  grainsOf,
  inTransaction,
  NO_FIGURES,
  readFactSums,
  readSums,
} from '../storage';
import type { Bucket, Cell } from './cells';
import { cellsOf, piecesOf, wholeHours, wholeQuarters } from './cells';
import { addFigures, isNothing } from './figures';
import { readTail } from './tail';

/** By what figures may be told apart. */
export const GROUPINGS = ['campaign', 'buyer', 'seller', 'trunk', 'state', 'hour'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** What is asked of the figures of calls. */
export interface CallReportRequest {
  readonly range: TimeRange;
  readonly bucket: Bucket;
  readonly groupBy?: Grouping | undefined;
  /** IANA name. */
  readonly zone: string;
  readonly filter: FigureFilter;
  /** UTC epoch milliseconds. */
  readonly now: number;
}

/** Figures of one bucket, key and currency. */
export interface ReportRow {
  /** UTC epoch milliseconds. */
  readonly start: number;
  /** Of the campaign, buyer …, or the hour of the day; null where it is not known, or nothing is told apart. */
  readonly key: string | null;
  /** Of the money; null of calls without any. */
  readonly currency: string | null;
  readonly sums: FigureSums;
}

export interface CallReport {
  /** As asked for, widened to whole quarters of an hour. */
  readonly range: TimeRange;
  /** By start, key and currency. */
  readonly rows: readonly ReportRow[];
  /** UTC epoch milliseconds: what happened before it is counted. */
  readonly upTo: number;
  /** Calls of before are still being counted, back to here; null once all are. */
  readonly wholeSince: number | null;
}

/** Longest stretch of time of one report. */
export const MAX_DAYS = 400;
/** Calls that are read one by one for one report. */
const MAX_FACTS = 200_000;
const MAX_CELLS = 10_000;
export const MAX_ROWS = 20_000;

const TOO_MUCH = 'ask for less at once';

/**
 * The figures of calls by time and one thing more, as of one instant.
 * @param db - of whom it is for; see `filter.account`
 * @throws AppError `validation` when it would be too much for one answer
 */
export async function readCallReport(db: Queryable, request: CallReportRequest): Promise<CallReport> {
  const { groupBy, bucket, filter, now } = request;
  const range = wholeQuarters(request.range);
  if (range.from >= range.to) throw refusal('/to', 'must lie behind from');
  if (range.to - range.from > MAX_DAYS * DAY_MS)
    throw refusal('/from', `at most ${MAX_DAYS} days; ${TOO_MUCH}`);
  const cells = cellsOf(range, bucket, zoneOf(request.zone), groupBy === 'hour', MAX_CELLS);
  if (!cells) throw refusal('/bucket', `at most ${MAX_CELLS} stretches of time; ${TOO_MUCH}`);
  const query: FigureQuery = {
    by: groupBy === undefined || groupBy === 'hour' ? 'total' : groupBy,
    filter,
    forBuyer: groupBy === 'buyer' || filter.buyerId !== undefined || filter.account?.of === 'buyer',
    cells: cells.map(({ from }) => from),
    // Cells are put together afterwards where hours of the day are told apart.
    limit: MAX_ROWS + MAX_CELLS,
  };
  const cube = cubeOf(query);

  const table = new Table(cells);
  const rest = await inTransaction(
    db,
    async (tx) => {
      // Groups of a month fit into it; with less they would be sorted on the disk.
      // What is asked for lies in memory, mostly: blocks cost little beside what is worked out of them.
      // Helpers take longer to start and to be waited for than they save, and twice the work.
      await tx.query(
        `set local work_mem = '32MB'; set local seq_page_cost = 0.1; set local random_page_cost = 0.15;
         set local max_parallel_workers_per_gather = 0`,
      );
      const tail = await asExchange(tx, (whole) => readTail(whole, now));
      const pieces = cube ? piecesOf(cells, grainsOf(cube), tail.daysAt) : { sums: [], facts: [range] };
      await assertReadable(tx, query, pieces.facts);
      if (cube) for (const row of await readSums(tx, cube, query, pieces.sums)) table.add(row);
      for (const row of await readFactSums(tx, query, pieces.facts)) table.add(row);
      return tail;
    },
    'snapshot',
  );
  for (const fact of rest.added) table.addFact(fact, query, 1);
  for (const fact of rest.removed) table.addFact(fact, query, -1);
  const rows = table.rows();
  if (rows.length > MAX_ROWS) throw refusal('/groupBy', `at most ${MAX_ROWS} rows; ${TOO_MUCH}`);
  return { range, rows, upTo: rest.upTo, wholeSince: rest.wholeSince };
}

/** Calls that are read one by one are not to be too many. */
async function assertReadable(db: Queryable, query: FigureQuery, facts: readonly TimeRange[]): Promise<void> {
  if (facts.length === 0) return;
  const { sums } = piecesOf(wholeHours(facts), grainsOf('campaign'));
  const calls = await factsToRead(db, query, sums);
  if (calls <= MAX_FACTS) return;
  throw refusal('/from', `${calls} calls would be read one by one, at most ${MAX_FACTS} are; ${TOO_MUCH}`);
}

function refusal(pointer: string, message: string): AppError {
  return new AppError('validation', 'invalid_request', 'the figures asked for cannot be given', {
    errors: [{ in: 'query', pointer, message }],
  });
}

/** Figures of one key and currency. */
interface Group {
  readonly key: string | null;
  readonly currency: string | null;
  readonly sums: GrowingSums;
}

/** Figures put together by bucket, key and currency. */
class Table {
  readonly #cells: readonly Cell[];
  /** By the beginning of their bucket, and within it by key and currency. */
  readonly #buckets = new Map<number, Map<string, Group>>();

  constructor(cells: readonly Cell[]) {
    this.#cells = cells;
  }

  /** @param row - is made use of */
  add({ cell, key, currency, sums }: FigureRow): void {
    const { start, hour = key } = this.#cells[cell] as Cell;
    let bucket = this.#buckets.get(start);
    if (!bucket) this.#buckets.set(start, (bucket = new Map()));
    const place = currency === '' ? hour : `${hour}\n${currency}`;
    const group = bucket.get(place);
    if (group) {
      addFigures(group.sums, sums);
      return;
    }
    bucket.set(place, {
      key: hour === '' ? null : hour,
      currency: currency === '' ? null : currency,
      sums,
    });
  }

  addFact(fact: CallFact, { by, filter, forBuyer }: FigureQuery, factor: number): void {
    if (!counts(fact, filter, forBuyer)) return;
    const cell = this.#cellAt(fact.receivedAt);
    if (cell === undefined) return;
    const seen = forBuyer ? { ...fact, calls: fact.offered, connected: fact.reached } : fact;
    const sums = { ...NO_FIGURES };
    addFigures(sums, seen, factor);
    this.add({ cell, key: keyOf(fact, by) ?? '', currency: fact.currency ?? '', sums });
  }

  rows(): ReportRow[] {
    const rows: ReportRow[] = [];
    for (const [start, bucket] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      const groups = [...bucket.values()].filter(({ sums }) => !isNothing(sums));
      groups.sort((a, b) => order(a.key ?? '', b.key ?? '') || order(a.currency ?? '', b.currency ?? ''));
      for (const group of groups) rows.push({ start, ...group });
    }
    return rows;
  }

  #cellAt(instant: number): number | undefined {
    let low = 0;
    let high = this.#cells.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cells[middle] as Cell).to <= instant) low = middle + 1;
      else high = middle;
    }
    const cell = this.#cells[low];
    return cell && cell.from <= instant ? low : undefined;
  }
}

function counts(fact: CallFact, filter: FigureFilter, forBuyer: boolean): boolean {
  const { campaignId, buyerId, sellerId, trunkId, account } = filter;
  if (forBuyer && fact.buyerId === null) return false;
  if (account && accountOf(fact, account.of) !== account.id) return false;
  return (
    (campaignId ?? fact.campaignId) === fact.campaignId &&
    (buyerId ?? fact.buyerId) === fact.buyerId &&
    (sellerId ?? fact.sellerId) === fact.sellerId &&
    (trunkId ?? fact.trunkId) === fact.trunkId
  );
}

function accountOf(fact: CallFact, of: 'buyer' | 'seller' | 'trunk'): string | null {
  if (of === 'buyer') return fact.buyerAccount;
  return of === 'seller' ? fact.sellerId : fact.carrierAccount;
}

function keyOf(fact: CallFact, by: Cube): string | null {
  switch (by) {
    case 'total':
      return null;
    case 'campaign':
      return fact.campaignId;
    case 'buyer':
      return fact.buyerId;
    case 'seller':
      return fact.sellerId;
    case 'trunk':
      return fact.trunkId;
    case 'state':
      return fact.state;
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
