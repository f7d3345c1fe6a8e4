import type { AccountTerms, Currency, Micros, RatePlan } from '../../domain';
import { addMicros } from '../../domain';
import type { Price } from '../../rating';
import { chargesBesides, mostCharged } from '../../rating';

/** A call is ended by a timer, which comes late on a busy machine; prices count with it too. */
const OVERTIME_MS = 1_000;

/** No wallet covers more, with or without fees: a thousand million units. */
const MAX_PRICE = 1_000_000_000_000_000;

/**
 * What a buyer may owe for a call, at worst, in micro-units: the price by its worst rule, with the fees and
 * taxes on that. It never falls as the call gets longer.
 *
 * @param connectedMs - milliseconds of conversation
 * @param terms - fees and taxes of its account, if there are any
 */
export function worstCost(
  price: Price<RatePlan>,
  connectedMs: number,
  currency: Currency,
  terms: AccountTerms | undefined,
): Micros {
  const most = mostCharged(price, connectedMs);
  if (!terms || most > MAX_PRICE) return most;
  const basis = { answerMs: connectedMs + OVERTIME_MS, price: most, taxable: most, currency };
  return chargesBesides(terms, basis).reduce((sum, { amount }) => addMicros(sum, amount), most);
}
