import type { ClockStart, PayoutPlan, RatePlan } from './rate-plan';

/** What tells that a call was worth something, besides how long it lasted. */
export const SIGNAL_KINDS = ['postback', 'keypress', 'disposition'] as const;
export type SignalKind = (typeof SIGNAL_KINDS)[number];

/** One thing that became known of a call, while it was up or days later. */
export interface CallSignal {
  readonly kind: SignalKind;
  /** Name of the event, the digits pressed, what the agent noted. */
  readonly value: string;
  /** UTC epoch milliseconds. */
  readonly at: number;
}

/** When a rule fires. */
export type ConversionTrigger =
  | { readonly kind: 'duration'; readonly clock?: ClockStart; readonly atLeastMs: number }
  | { readonly kind: SignalKind; readonly anyOf: readonly string[] };

/** A price for calls that converted in some way. The first rule that fires prices the call; if none does, the plan. */
export interface ConversionRule<Plan extends PayoutPlan = RatePlan> {
  readonly when: ConversionTrigger;
  readonly plan: Plan;
}

/** A seller's own price in one campaign, in place of the campaign's. */
export interface SellerPayout {
  readonly payout: PayoutPlan;
  readonly conversions?: readonly ConversionRule<PayoutPlan>[];
}
