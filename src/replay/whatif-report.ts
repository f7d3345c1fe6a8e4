import type { Currency, Decision, Micros, RingTarget, SaleTerms } from '../domain';
import { ZERO_MICROS } from '../domain';
import { charge, connectedTimes } from '../rating';

/** What a set of calls came to. Amounts are expectations in micro-units of one currency. */
export interface Outcome {
  readonly sold: number;
  readonly revenue: number;
  readonly payout: number;
  readonly margin: number;
}

/** The same calls as they were and as they would have been. */
export interface Comparison {
  readonly calls: number;
  /** Calls that another bid would have won; those sold in one of the two cases alone as well. */
  readonly winnersChanged: number;
  readonly before: Outcome;
  readonly after: Outcome;
}

export interface WhatifReport {
  /** Calls looked at, those that could not be decided again not counted. */
  readonly calls: number;
  /** Calls that could not be decided again, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Calls whose stored winner is not the one found now without any change: should be none. */
  readonly notReproduced: number;
  readonly totals: readonly (Comparison & { readonly currency: Currency | undefined })[];
  readonly campaigns: readonly (Comparison & {
    readonly campaignId: string | undefined;
    readonly currency: Currency | undefined;
  })[];
  readonly buyers: readonly {
    readonly buyerId: string;
    readonly currency: Currency;
    readonly before: { readonly won: number; readonly revenue: number };
    readonly after: { readonly won: number; readonly revenue: number };
  }[];
  /** Calls that came to something else, e.g. from `sold` to `no_buyer`. */
  readonly shifts: readonly { readonly from: string; readonly to: string; readonly calls: number }[];
  /** Bids left out, by reason. */
  readonly ineligible: readonly {
    readonly reason: string;
    readonly before: number;
    readonly after: number;
  }[];
  /** Edits of what was never in any of the markets. */
  readonly unmet: readonly string[];
}

interface Pair {
  readonly before: Decision;
  readonly after: Decision;
}
type Side = keyof Pair;
const SIDES: readonly Side[] = ['before', 'after'];

class Sum {
  calls = 0;
  winnersChanged = 0;
  readonly before = { sold: 0, revenue: 0, payout: 0, margin: 0 };
  readonly after = { sold: 0, revenue: 0, payout: 0, margin: 0 };
}

/** Adds up pairs of decisions; holds a few numbers for each campaign and buyer, and no call. */
export class WhatifTally {
  #calls = 0;
  #notReproduced = 0;
  readonly #skipped = new Map<string, number>();
  readonly #totals = new Map<string, Sum>();
  readonly #campaigns = new Map<string, Sum>();
  readonly #buyers = new Map<string, Record<Side, { won: number; revenue: number }>>();
  readonly #shifts = new Map<string, number>();
  readonly #ineligible = new Map<string, Record<Side, number>>();

  skip(reason: string): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1);
  }

  /** @param currency - of the campaign, where there is one */
  add(stored: Decision, pair: Pair, currency: Currency | ''): void {
    this.#calls++;
    if (winnerOf(stored) !== winnerOf(pair.before)) this.#notReproduced++;
    const campaign = pair.before.trace.campaignId ?? pair.after.trace.campaignId ?? '';
    addTo(
      of(this.#totals, currency, () => new Sum()),
      pair,
    );
    addTo(
      of(this.#campaigns, JSON.stringify([campaign, currency]), () => new Sum()),
      pair,
    );
    for (const side of SIDES) this.#addSide(side, pair[side]);
    const [from, to] = [outcomeOf(pair.before), outcomeOf(pair.after)];
    if (from !== to) {
      const key = JSON.stringify([from, to]);
      this.#shifts.set(key, (this.#shifts.get(key) ?? 0) + 1);
    }
  }

  #addSide(side: Side, decision: Decision): void {
    const first = decision.ok ? decision.plan[0] : undefined;
    if (decision.ok && first) {
      const key = JSON.stringify([first.buyerId, decision.terms.currency]);
      const buyer = of(this.#buyers, key, () => ({
        before: { won: 0, revenue: 0 },
        after: { won: 0, revenue: 0 },
      }));
      buyer[side].won++;
      buyer[side].revenue += expectedRevenue(first);
    }
    for (const [reason, count] of Object.entries(decision.trace.bids.counts)) {
      of(this.#ineligible, reason, () => ({ before: 0, after: 0 }))[side] += count;
    }
  }

  report(unmet: readonly string[]): WhatifReport {
    const campaigns = [...this.#campaigns].map(([key, sum]) => {
      const [campaignId, currency] = JSON.parse(key) as [string, string];
      return { campaignId: campaignId || undefined, currency: named(currency), ...sum };
    });
    const buyers = [...this.#buyers].map(([key, sides]) => {
      const [buyerId, currency] = JSON.parse(key) as [string, Currency];
      return { buyerId, currency, ...sides };
    });
    const shifts = [...this.#shifts].map(([key, calls]) => {
      const [from, to] = JSON.parse(key) as [string, string];
      return { from, to, calls };
    });
    return {
      calls: this.#calls,
      skipped: Object.fromEntries(this.#skipped),
      notReproduced: this.#notReproduced,
      totals: [...this.#totals].map(([currency, sum]) => ({ currency: named(currency), ...sum })),
      campaigns: campaigns.sort((a, b) => b.calls - a.calls),
      buyers: buyers.sort((a, b) => b.after.revenue + b.before.revenue - a.after.revenue - a.before.revenue),
      shifts: shifts.sort((a, b) => b.calls - a.calls),
      ineligible: [...this.#ineligible].map(([reason, counts]) => ({ reason, ...counts })),
      unmet,
    };
  }
}

function addTo(sum: Sum, pair: Pair): void {
  sum.calls++;
  if (winnerOf(pair.before) !== winnerOf(pair.after)) sum.winnersChanged++;
  for (const side of SIDES) {
    const decision = pair[side];
    const first = decision.ok ? decision.plan[0] : undefined;
    if (!decision.ok || !first) continue;
    const outcome = sum[side];
    const revenue = expectedRevenue(first);
    const payout = first.free === undefined ? expectedPayout(decision.terms, revenue) : 0;
    outcome.sold++;
    outcome.revenue += revenue;
    outcome.payout += payout;
    outcome.margin += revenue - payout;
  }
}

function expectedRevenue({ price, free }: RingTarget): Micros {
  return free === undefined ? price : ZERO_MICROS;
}

/** Of a plan by time nothing is known before the call, nor of what else it may turn out to be worth. */
function expectedPayout({ payout }: SaleTerms, revenue: Micros): Micros {
  if (payout.kind !== 'per_call' && payout.kind !== 'share') return ZERO_MICROS;
  return charge(payout, connectedTimes(payout.afterMs), revenue);
}

function winnerOf(decision: Decision): string | undefined {
  return decision.ok ? decision.plan[0]?.bidId : undefined;
}

function outcomeOf(decision: Decision): string {
  return decision.ok ? 'sold' : decision.reason;
}

function named(currency: string): Currency | undefined {
  return currency === '' ? undefined : (currency as Currency);
}

function of<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
