/** Figures of one bucket, key and currency, as analytics tell them; a party is told its own part. */
export interface FigureRow {
  readonly start: number;
  readonly key: string | null;
  readonly currency?: string | null;
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
  readonly from: number | string;
  readonly to: number | string;
  readonly bucket: string;
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

/** Currencies of a report, the one with the most money first. */
export function currenciesOf(rows: readonly FigureRow[]): readonly string[] {
  const sums = new Map<string, number>();
  for (const row of rows) {
    if (row.currency === null || row.currency === undefined) continue;
    const money = Math.abs(row.revenueMicros ?? row.payoutMicros ?? row.carrierCostMicros ?? 0);
    sums.set(row.currency, (sums.get(row.currency) ?? 0) + money);
  }
  return [...sums].sort(([, a], [, b]) => b - a).map(([currency]) => currency);
}

const LABELS: Readonly<Record<MoneyField, string>> = {
  revenueMicros: 'Revenue',
  payoutMicros: 'Payout',
  carrierCostMicros: 'Carriers',
  marginMicros: 'Margin',
};

/** Money over time in one currency, in units of it: a line for each kind of money that is told. */
export function moneySeries(rows: readonly FigureRow[], currency: string): Series {
  const own = rows.filter((row) => row.currency === currency);
  const times = timesOf(rows);
  const lines = MONEY_FIELDS.filter((field) => own.some((row) => row[field] !== undefined)).map((field) => ({
    label: LABELS[field],
    values: times.map((time) => sumAt(own, time, (row) => (row[field] ?? 0) / 1_000_000)),
  }));
  return { times, lines };
}

/** Calls over time: all, connected, and converted. */
export function callSeries(rows: readonly FigureRow[]): Series {
  const times = timesOf(rows);
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

const timesOf = (rows: readonly FigureRow[]): number[] =>
  [...new Set(rows.map(({ start }) => Math.floor(start / 1_000)))].sort((a, b) => a - b);

const sumAt = (rows: readonly FigureRow[], time: number, of: (row: FigureRow) => number): number =>
  rows.reduce((sum, row) => (Math.floor(row.start / 1_000) === time ? sum + of(row) : sum), 0);

/** The sum of one kind of money over a report; undefined where it is not told. */
export function totalOf(rows: readonly FigureRow[], field: MoneyField, currency: string): number | undefined {
  const told = rows.filter((row) => row.currency === currency && row[field] !== undefined);
  return told.length === 0 ? undefined : told.reduce((sum, row) => sum + (row[field] ?? 0), 0);
}
