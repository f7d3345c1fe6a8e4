import type { Currency } from '../domain';
import type { CarrierLeg } from './carrier-leg';
import { carrierLines } from './carrier-lines';
import { sumsOf } from './line-sums';
import type { RatedCall } from './rated-sale';

/** What decided the money of a call that nobody bought: that nobody did. */
const NOT_SOLD = 'not_sold';

/**
 * Rates a call that nobody bought: nobody pays or earns anything by it but the carriers whose legs were up. Pure.
 * Its currency is that of the first line; undefined when it costs nothing.
 *
 * @throws RangeError when a duration is none, or an amount more than can be counted
 */
export function rateUnsold(legs: readonly CarrierLeg[]): RatedCall & {
  readonly currency: Currency | undefined;
} {
  const lines = carrierLines(legs);
  const currency = lines[0]?.currency;
  return { currency, ...sumsOf(lines, currency), priced: NOT_SOLD, earned: NOT_SOLD, lines };
}
