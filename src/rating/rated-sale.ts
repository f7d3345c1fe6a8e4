import type { AccountTerms, CallSignal, Currency, Micros, Sale } from '../domain';
import type { CallTimes } from './call-times';
import type { CarrierLeg } from './carrier-leg';
import type { LineSums } from './line-sums';

/** Everything that the money of an answered call follows from. */
export interface RatingInput {
  readonly sale: Sale;
  /** Milliseconds from the answer. */
  readonly connectedMs: number;
  /** What became known of the call. */
  readonly signals: readonly CallSignal[];
  /** Fees and taxes of the buyer's account at the time of the call. */
  readonly buyerTerms?: AccountTerms | undefined;
  readonly sellerTerms?: AccountTerms | undefined;
  readonly carrierLegs: readonly CarrierLeg[];
}

/**
 * One thing that a call costs or earns somebody. The buyer pays revenue and its fees and taxes; the seller
 * and those who share with it earn payout; the seller pays its fees and taxes; the carrier earns its cost.
 */
export interface RatedLine {
  readonly kind: 'revenue' | 'payout' | 'fee' | 'tax' | 'carrier_cost';
  /** Who pays it, or earns it. */
  readonly accountId: string;
  /**
   * What it is for, for programs: of revenue and payout the rule that priced it (`plan`, `conversions/0`),
   * of fees and taxes their code, of a carrier's leg its direction, from the second one on with its number
   * (`outbound/2`).
   */
  readonly code: string;
  /** For people. */
  readonly text: string;
  /** Above 0. */
  readonly amount: Micros;
  readonly currency: Currency;
}

/** What a call came to. */
export interface RatedCall extends LineSums {
  /** What decided the revenue: `plan`, `conversions/2` (the third rule), `short_call`, `duplicate`, `not_sold`. */
  readonly priced: string;
  /** What decided the payout: as `priced`, or `unpaid` where the seller earns only what the buyer pays for. */
  readonly earned: string;
  /** What came to nothing has no line. */
  readonly lines: readonly RatedLine[];
}

/** What a sold call came to. */
export interface RatedSale extends RatedCall {
  readonly times: CallTimes;
  /** Of the sale. */
  readonly currency: Currency;
}
