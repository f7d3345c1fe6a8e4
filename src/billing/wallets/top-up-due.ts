import type { Currency, Micros } from '../../domain';
import type { Queryable } from '../../storage';

/** A wallet wants money by itself. */
export interface TopUpDue {
  /** Names this one top-up, for whoever fetches the money: the same again is the same top-up. */
  readonly key: string;
  readonly accountId: string;
  readonly currency: Currency;
  /** Micro-units to be fetched. */
  readonly amount: Micros;
  /** What its owner named as the source, e.g. a payment method of a card processor. */
  readonly paymentMethod: string;
}

/**
 * Begins to fetch the money. It is asked once; if it rejects it is asked again after a while, with the
 * same key. Until {@link endTopUp} is told how it came out, no other top-up of the wallet is asked for.
 */
export type OnTopUpDue = (due: TopUpDue) => Promise<void>;

/**
 * A top-up that was due has come out, one way or the other: the next one may be asked for. To be called in
 * the transaction that books the money, or notes that there is none. Doing it again changes nothing.
 */
export async function endTopUp(tx: Queryable, key: string): Promise<void> {
  await tx.query({
    name: 'wallet-top-up-ended',
    text: 'update wallets set top_up_pending = null where top_up_pending = $1',
    values: [key],
  });
}
