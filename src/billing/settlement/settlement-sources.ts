import type { AccountTerms, CallSignal } from '../../domain';
import type { CarrierLeg } from '../../rating';
import type { Queryable } from '../../storage';
import { CarrierRates } from '../carrier-rates/carrier-rates';
import { signalsOfCalls } from '../signals/signals-of-calls';
import { AccountTermsBook } from '../terms/account-terms-book';
import { termsOfCalls } from '../terms/terms-of-calls';
import type { CapturedHold } from '../wallets/holds';
import { captureHolds } from '../wallets/holds';
import type { EndedCall } from './ended-call';

/** What the money of a call follows from besides its sale and its length. */
export interface CallFacts {
  readonly signals: readonly CallSignal[];
  readonly buyerTerms?: AccountTerms | undefined;
  readonly sellerTerms?: AccountTerms | undefined;
  readonly carrierLegs: readonly CarrierLeg[];
}

/**
 * What settling asks the rest of billing, always for a whole batch, in the database transaction of the
 * settlement.
 */
export interface SettlementSources {
  /** Takes over what is held for calls: see {@link captureHolds}. */
  captureHolds(tx: Queryable, callIds: readonly string[]): Promise<readonly CapturedHold[]>;
  /** What became known of calls; of those that are left out, nothing did. */
  signalsOf(tx: Queryable, callIds: readonly string[]): Promise<ReadonlyMap<string, readonly CallSignal[]>>;
  /** Fees and taxes of both accounts at the time of each call, where it was sold, and the carriers' legs. */
  termsOf(
    tx: Queryable,
    calls: readonly EndedCall[],
  ): Promise<ReadonlyMap<string, Omit<CallFacts, 'signals'>>>;
}

/**
 * As they are stored. Terms of accounts are remembered for a moment: one of these is for whoever settles on
 * and on.
 *
 * @param now - monotonic milliseconds
 */
export function storedSources(now: () => number): SettlementSources {
  const parts = { terms: new AccountTermsBook({ now }), rates: new CarrierRates() };
  return {
    captureHolds,
    signalsOf: signalsOfCalls,
    termsOf: (tx, calls) => termsOfCalls(tx, parts, calls),
  };
}

/** As they are stored this moment. */
export const STORED_SOURCES: SettlementSources = {
  captureHolds,
  signalsOf: signalsOfCalls,
  termsOf: (tx, calls) => storedSources(() => 0).termsOf(tx, calls),
};

const NO_FACTS: CallFacts = { signals: [], carrierLegs: [] };

/** Everything that calls are rated by. */
export async function readFacts(
  tx: Queryable,
  sources: SettlementSources,
  calls: readonly EndedCall[],
): Promise<(callId: string) => CallFacts> {
  if (calls.length === 0) return () => NO_FACTS;
  const signals = await sources.signalsOf(
    tx,
    calls.map(({ callId }) => callId),
  );
  const terms = await sources.termsOf(tx, calls);
  return (callId) => ({
    ...(terms.get(callId) ?? NO_FACTS),
    signals: signals.get(callId) ?? NO_FACTS.signals,
  });
}
