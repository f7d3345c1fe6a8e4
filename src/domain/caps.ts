import type { CalendarPeriod } from './local-time';

/** What a cap counts: rings, calls that were connected, calls that converted, micro-units of revenue. */
export const CAP_METRICS = ['attempts', 'connections', 'conversions', 'revenue'] as const;
export type CapMetric = (typeof CAP_METRICS)[number];

/** Calendar periods are those of the account's zone; `total` never starts anew. */
export const CAP_PERIODS = ['hour', 'day', 'month', 'total'] as const satisfies readonly (CalendarPeriod | 'total')[];
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
