import type { CapLimit } from './caps';
import type { LiveBid } from './facts';
import type { Currency, Micros } from './money';
import type { E164 } from './phone-number';
import type { ConversionRule } from './conversion';
import type { PayoutPlan } from './rate-plan';

/** An accepted bid request of a seller, which waits for its call. */
export interface Reservation {
  /** Also the user part of the SIP address that is this reservation's own. */
  readonly id: string;
  readonly sellerId: string;
  readonly campaignId: string;
  /** The number that the call is for. */
  readonly number: E164;
  /** Keyed hash of the caller; undefined when the seller did not say who it is. */
  readonly callerHash: string | undefined;
  /** Short name of the tags: the same for the same. */
  readonly tagsKey: string;
  /** What the seller said of the call. */
  readonly tags: Readonly<Record<string, string>>;
  /** What the seller was promised for a call that converts, by this plan. */
  readonly price: Micros;
  readonly currency: Currency;
  readonly payout: PayoutPlan;
  /** What goes before that: the first that fires. */
  readonly conversions?: readonly ConversionRule<PayoutPlan>[] | undefined;
  /** The bid that was to take the call. */
  readonly bidId: string;
  /** Concurrency held for it until the call comes. */
  readonly limits: readonly CapLimit[];
  /** What buyers offered for it. */
  readonly liveBids: readonly LiveBid[];
  /** The node that holds what it holds. */
  readonly nodeId: string;
  /** UTC epoch milliseconds. */
  readonly createdAt: number;
  /** The call must be here by then; a little later than the seller was told. */
  readonly expiresAt: number;
}

export const RESERVATION_STATES = ['reserved', 'used', 'expired', 'cancelled'] as const;
export type ReservationState = (typeof RESERVATION_STATES)[number];

/** Why a reservation is not to be had for a call. */
export type ReservationProblem =
  /** There is none of that name. */
  | 'unknown'
  /** Its call has come already. */
  | 'used'
  | 'expired'
  | 'cancelled'
  /** Another caller than was said. */
  | 'other_caller'
  /** Neither PostgreSQL nor Redis can be asked. */
  | 'unavailable';

/** One bid request of a seller with its answer. */
export interface BidRequestRecord {
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly sellerId: string;
  readonly campaignId: string | undefined;
  readonly number: string | undefined;
  /** Keyed hash of the caller. */
  readonly callerHash: string | undefined;
  readonly npa: string | undefined;
  readonly state: string | undefined;
  readonly code: number;
  readonly reason: string;
  readonly price: number | undefined;
  readonly currency: string | undefined;
  readonly latencyMs: number;
  readonly reservationId: string | undefined;
}
