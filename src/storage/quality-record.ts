import type { BidQuality, RingAttempt } from '../domain';
import type { EndedCall } from './ended-calls';

/** Running sums of one bid, as of an instant. */
export interface BidSums extends Omit<BidQuality, 'id'> {
  /** UTC epoch milliseconds. */
  readonly asOf: number;
}

/** After this time a call counts half as much. */
export const HALF_LIFE_MS = 7 * 86_400_000;
/** By how much a figure has to move before the market is told. */
const MATERIAL_SHARE = 0.05;
const MATERIAL: Readonly<Record<keyof Omit<BidQuality, 'id'>, number>> = {
  rings: 0.5,
  answers: 0.5,
  conversions: 0.5,
  connectedMs: 1_000,
  revenue: 10_000,
};
const FIGURES = Object.keys(MATERIAL) as (keyof typeof MATERIAL)[];

export const noSums = (asOf: number): BidSums => ({
  asOf,
  rings: 0,
  answers: 0,
  conversions: 0,
  connectedMs: 0,
  revenue: 0,
});

/** The sums at another instant, when nothing comes to them; never grow. */
export function decayed(sums: BidSums, asOf: number): BidSums {
  if (asOf <= sums.asOf) return sums;
  const left = 0.5 ** ((asOf - sums.asOf) / HALF_LIFE_MS);
  return {
    asOf,
    rings: sums.rings * left,
    answers: sums.answers * left,
    conversions: sums.conversions * left,
    connectedMs: sums.connectedMs * left,
    revenue: sums.revenue * left,
  };
}

/**
 * What calls say of the bids that were rung for them, each as of its end. A ring that the caller broke
 * off, or that never left the exchange, says nothing.
 */
export function sumsOf(calls: readonly EndedCall[], asOf: number): Map<string, BidSums> {
  const sums = new Map<string, BidSums>();
  const add = (bidId: string, call: EndedCall, more: Partial<BidSums>): void => {
    const weight = 0.5 ** (Math.max(0, asOf - call.endedAt) / HALF_LIFE_MS);
    const before = sums.get(bidId) ?? noSums(asOf);
    sums.set(bidId, {
      asOf,
      rings: before.rings + weight * (more.rings ?? 0),
      answers: before.answers + weight * (more.answers ?? 0),
      conversions: before.conversions + weight * (more.conversions ?? 0),
      connectedMs: before.connectedMs + weight * (more.connectedMs ?? 0),
      revenue: before.revenue + weight * (more.revenue ?? 0),
    });
  };
  for (const call of calls) {
    for (const attempt of call.attempts) {
      // The answer that counts is that of the sale, whose call may have been closed without its attempts.
      if (attempt.bidId !== call.soldBid && wasRung(attempt)) add(attempt.bidId, call, { rings: 1 });
    }
    if (call.soldBid === null) continue;
    const { connectedMs, revenue } = call;
    const conversions = revenue > 0 ? 1 : 0;
    add(call.soldBid, call, { rings: 1, answers: 1, conversions, connectedMs, revenue });
  }
  return sums;
}

/** Two sums together, as of the later instant. */
export function together(one: BidSums, two: BidSums): BidSums {
  const asOf = Math.max(one.asOf, two.asOf);
  const [a, b] = [decayed(one, asOf), decayed(two, asOf)];
  return {
    asOf,
    rings: a.rings + b.rings,
    answers: a.answers + b.answers,
    conversions: a.conversions + b.conversions,
    connectedMs: a.connectedMs + b.connectedMs,
    revenue: a.revenue + b.revenue,
  };
}

/** True when the market should know: a figure is more than a twentieth off, or was not known. */
export function isMaterial(known: Omit<BidQuality, 'id'> | undefined, sums: BidSums): boolean {
  if (!known) return true;
  return FIGURES.some(
    (figure) => Math.abs(sums[figure] - known[figure]) > MATERIAL_SHARE * known[figure] + MATERIAL[figure],
  );
}

function wasRung({ outcome, sipStatus }: RingAttempt): boolean {
  if (outcome === 'canceled' || outcome === 'cap_reached' || outcome === 'no_funds') return false;
  return outcome !== 'failed' || sipStatus > 0;
}
