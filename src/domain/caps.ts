import type { CalendarPeriod } from './local-time';

/** What a cap counts: rings, calls that were connected, calls that converted, micro-units of revenue. */
export const CAP_METRICS = ['attempts', 'connections', 'conversions', 'revenue'] as const;
export type CapMetric = (typeof CAP_METRICS)[number];

/** Calendar periods are those of the account's zone; `total` never starts anew. */
export const CAP_PERIODS = ['hour', 'day', 'month', 'total'] as const satisfies readonly (
  CalendarPeriod | 'total'
)[];
export type CapPeriod = (typeof CAP_PERIODS)[number];

/** Most of one metric in each period; absent or 0 = no limit. Revenue is in micro-units. */
export type PeriodLimits = { readonly [Period in CapPeriod]?: number };

/** The caps of a bid, a target, a buyer or a seller. Absent or 0 = no limit. */
export type CapSet = { readonly [Metric in CapMetric]?: PeriodLimits } & {
  /** Calls ringing or up at once. */
  readonly concurrent?: number;
  /** Milliseconds from one ring (a seller: one call) to the next. */
  readonly spacingMs?: number;
};

/** Whose cap it is. */
export const CAP_SUBJECTS = ['bid', 'target', 'buyer', 'seller'] as const;
export type CapSubject = (typeof CAP_SUBJECTS)[number];

/** What the counter of a limit counts. */
export type CapCounter = CapMetric | 'concurrent' | 'spacing';

/** Why a cap keeps a bid from a call, or a seller's calls out: `cap_connections_day`. */
export type CapReason = `cap_${CapMetric}_${CapPeriod}` | 'cap_concurrent' | 'cap_spacing';

export const CAP_REASONS: readonly CapReason[] = [
  ...CAP_METRICS.flatMap((metric) => CAP_PERIODS.map((period) => `cap_${metric}_${period}` as const)),
  'cap_concurrent',
  'cap_spacing',
];

/** One counter to be reserved against a limit before a target is rung. */
export interface CapLimit {
  /** e.g. `bid:<id>:connections:day:2026-11-21`, `target:<id>:concurrent`. */
  readonly key: string;
  readonly counter: CapCounter;
  /** Units at most; of spacing the same as the amount, so that what is left of the last one must be over. */
  readonly limit: number;
  /** Units this call takes: 1, or 0 where it cannot; of revenue the most micro-units it may earn; of spacing its milliseconds. */
  readonly amount: number;
  /** UTC epoch milliseconds at which the period ends; 0 for totals, concurrency and spacing. */
  readonly resetsAt: number;
}

/**
 * What became of a call that reserved limits; what it took and did not use is given back. An attempt
 * is used by ringing, a connection by the answer, a conversion and revenue by what the buyer's plan
 * says of the time connected.
 */
export interface CapOutcome {
  readonly connected: boolean;
  readonly converted: boolean;
  /** Micro-units charged to the buyer. */
  readonly revenue: number;
}

/** Of a call that no buyer answered. */
export const NEVER_CONNECTED: CapOutcome = { connected: false, converted: false, revenue: 0 };

/**
 * Units of a limit that a call took and did not use. Negative where it earned more than could be foreseen.
 */
export function unusedUnits({ counter, amount }: CapLimit, outcome: CapOutcome): number {
  switch (counter) {
    case 'attempts':
    case 'spacing':
      return 0;
    case 'connections':
      return outcome.connected ? 0 : amount;
    case 'conversions':
      return outcome.converted ? 0 : amount;
    case 'revenue':
      return amount - outcome.revenue;
    case 'concurrent':
      return amount;
  }
}
