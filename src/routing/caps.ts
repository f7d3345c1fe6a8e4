import type { Bid, Buyer, CapLimit, CapSet, CapSubject, RingTarget, Seller, Target, Zone } from '../domain';
import { CAP_METRICS, CAP_PERIODS } from '../domain';
import { capKey } from '../market';
import { mostCharged } from '../rating';

/** What is sold to a buyer: the most that a call may earn follows from it. */
export type SoldTerms = Pick<RingTarget, 'plan' | 'conversions' | 'free' | 'maxDurationMs'>;

/**
 * The limits a ring attempt must reserve. Periods are calendar periods of the buyer account's zone,
 * so that "100 a day" means the buyer's day, also when the clocks change; a call counts in those in
 * which it was decided.
 *
 * @param now - UTC epoch milliseconds
 */
export function capLimits(
  bid: Bid,
  buyer: Buyer,
  target: Target,
  terms: SoldTerms,
  zone: Zone,
  now: number,
): CapLimit[] {
  const limits: CapLimit[] = [];
  const most = mostOf([terms]);
  addLimits(limits, 'bid', bid.id, bid.caps, most, zone, now);
  addLimits(limits, 'target', target.id, target.caps, most, zone, now);
  addLimits(limits, 'buyer', buyer.id, buyer.caps, most, zone, now);
  return limits;
}

/**
 * The limits that a call reserves for its seller, once, before anybody is rung.
 *
 * @param zone - of the seller's account
 * @param now - UTC epoch milliseconds
 * @param terms - of every sale that may come of the call
 */
export function sourceLimits(
  seller: Seller,
  zone: Zone,
  now: number,
  terms: readonly SoldTerms[],
): CapLimit[] {
  const limits: CapLimit[] = [];
  addLimits(limits, 'seller', seller.id, seller.caps, mostOf(terms), zone, now);
  return limits;
}

/** The most that one call may take of what limits count. */
interface MostOfCall {
  readonly conversions: 0 | 1;
  /** Micro-units, reckoned only where something counts them. */
  readonly revenue: () => number;
}

/** A call that is free neither converts nor earns. */
function mostOf(terms: readonly SoldTerms[]): MostOfCall {
  return {
    conversions: terms.every(({ free }) => free !== undefined) ? 0 : 1,
    revenue: () =>
      terms.reduce(
        (most, each) =>
          each.free === undefined ? Math.max(most, mostCharged(each, each.maxDurationMs)) : most,
        0,
      ),
  };
}

function addLimits(
  limits: CapLimit[],
  subject: CapSubject,
  id: string,
  caps: CapSet,
  most: MostOfCall,
  zone: Zone,
  now: number,
): void {
  for (const metric of CAP_METRICS) {
    const periods = caps[metric];
    if (periods === undefined) continue;
    for (const period of CAP_PERIODS) {
      const limit = periods[period] ?? 0;
      if (limit <= 0) continue;
      const amount = metric === 'revenue' ? most.revenue() : metric === 'conversions' ? most.conversions : 1;
      const instance = period === 'total' ? undefined : zone.periodAt(now, period);
      const key = capKey(subject, id, { counter: metric, period }, instance?.label);
      limits.push({ key, counter: metric, limit, amount, resetsAt: instance?.endsAt ?? 0 });
    }
  }
  const { concurrent = 0, spacingMs = 0 } = caps;
  if (concurrent > 0) {
    const key = capKey(subject, id, { counter: 'concurrent' });
    limits.push({ key, counter: 'concurrent', limit: concurrent, amount: 1, resetsAt: 0 });
  }
  if (spacingMs > 0) {
    const key = capKey(subject, id, { counter: 'spacing' });
    limits.push({ key, counter: 'spacing', limit: spacingMs, amount: spacingMs, resetsAt: 0 });
  }
}
