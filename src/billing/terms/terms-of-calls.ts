import type { AccountTerms } from '../../domain';
import type { CarrierLeg } from '../../rating';
import type { Queryable } from '../../storage';
import type { CarriedCall, CarrierRates } from '../carrier-rates/carrier-rates';
import type { SoldCall } from '../settlement/ended-call';
import type { AccountTermsBook } from './account-terms-book';

/** What a call is charged besides its price, and what carriers are paid for it. */
export interface TermsOfCall {
  readonly buyerTerms?: AccountTerms | undefined;
  readonly sellerTerms?: AccountTerms | undefined;
  readonly carrierLegs: readonly CarrierLeg[];
}

/**
 * Fees and taxes of both parties and the carriers' legs of sold calls, by call: two statements for a batch.
 * Terms and rates are those in force when a call was answered.
 */
export async function termsOfCalls(
  db: Queryable,
  parts: { readonly terms: AccountTermsBook; readonly rates: CarrierRates },
  calls: readonly (SoldCall & CarriedCall)[],
): Promise<ReadonlyMap<string, TermsOfCall>> {
  const wanted = calls.flatMap(({ at, sale }) => [
    { accountId: sale.target.buyerAccountId, at },
    { accountId: sale.terms.sellerId, at },
  ]);
  const terms = await parts.terms.find(db, wanted);
  const legs = await parts.rates.legsOf(db, calls);
  return new Map(
    calls.map(({ callId }, index) => [
      callId,
      {
        buyerTerms: terms[2 * index],
        sellerTerms: terms[2 * index + 1],
        carrierLegs: legs.get(callId) ?? [],
      },
    ]),
  );
}
