import type { Currency, PerMinutePlan } from '../domain';

/** Which way a carrier's leg goes: the caller came in over it, or somebody was reached over it. */
export const CARRIER_DIRECTIONS = ['inbound', 'outbound'] as const;
export type CarrierDirection = (typeof CARRIER_DIRECTIONS)[number];

/** What a carrier is paid for one number. */
export interface CarrierLegRate {
  /** The carrier's account. */
  readonly accountId: string;
  readonly trunkId: string;
  readonly direction: CarrierDirection;
  /** What the number begins with that the rate is for, without the plus. */
  readonly prefix: string;
  readonly plan: PerMinutePlan;
  readonly currency: Currency;
}

/** One leg of a call that a carrier is paid for. */
export interface CarrierLeg extends CarrierLegRate {
  /** Which of the legs of its direction that were answered, from 1, whether others are paid for or not. */
  readonly nth: number;
  /** Milliseconds from its own answer to its own end, an integer ≥ 0. */
  readonly durationMs: number;
}
