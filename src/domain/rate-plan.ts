import type { Micros } from './money';

/**
 * From where a plan counts time: the INVITE came in, the target that answered was rung, it answered.
 * Whatever the clock, only answered calls cost anything.
 */
export const CLOCK_STARTS = ['incoming', 'ring', 'answer'] as const;
export type ClockStart = (typeof CLOCK_STARTS)[number];

/** How an answered call is priced, for the buyer (revenue) and for the seller (payout). */
export type RatePlan = PerCallPlan | PerMinutePlan | BandedPlan | GraduatedPlan;

/** What a seller earns: by a plan of its own, or a share of what the buyer pays. */
export type PayoutPlan = RatePlan | SharePlan;

/** What every plan says. */
export interface PlanTerms {
  /** Milliseconds by its clock before the call counts; 0 counts it on connect. */
  readonly afterMs: number;
  /** `answer` by default. */
  readonly clock?: ClockStart;
  /** A call that counts costs no less. */
  readonly minimum?: Micros;
  /** A call costs no more. */
  readonly maximum?: Micros;
}

/** A fixed amount. */
export interface PerCallPlan extends PlanTerms {
  readonly kind: 'per_call';
  readonly amount: Micros;
}

/** Time rounded up: the first increment whole, then every further one begun. */
export interface Increments {
  /** Milliseconds, e.g. 30,000. */
  readonly firstIncrementMs: number;
  /** Milliseconds, e.g. 6,000. */
  readonly nextIncrementMs: number;
}

/** An amount per minute, in increments. */
export interface PerMinutePlan extends PlanTerms, Increments {
  readonly kind: 'per_minute';
  readonly ratePerMinute: Micros;
  /** On top, once. */
  readonly connectFee?: Micros;
}

/** A part of a call's time: from a first millisecond up to, and without, a last one; null = to the end. */
export interface TimeBand {
  readonly fromMs: number;
  readonly toMs: number | null;
}

/** A fixed amount by the band in which the call ended; bands follow each other from 0 and never pay less. */
export interface BandedPlan extends PlanTerms {
  readonly kind: 'banded';
  readonly bands: readonly (TimeBand & { readonly amount: Micros })[];
}

/** Minutes at the rate of the band they lie in. */
export interface GraduatedPlan extends PlanTerms, Increments {
  readonly kind: 'graduated';
  readonly bands: readonly (TimeBand & { readonly ratePerMinute: Micros })[];
}

/** Basis points (1/100 %) of what the buyer pays for the call. */
export interface SharePlan extends PlanTerms {
  readonly kind: 'share';
  readonly shareBp: number;
}
