import type { FigureSums } from './call-fact';
import { SUM_COLUMNS, SUMS } from './call-fact';

/** What figures are kept by: one thing at a time. */
export const CUBES = ['total', 'campaign', 'buyer', 'seller', 'trunk', 'state'] as const;
export type Cube = (typeof CUBES)[number];

export const DAY_MS = 86_400_000;

const MINUTE_MS = 60_000;
/** Sums are kept by quarters of an hour (of everything alone), hours, four and eight hours of UTC, and days: minutes. */
const QUARTER = 15;
const HOUR = 60;
const DAY = 1_440;
const COARSE = [240, 480, DAY] as const;

/**
 * When days begin of which there are sums, in minutes past midnight of UTC: those of UTC, of the Americas from the
 * Atlantic to the Pacific, of western and central Europe and of India, each by its summer and its winter. Days of other
 * zones are put together of hours.
 */
export const DAY_STARTS: readonly number[] = [0, 180, 240, 300, 360, 420, 480, 1_110, 1_320, 1_380];

/** A stretch of time of which there are sums: minutes, and how far past a multiple of that it begins. */
interface Stretch {
  readonly grain: number;
  readonly begins: number;
}

const DAYS: readonly Stretch[] = DAY_STARTS.map((begins) => ({ grain: DAY, begins }));
/** What is put together of hours. */
const OF_HOURS: readonly Stretch[] = [
  { grain: 240, begins: 0 },
  { grain: 480, begins: 0 },
  ...DAYS.filter(({ begins }) => begins % HOUR === 0),
];
/** What hours do not add up to. */
const OF_FACTS: readonly Stretch[] = [
  { grain: HOUR, begins: 0 },
  ...DAYS.filter(({ begins }) => begins % HOUR !== 0),
];

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

/** The beginning of the stretch that an instant lies in. */
function beginOf(instant: string, { grain, begins }: Stretch): string {
  const since = begins === 0 ? instant : `(${instant} - ${begins * MINUTE_MS})`;
  return `${instant} - ${since} % ${grain * MINUTE_MS}`;
}

/**
 * A select of rows for `analytics_sums`: the hours of one cube and the days that begin within one, and the quarters
 * of everything.
 * @param facts - a table, or a name of a query, of facts
 * @param factor - what each fact counts: 1, or a column of it
 */
export function fineSumsOf(cube: Cube, facts: string, factor = '1'): string {
  const stretches = cube === 'total' ? [{ grain: QUARTER, begins: 0 }, ...OF_FACTS] : OF_FACTS;
  return stretches.map((stretch) => ofFacts(cube, stretch, facts, factor)).join('\nunion all\n');
}

function ofFacts(cube: Cube, stretch: Stretch, facts: string, factor: string): string {
  const { key, account } = CUBE_TEXTS[cube];
  const sums = SUMS.map(
    (sum) =>
      // A factor of a smallint must not make the product one.
      `sum_bigint(${factor} * f.${factColumn(sum, cube === 'buyer')}::bigint) as ${SUM_COLUMNS[sum]}`,
  );
  return `select '${cube}'::text as cube, ${stretch.grain}::smallint as grain,
      ${beginOf('f.received_at', stretch)} as start_at,
      coalesce(${key}, '') as key, coalesce(${account}, '') as account_id, coalesce(f.currency, '') as currency,
      ${sums.join(', ')}
    from ${facts} f where ${belongsTo(cube)} group by 3, 4, 5, 6`;
}

/** The longer stretches that hours add up to. @param sums - a table, or a name of a query, that has them */
export function coarseSumsOf(sums: string): string {
  return OF_HOURS.map((stretch) => ofHours(stretch, sums)).join('\nunion all\n');
}

function ofHours(stretch: Stretch, sums: string, condition = 'true'): string {
  const added = SUMS.map((sum) => `sum_bigint(${SUM_COLUMNS[sum]})`).join(', ');
  return `select cube, ${stretch.grain}::smallint, ${beginOf('start_at', stretch)}, key, account_id, currency, ${added}
      from ${sums} where grain = ${HOUR} and ${condition} group by 1, 3, 4, 5, 6`;
}

/** Whether a row of `analytics_sums` is of a day that does not begin at midnight of UTC. */
export const OF_ZONE_DAY = `grain = ${DAY} and start_at % ${DAY_MS} <> 0`;

/**
 * A select of rows for `analytics_sums`: the days that begin within one of UTC, but not with it.
 * @param from - midnight of UTC
 */
export function zoneDaysOf(from: number): string {
  const lasts = (column: string, { begins }: Stretch): string => {
    const start = from + begins * MINUTE_MS;
    return `${column} >= ${start} and ${column} < ${start + DAY_MS}`;
  };
  const zoneDays = DAYS.filter(({ begins }) => begins !== 0);
  return zoneDays
    .flatMap((day) =>
      CUBES.map((cube) =>
        day.begins % HOUR === 0
          ? ofHours(day, 'analytics_sums', `cube = '${cube}' and ${lasts('start_at', day)}`)
          : ofFacts(cube, day, `(select * from call_facts where ${lasts('received_at', day)})`, '1'),
      ),
    )
    .join('\nunion all\n');
}
