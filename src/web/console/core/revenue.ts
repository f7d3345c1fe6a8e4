/** Figures of one bucket and key, as analytics tell them; a party is told its own part. */
export interface FigureRow {
  readonly start: number;
  readonly key: string | null;
  readonly calls: number;
  readonly connected: number;
  readonly answered: number;
  readonly converted: number;
  readonly asr: number | null;
  readonly acdMs: number | null;
  readonly pddMs: number | null;
  readonly revenueMicros?: number;
  readonly payoutMicros?: number;
  readonly carrierCostMicros?: number;
  readonly marginMicros?: number;
}

export interface Report {
  readonly zone: string;
  /** Of every amount. */
  readonly currency: string;
  /** Of which there is money. */
  readonly currencies: readonly string[];
  /** UTC epoch milliseconds; calls of before are still being counted, or null. */
  readonly wholeSince: number | null;
  readonly rows: readonly FigureRow[];
}

export const MONEY_FIELDS = ['revenueMicros', 'payoutMicros', 'carrierCostMicros', 'marginMicros'] as const;
export type MoneyField = (typeof MONEY_FIELDS)[number];

/** Lines over time: an instant for each bucket, and for each line what it is then. */
export interface Series {
  /** UTC epoch seconds, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
}

const HOUR_MS = 3_600_000;
/** Points that a line of a chart has room for. */
const MOST_BUCKETS = 1_000;

const LABELS: Readonly<Record<MoneyField, string>> = {
  revenueMicros: 'Revenue',
  payoutMicros: 'Payout',
  carrierCostMicros: 'Carriers',
  marginMicros: 'Margin',
};

/**
 * Beginnings of the buckets of a stretch of time, by the clock of this machine: where nothing was, a report has
 * no row.
 * @param from - UTC epoch milliseconds
 * @returns UTC epoch seconds
 */
export function gridOf(from: number, to: number, bucket: 'hour' | 'day'): readonly number[] {
  const at = new Date(from);
  if (bucket === 'day') at.setHours(0, 0, 0, 0);
  else at.setMinutes(0, 0, 0);
  const times: number[] = [];
  while (at.getTime() < to && times.length < MOST_BUCKETS) {
    if (at.getTime() >= from) times.push(at.getTime() / 1_000);
    // A day on which the clocks change is not as long as others; an hour always is.
    if (bucket === 'day') at.setDate(at.getDate() + 1);
    else at.setTime(at.getTime() + HOUR_MS);
  }
  return times;
}

/**
 * Money over time, in units of its currency: a line for each kind of money that is told.
 * @param grid - instants that are shown whether or not anything was then
 */
export function moneySeries(rows: readonly FigureRow[], grid: readonly number[] = []): Series {
  const times = timesOf(rows, grid);
  const lines = MONEY_FIELDS.filter((field) => rows.some((row) => row[field] !== undefined)).map((field) => ({
    label: LABELS[field],
    values: times.map((time) => sumAt(rows, time, (row) => (row[field] ?? 0) / 1_000_000)),
  }));
  return { times, lines };
}

/** Calls over time: all, connected, and converted. */
export function callSeries(rows: readonly FigureRow[], grid: readonly number[] = []): Series {
  const times = timesOf(rows, grid);
  const line = (label: string, of: (row: FigureRow) => number) => ({
    label,
    values: times.map((time) => sumAt(rows, time, of)),
  });
  return {
    times,
    lines: [
      line('Calls', (row) => row.calls),
      line('Connected', (row) => row.connected),
      line('Converted', (row) => row.converted),
    ],
  };
}

const timesOf = (rows: readonly FigureRow[], grid: readonly number[]): number[] =>
  [...new Set([...grid, ...rows.map(({ start }) => Math.floor(start / 1_000))])].sort((a, b) => a - b);

const sumAt = (rows: readonly FigureRow[], time: number, of: (row: FigureRow) => number): number =>
  rows.reduce((sum, row) => (Math.floor(row.start / 1_000) === time ? sum + of(row) : sum), 0);

/** The sum of one kind of money over a report; undefined where it is not told. */
export function totalOf(rows: readonly FigureRow[], field: MoneyField): number | undefined {
  const told = rows.filter((row) => row[field] !== undefined);
  return told.length === 0 ? undefined : told.reduce((sum, row) => sum + (row[field] ?? 0), 0);
}
