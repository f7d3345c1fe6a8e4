import type { CallSignal, Micros, Sale } from '../domain';
import { ZERO_MICROS } from '../domain';
import type { CallTimes } from './call-times';
import { timesOf } from './call-times';
import { carrierLines } from './carrier-lines';
import { charge } from './charge';
import { chargesBesides } from './charges-besides';
import { sumsOf } from './line-sums';
import { pricedBy } from './priced-by';
import type { RatedLine, RatedSale, RatingInput } from './rated-sale';
import { splitMicros } from './split-micros';

const WHOLE_BP = 10_000;

/** What an amount is and what decided it. */
interface Rated {
  readonly amount: Micros;
  readonly rule: string;
}

/**
 * Rates a call that was answered, by the terms it was sold on. Pure: the same again gives the same.
 *
 * Revenue and payout follow each from its own price. A payout that says of no call when it is earned (no
 * rules before it, no time to wait for) is earned by the calls that the buyer pays for. A duplicate and a
 * call that is too short cost and earn nobody anything, fees included; what carriers are paid remains.
 *
 * @throws RangeError when the duration is none, or an amount more than can be counted
 */
export function rateSale(input: RatingInput): RatedSale {
  const { sale, connectedMs, signals } = input;
  const { target, terms } = sale;
  const times = timesOf(sale, connectedMs);
  const voided = voidedBy(sale, connectedMs);
  const bought = voided ?? revenueOf(sale, times, signals);
  const earned = voided ?? payoutOf(sale, times, signals, bought.amount);
  const { currency } = terms;
  const lines: RatedLine[] = [];
  if (bought.amount > 0) {
    const { amount, rule } = bought;
    const accountId = target.buyerAccountId;
    lines.push({ kind: 'revenue', accountId, code: rule, text: 'Call', amount, currency });
  }
  lines.push(...payoutLines(sale, earned));
  if (!voided) {
    const { answerMs } = times;
    const { buyerTerms, sellerTerms } = input;
    const price = bought.amount;
    if (buyerTerms) {
      lines.push(...chargesBesides(buyerTerms, { answerMs, price, taxable: price, currency }));
    }
    if (sellerTerms) {
      const basis = { answerMs, price: earned.amount, taxable: ZERO_MICROS, currency };
      lines.push(...chargesBesides(sellerTerms, basis));
    }
  }
  lines.push(...carrierLines(input.carrierLegs));
  return { times, currency, ...sumsOf(lines, currency), priced: bought.rule, earned: earned.rule, lines };
}

/** What the buyer pays for a call of such a length, as far as it can be told when the call ends. */
export function revenueAtEnd(sale: Sale, connectedMs: number): Micros {
  return (voidedBy(sale, connectedMs) ?? revenueOf(sale, timesOf(sale, connectedMs), [])).amount;
}

/** Calls for which nobody pays or earns anything. */
function voidedBy({ target, terms }: Sale, connectedMs: number): Rated | undefined {
  if (target.free !== undefined) return { amount: ZERO_MICROS, rule: target.free };
  if (connectedMs < (terms.shortCallMs ?? 0)) return { amount: ZERO_MICROS, rule: 'short_call' };
  return undefined;
}

function revenueOf({ target }: Sale, times: CallTimes, signals: readonly CallSignal[]): Rated {
  const { plan, rule } = pricedBy(target, times, signals);
  return { amount: charge(plan, times), rule };
}

function payoutOf({ terms }: Sale, times: CallTimes, signals: readonly CallSignal[], revenue: Micros): Rated {
  const { payout, conversions } = terms;
  const unconditional = payout.afterMs === 0 && (conversions?.length ?? 0) === 0;
  if (unconditional && revenue === 0) return { amount: ZERO_MICROS, rule: 'unpaid' };
  const { plan, rule } = pricedBy({ plan: payout, conversions }, times, signals);
  return { amount: charge(plan, times, revenue), rule };
}

/** The shares of those who share, and the rest, which is the seller's own. */
function payoutLines({ terms }: Sale, { amount: total, rule: code }: Rated): RatedLine[] {
  if (total === 0) return [];
  const { sellerId, currency, splits = [] } = terms;
  const shared = splits.reduce((sum, { shareBp }) => sum + shareBp, 0);
  if (shared > WHOLE_BP) throw new RangeError(`the shares in what ${sellerId} earns come to ${shared}`);
  const parts = splitMicros(total, [WHOLE_BP - shared, ...splits.map(({ shareBp }) => shareBp)]);
  return [sellerId, ...splits.map(({ accountId }) => accountId)].flatMap((accountId, index): RatedLine[] => {
    const amount = parts[index] ?? ZERO_MICROS;
    if (amount === 0) return [];
    const text = index === 0 ? 'Call' : `Share in a call of ${sellerId}`;
    return [{ kind: 'payout', accountId, code, text, amount, currency }];
  });
}
