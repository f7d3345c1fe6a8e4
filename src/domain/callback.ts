import type { E164 } from './phone-number';

/** `open`: nobody calls yet. `taken`: somebody does. `refused`: they are not to be called after all. */
export const CALLBACK_STATES = ['open', 'taken', 'done', 'expired', 'refused'] as const;
export type CallbackState = (typeof CALLBACK_STATES)[number];

/** Somebody wants to be called. Instants are UTC epoch milliseconds. */
export interface Callback {
  /** A UUID. */
  readonly id: string;
  readonly callId: string;
  readonly campaignId: string | null;
  /** Whose number they called. */
  readonly sellerId: string | null;
  readonly number: E164;
  /** The number that they called from; else they keyed it in, and it may be anybody's. */
  readonly ownNumber: boolean;
  readonly requestedAt: number;
  readonly notAfter: number;
}
