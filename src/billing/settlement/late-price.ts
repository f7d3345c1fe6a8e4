import type { Currency, Micros, Sale } from '../../domain';
import { addMicros, subtractMicros, ZERO_MICROS } from '../../domain';
import type { RatedLine, RatedSale } from '../../rating';
import type { Posting } from '../ledger/ledger';

/** What a call came to, or would come to. */
export interface PricedEnd {
  /** Milliseconds from the answer. */
  readonly connectedMs: number;
  readonly revenue: Micros;
  readonly payout: Micros;
  readonly fees: Micros;
  readonly taxes: Micros;
  readonly carrierCost: Micros;
  /** The rule that decided the revenue; null when nothing was sold. */
  readonly priced: string | null;
  readonly lines: readonly RatedLine[];
}

/** An end of which nobody has to pay. */
export function unpricedEnd(connectedMs: number): PricedEnd {
  const nothing = ZERO_MICROS;
  return {
    connectedMs,
    revenue: nothing,
    payout: nothing,
    fees: nothing,
    taxes: nothing,
    carrierCost: nothing,
    priced: null,
    lines: [],
  };
}

export function pricedEnd(connectedMs: number, rated: RatedSale): PricedEnd {
  const { revenue, payout, fees, taxes, carrierCost, priced, lines } = rated;
  return { connectedMs, revenue, payout, fees, taxes, carrierCost, priced, lines };
}

/**
 * What has to be posted on top of what is booked so that what should be booked is.
 * @returns nothing when they are the same; each account once, in a fixed order
 */
export function postingsBetween(booked: readonly Posting[], wanted: readonly Posting[]): Posting[] {
  const sums = new Map<string, Posting>();
  const add = (posting: Posting, change: typeof addMicros): void => {
    const key = `${posting.accountId} ${posting.purpose} ${posting.currency}`;
    const before = sums.get(key)?.amount ?? ZERO_MICROS;
    sums.set(key, { ...posting, amount: change(before, posting.amount) });
  };
  for (const posting of wanted) add(posting, addMicros);
  for (const posting of booked) add(posting, subtractMicros);
  return [...sums]
    .filter(([, { amount }]) => amount !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, posting]) => posting);
}

/** True when both say the same, in the same order. */
export function samePostings(a: readonly Posting[], b: readonly Posting[]): boolean {
  const text = (postings: readonly Posting[]): string =>
    postings.map((p) => `${p.accountId} ${p.purpose} ${p.currency} ${p.amount}`).join('\n');
  return text(a) === text(b);
}

/** In which currency a call is sold, by either of its ends. */
export function currencyOf(...sales: readonly (Sale | null | undefined)[]): Currency | undefined {
  return sales.find((sale) => sale)?.terms.currency;
}
