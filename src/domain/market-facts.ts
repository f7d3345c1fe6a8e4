import type { E164 } from './phone-number';

/** One number that must not be called, with where that comes from. */
export interface DncEntry {
  readonly number: E164;
  readonly source: 'internal' | 'national' | 'state' | 'litigator';
  /** UTC epoch milliseconds; undefined = permanent. */
  readonly expiresAt: number | undefined;
}

/** Calling hours set aside for a time: an emergency that forbids calls, or an order that allows them. */
export interface HoursOverride {
  readonly id: string;
  /** State or province, or `US` for the whole country; `CA` is California. */
  readonly place: string;
  readonly effect: 'forbid' | 'allow';
  /** UTC epoch milliseconds. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** The order it rests on. */
  readonly citation: string;
}

/** What became of the calls of one bid, with old calls counting less and less. */
export interface BidQuality {
  /** The bid's id. */
  readonly id: string;
  /** Rings, answers and conversions, decayed. */
  readonly rings: number;
  readonly answers: number;
  readonly conversions: number;
  /** Milliseconds connected, decayed. */
  readonly connectedMs: number;
  /** Micro-units charged, decayed. */
  readonly revenue: number;
}

/** What is known of a source of calls from calls that ended: how much of it turned out bad. */
export interface FraudPrior {
  /** `all`, `seller:<id>`, `number:<did>`, `trunk:<id>`, `prefix:<NPA-NXX-X, seven digits>`. */
  readonly id: string;
  readonly calls: number;
  readonly bad: number;
  readonly shortCalls: number;
  readonly answered: number;
  /** Confirmed or cleared by people. */
  readonly confirmed: number;
  readonly cleared: number;
}

/** A trained model, as it lies in storage. */
export interface FraudModelRow {
  /** Its version. */
  readonly id: string;
  readonly status: 'shadow' | 'active' | 'retired';
  /** Coefficients or trees; the fraud module reads them. */
  readonly model: unknown;
}
