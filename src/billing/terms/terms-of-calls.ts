import type { AccountTerms } from '../../domain';
import type { CarrierLeg } from '../../rating';
import type { Queryable } from '../../storage';
import type { CarrierRates } from '../carrier-rates/carrier-rates';
import type { EndedCall } from '../settlement/ended-call';
import type { AccountTermsBook } from './account-terms-book';

/** What a call is charged besides its price, and what carriers are paid for it. */
export interface TermsOfCall {
  readonly buyerTerms?: AccountTerms | undefined;
  readonly sellerTerms?: AccountTerms | undefined;
  readonly carrierLegs: readonly CarrierLeg[];
}

/**
 * Fees and taxes of both parties and the carriers' legs of calls, by call: two statements for a batch. Terms are
 * those in force when a call was answered, rates when the leg was. Calls that nobody bought have no parties.
 */
export async function termsOfCalls(
  db: Queryable,
  parts: { readonly terms: AccountTermsBook; readonly rates: CarrierRates },
  calls: readonly EndedCall[],
): Promise<ReadonlyMap<string, TermsOfCall>> {
  const sold = calls.flatMap(({ callId, at, sale }) => (sale ? [{ callId, at, sale }] : []));
  const terms = await parts.terms.find(
    db,
    sold.flatMap(({ at, sale }) => [
      { accountId: sale.target.buyerAccountId, at },
      { accountId: sale.terms.sellerId, at },
    ]),
  );
  const legs = await parts.rates.legsOf(db, calls);
  const placeOf = new Map(sold.map(({ callId }, place) => [callId, place]));
  return new Map(
    calls.map(({ callId }) => {
      const carrierLegs = legs.get(callId) ?? [];
      const place = placeOf.get(callId);
      if (place === undefined) return [callId, { carrierLegs }];
      return [callId, { buyerTerms: terms[2 * place], sellerTerms: terms[2 * place + 1], carrierLegs }];
    }),
  );
}
