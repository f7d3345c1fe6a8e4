import type { AccountTerms, Currency, Micros, RatePlan } from '../../domain';
import { addMicros } from '../../domain';
import type { Price } from '../../rating';
import { chargesBesides, longestTimes, mostCharged } from '../../rating';

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
  const { answerMs } = longestTimes(connectedMs);
  const basis = { answerMs, price: most, taxable: most, currency };
  return chargesBesides(terms, basis).reduce((sum, { amount }) => addMicros(sum, amount), most);
}
