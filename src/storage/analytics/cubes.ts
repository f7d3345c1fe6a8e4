import type { FigureSums } from './call-fact';
import { SUM_COLUMNS, SUMS } from './call-fact';

/** What figures are kept by: one thing at a time. */
export const CUBES = ['total', 'campaign', 'buyer', 'seller', 'trunk', 'state'] as const;
export type Cube = (typeof CUBES)[number];

/** Grains of the sums, in milliseconds; anything finer is read of the facts themselves. */
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

interface CubeText {
  /** Columns of a fact. */
  readonly key: string;
  readonly account: string;
}

/** How a fact is filed in each cube: the one place that says so. */
export const CUBE_TEXTS: Readonly<Record<Cube, CubeText>> = {
  total: { key: `''`, account: `''` },
  campaign: { key: 'f.campaign_id', account: `''` },
  buyer: { key: 'f.buyer_id', account: 'f.buyer_account' },
  seller: { key: 'f.seller_id', account: 'f.seller_id' },
  trunk: { key: 'f.trunk_id', account: 'f.carrier_account' },
  state: { key: 'f.state', account: `''` },
};

/** A call that was offered to nobody is no buyer's. */
export function belongsTo(cube: Cube): string {
  return cube === 'buyer' ? 'f.buyer_id is not null' : 'true';
}

/** The column of a fact that a sum is of: to a buyer its calls are those that it was offered. */
export function factColumn(sum: keyof FigureSums, forBuyer: boolean): string {
  if (forBuyer && sum === 'calls') return 'offered';
  if (forBuyer && sum === 'connected') return 'reached';
  return SUM_COLUMNS[sum];
}

export const SUM_LIST = SUMS.map((sum) => SUM_COLUMNS[sum]).join(', ');

/**
 * A select of rows for `analytics_sums`: the hours of one cube.
 * @param facts - a table, or a name of a query, of facts
 * @param factor - what each fact counts: 1, or a column of it
 */
export function hoursOf(cube: Cube, facts: string, factor = '1'): string {
  const { key, account } = CUBE_TEXTS[cube];
  const sums = SUMS.map(
    (sum) =>
      `sum(${factor} * f.${factorable(factColumn(sum, cube === 'buyer'))})::bigint as ${SUM_COLUMNS[sum]}`,
  );
  return `select '${cube}'::text as cube, 60::smallint as grain, f.received_at - f.received_at % ${HOUR_MS} as start_at,
      coalesce(${key}, '') as key, coalesce(${account}, '') as account_id, coalesce(f.currency, '') as currency,
      ${sums.join(', ')}
    from ${facts} f where ${belongsTo(cube)} group by 3, 4, 5, 6`;
}

/** The days that hours add up to. @param hours - a name of a query, or a part of the table */
export function daysOf(hours: string): string {
  const sums = SUMS.map((sum) => `sum(${SUM_COLUMNS[sum]})::bigint`);
  return `select cube, 1440::smallint, start_at - start_at % ${DAY_MS}, key, account_id, currency, ${sums.join(', ')}
    from ${hours} group by 1, 3, 4, 5, 6`;
}

/** A factor of a smallint must not make the product one. */
function factorable(column: string): string {
  return `${column}::bigint`;
}
