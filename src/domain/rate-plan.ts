import type { Micros } from './money';

/** How a converted call is priced, for the buyer (revenue) and for the seller (payout). */
export type RatePlan = PerCallPlan | PerMinutePlan;

/** A fixed amount when the call lasts at least `afterMs` from answer. */
export interface PerCallPlan {
  readonly kind: 'per_call';
  readonly amount: Micros;
  /** Milliseconds of connected time before the call counts; 0 pays on connect. */
  readonly afterMs: number;
}

/** An amount per connected minute, in increments. */
export interface PerMinutePlan {
  readonly kind: 'per_minute';
  readonly ratePerMinute: Micros;
  /** First billed increment in milliseconds, e.g. 30,000. */
  readonly firstIncrementMs: number;
  /** Every further increment in milliseconds, e.g. 6,000. */
  readonly nextIncrementMs: number;
  /** Milliseconds of connected time before anything is billed. */
  readonly afterMs: number;
}
