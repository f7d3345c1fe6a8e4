import type { Currency, Micros } from '../../domain';

export const PAYMENT_KINDS = ['charge', 'refund', 'chargeback'] as const;
/** Money from a buyer's card; money back to it; money that the buyer's bank took back. */
export type PaymentKind = (typeof PAYMENT_KINDS)[number];

export const PAYMENT_CAUSES = ['request', 'auto_top_up', 'provider'] as const;
/** Who began it: somebody by the API, a wallet that ran low, somebody at the provider. */
export type PaymentCause = (typeof PAYMENT_CAUSES)[number];

export const PAYMENT_STEPS = ['created', 'pending', 'succeeded', 'failed'] as const;
/** How far a payment is. */
export type PaymentStep = (typeof PAYMENT_STEPS)[number];

/** Why money did not move. */
export interface PaymentFailure {
  /** The provider's word, e.g. `card_declined`, or one of ours. */
  readonly code: string;
  /** One sentence for people. */
  readonly message: string;
  /** The same may work another time: what is tried again by itself. */
  readonly retryable: boolean;
}

/** One movement of money between a buyer's card and the exchange. */
export interface Payment {
  readonly id: string;
  /** Numbers payments in the order in which they were made. */
  readonly seq: number;
  readonly kind: PaymentKind;
  readonly cause: PaymentCause;
  readonly accountId: string;
  readonly currency: Currency;
  /** Micro-units, more than none. */
  readonly amount: Micros;
  readonly state: PaymentStep;
  /** The charge that a refund or a chargeback takes back. */
  readonly chargeId: string | null;
  readonly methodId: string | null;
  readonly provider: 'stripe';
  readonly providerRef: string | null;
  readonly idempotencyKey: string;
  readonly topUpKey: string | null;
  readonly reason: string | null;
  readonly failure: PaymentFailure | null;
  /** Times that the provider was asked, and those since it last answered. */
  readonly attempts: number;
  readonly unanswered: number;
  readonly firstAskedAt: Date | null;
  /** Since when it needs a person: nobody knows whether the money moved. */
  readonly stuckAt: Date | null;
  readonly transactionId: number | null;
  readonly requestedBy: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | null;
}

/** What a provider can say of a payment in the end. */
export type FinalState = 'succeeded' | 'failed';

/**
 * How far a state is on its way. Payments only go forward, so that it does not matter in which order, or
 * how often, a provider tells of one. A charge that failed may turn out to have been made after all, never
 * the other way round; money that was sent back may come back, and a chargeback be won, never the other way
 * round.
 */
const PROGRESS: Readonly<Record<PaymentKind, readonly PaymentStep[]>> = {
  charge: ['created', 'pending', 'failed', 'succeeded'],
  refund: ['created', 'pending', 'succeeded', 'failed'],
  chargeback: ['created', 'pending', 'succeeded', 'failed'],
};

/** True when a payment goes on from one state to the other. */
export function goesForward(kind: PaymentKind, from: PaymentStep, to: PaymentStep): boolean {
  return PROGRESS[kind].indexOf(to) > PROGRESS[kind].indexOf(from);
}

/**
 * True when the money of a payment in that state is in the books. A charge is when it was made; what goes
 * back to a card is from the beginning, so that it cannot be spent meanwhile.
 */
export function isPosted(kind: PaymentKind, state: PaymentStep): boolean {
  return kind === 'charge' ? state === 'succeeded' : state !== 'failed';
}
