import type { Micros } from './money';

/** What the exchange charges a party besides the price of calls. */
export interface FeeRule {
  /** Stable, e.g. `platform`. */
  readonly code: string;
  readonly name: string;
  readonly basis: 'per_call' | 'per_minute' | 'share';
  /** Micro-units a call, or a minute begun; 0 of a share. */
  readonly amount: Micros;
  /** Basis points of the call's price (of a seller: of its payout); 0 of an amount. */
  readonly shareBp: number;
  /** Which calls: every one that was answered, or those that cost something. */
  readonly on: 'connected' | 'converted';
}

/** A tax on what a party is charged. */
export interface TaxRule {
  readonly code: string;
  readonly name: string;
  /** Millionths: 8.875 % is 88,750. */
  readonly ratePpm: number;
  readonly on: readonly ('revenue' | 'fees')[];
}

/** Fees and taxes of an account from an instant on, until the next terms of it. */
export interface AccountTerms {
  readonly accountId: string;
  /** UTC epoch milliseconds. */
  readonly effectiveFrom: number;
  readonly fees: readonly FeeRule[];
  readonly taxes: readonly TaxRule[];
}
