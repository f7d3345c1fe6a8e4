import type { FigureSums } from './call-fact';
import { SUM_COLUMNS, SUMS } from './call-fact';

/** What figures are kept by: one thing at a time. */
export const CUBES = ['total', 'campaign', 'buyer', 'seller', 'trunk', 'state'] as const;
export type Cube = (typeof CUBES)[number];

export const DAY_MS = 86_400_000;

const MINUTE_MS = 60_000;
/** Sums are kept by quarters of an hour (of everything alone), hours, four and eight hours and days of UTC: minutes. */
const QUARTER = 15;
const HOUR = 60;
/** What is put together of hours. */
const COARSE = [240, 480, 1_440] as const;

/** By what a cube's sums are kept, in milliseconds, finest first; anything finer is read of the facts themselves. */
export function grainsOf(cube: Cube): readonly number[] {
  const grains = cube === 'total' ? [QUARTER, HOUR, ...COARSE] : [HOUR, ...COARSE];
  return grains.map((grain) => grain * MINUTE_MS);
}

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

/** Where a sum belongs. */
export const SUM_PLACE = 'cube, grain, start_at, key, account_id, currency';

/**
 * A select of rows for `analytics_sums`: the hours of one cube, and the quarters of everything.
 * @param facts - a table, or a name of a query, of facts
 * @param factor - what each fact counts: 1, or a column of it
 */
export function fineSumsOf(cube: Cube, facts: string, factor = '1'): string {
  const grains = cube === 'total' ? [QUARTER, HOUR] : [HOUR];
  return grains.map((grain) => ofFacts(cube, grain, facts, factor)).join('\nunion all\n');
}

function ofFacts(cube: Cube, grain: number, facts: string, factor: string): string {
  const { key, account } = CUBE_TEXTS[cube];
  const sums = SUMS.map(
    (sum) =>
      // A factor of a smallint must not make the product one.
      `sum_bigint(${factor} * f.${factColumn(sum, cube === 'buyer')}::bigint) as ${SUM_COLUMNS[sum]}`,
  );
  return `select '${cube}'::text as cube, ${grain}::smallint as grain,
      f.received_at - f.received_at % ${grain * MINUTE_MS} as start_at,
      coalesce(${key}, '') as key, coalesce(${account}, '') as account_id, coalesce(f.currency, '') as currency,
      ${sums.join(', ')}
    from ${facts} f where ${belongsTo(cube)} group by 3, 4, 5, 6`;
}

/** The longer stretches that hours add up to. @param sums - a table, or a name of a query, that has them */
export function coarseSumsOf(sums: string): string {
  const added = SUMS.map((sum) => `sum_bigint(${SUM_COLUMNS[sum]})`).join(', ');
  return COARSE.map(
    (
      grain,
    ) => `select cube, ${grain}::smallint, start_at - start_at % ${grain * MINUTE_MS}, key, account_id, currency, ${added}
      from ${sums} where grain = ${HOUR} group by 1, 3, 4, 5, 6`,
  ).join('\nunion all\n');
}
