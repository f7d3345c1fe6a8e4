import type { FigureSums, GrowingSums } from '../storage';
import { SUMS } from '../storage';

/** Told one by one, as it is done for each row of a report. */
export function addFigures(to: GrowingSums, more: FigureSums, factor = 1): void {
  to.calls += factor * more.calls;
  to.connected += factor * more.connected;
  to.answered += factor * more.answered;
  to.converted += factor * more.converted;
  to.rang += factor * more.rang;
  to.pddMs += factor * more.pddMs;
  to.connectedMs += factor * more.connectedMs;
  to.revenue += factor * more.revenue;
  to.payout += factor * more.payout;
  to.fees += factor * more.fees;
  to.taxes += factor * more.taxes;
  to.carrierCost += factor * more.carrierCost;
}

export function isNothing(sums: FigureSums): boolean {
  return SUMS.every((sum) => sums[sum] === 0);
}

/** Ratios of sums; null where nothing is there to divide by. They are never added up: sums are. */
export interface FigureRatios {
  /** Answer-seizure ratio (ITU-T E.425 §2.6): answered calls of all that came in. */
  readonly asr: number | null;
  /** Network effectiveness ratio (ITU-T E.425 §2.7): calls that reached a buyer's people, of all that came in. */
  readonly ner: number | null;
  /** Answered calls of those that reached a buyer's people. */
  readonly answerRate: number | null;
  /** Calls that their buyers owe for, of those that were answered. */
  readonly conversionRate: number | null;
  /** Average call duration: milliseconds of conversation of an answered call. */
  readonly acdMs: number | null;
  /** Post-dial delay: milliseconds from the INVITE to the first ring (session request delay, RFC 6076 §4.3.1), on average. */
  readonly pddMs: number | null;
}

export function ratiosOf(sums: FigureSums): FigureRatios {
  const { calls, connected, answered, converted, rang, pddMs, connectedMs } = sums;
  return {
    asr: ratio(answered, calls),
    ner: ratio(connected, calls),
    answerRate: ratio(answered, connected),
    conversionRate: ratio(converted, answered),
    acdMs: rounded(connectedMs, answered),
    pddMs: rounded(pddMs, rang),
  };
}

/** Which sums are money. */
export const MONEY_SUMS = ['revenue', 'payout', 'fees', 'taxes', 'carrierCost'] as const;
export type MoneySum = (typeof MONEY_SUMS)[number];

export function hasMoney(sums: FigureSums): boolean {
  return MONEY_SUMS.some((sum) => sums[sum] !== 0);
}

/** What stays with the exchange: prices and fees, less what it pays to sellers and carriers. Taxes are not its own. */
export function marginOf({ revenue, fees, payout, carrierCost }: FigureSums): number {
  return revenue + fees - payout - carrierCost;
}

/** Six places are more than any sample is good for. */
function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1e6) / 1e6;
}

function rounded(sum: number, count: number): number | null {
  return count === 0 ? null : Math.round(sum / count);
}
