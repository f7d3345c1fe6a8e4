import type { Currency, PerMinutePlan } from '../domain';

/** Which way a carrier's leg goes: the caller came in over it, or the buyer was reached over it. */
export const CARRIER_DIRECTIONS = ['inbound', 'outbound'] as const;
export type CarrierDirection = (typeof CARRIER_DIRECTIONS)[number];

/** One leg of a call that a carrier is paid for. */
export interface CarrierLeg {
  /** The carrier's account. */
  readonly accountId: string;
  readonly trunkId: string;
  readonly direction: CarrierDirection;
  /** What the number begins with that the rate is for, without the plus. */
  readonly prefix: string;
  readonly plan: PerMinutePlan;
  readonly currency: Currency;
}
