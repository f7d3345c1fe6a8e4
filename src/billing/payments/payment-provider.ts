import type { Currency, Micros } from '../../domain';
import type { PaymentFailure, PaymentKind } from './payment';

/** A saved way to pay, as the provider names it. */
export interface SavedMethod {
  readonly customerRef: string;
  readonly methodRef: string;
}

interface Asked {
  /** Our payment: what the provider made is found again by it. */
  readonly paymentId: string;
  /** The same key moves money once, however often it is asked for within a day. */
  readonly idempotencyKey: string;
  readonly accountId: string;
  /** Micro-units; a whole number of the currency's smallest unit. */
  readonly amount: Micros;
  readonly currency: Currency;
}

/** Money to be fetched without its owner being there. */
export interface ChargeRequest extends Asked {
  readonly method: SavedMethod;
}

/** Money to be given back. */
export interface RefundRequest extends Asked {
  /** The provider's name of the charge. */
  readonly chargeRef: string;
}

/** A payment whose answer was lost, or is not final yet. */
export interface RetrieveRequest {
  readonly kind: Exclude<PaymentKind, 'chargeback'>;
  readonly paymentId: string;
  /** The provider's name of it, when that is known. */
  readonly ref: string | undefined;
  /** Of a charge: whom it was asked of. */
  readonly customerRef: string | undefined;
  /** Of a refund: what it gives back. */
  readonly chargeRef: string | undefined;
  /** It was not asked for before this; UTC epoch milliseconds. */
  readonly since: number;
}

/** How a payment stands. */
export type PaymentOutcome =
  | { readonly state: 'succeeded'; readonly ref: string }
  /** Without `ref` nobody knows whether the money moves: the answer was lost, or there was none. */
  | { readonly state: 'pending'; readonly ref: string | undefined; readonly why: string }
  | { readonly state: 'failed'; readonly ref: string | undefined; readonly failure: PaymentFailure };

/** Moves money between cards and the exchange. What goes wrong outside is an outcome, not an exception. */
export interface PaymentProvider {
  charge(request: ChargeRequest): Promise<PaymentOutcome>;
  refund(request: RefundRequest): Promise<PaymentOutcome>;
  /** How a payment stands; `absent` when the provider was never asked for it, for certain. */
  retrieve(request: RetrieveRequest): Promise<PaymentOutcome | { readonly state: 'absent' }>;
}
