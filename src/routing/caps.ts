import type { Bid, Buyer, CapLimit, CapSet, CapSubject, RatePlan, Seller, Target, Zone } from '../domain';
import { CAP_METRICS, CAP_PERIODS } from '../domain';
import { capKey } from '../market';

const MINUTE_MS = 60_000;
/** A call is ended by a timer, which comes late on a busy machine: what it may earn meanwhile counts. */
const OVERTIME_MS = 1_000;

/** What is sold to a buyer: the most that a call may earn follows from it. */
export interface SoldTerms {
  readonly plan: RatePlan;
  /** Milliseconds of conversation after which both legs are ended. */
  readonly maxDurationMs: number;
}

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
  const most = (): number => mostRevenue(terms);
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
  const most = (): number => terms.reduce((sum, each) => Math.max(sum, mostRevenue(each)), 0);
  addLimits(limits, 'seller', seller.id, seller.caps, most, zone, now);
  return limits;
}

/** The most a buyer can be charged for one call, in micro-units; the largest safe integer when it is more. */
export function mostRevenue({ plan, maxDurationMs }: SoldTerms): number {
  const longest = maxDurationMs + OVERTIME_MS;
  if (longest < plan.afterMs) return 0;
  if (plan.kind === 'per_call') return plan.amount;
  const { firstIncrementMs: first, nextIncrementMs: next } = plan;
  const billed = longest <= first ? first : first + Math.ceil((longest - first) / next) * next;
  return Math.min(Math.ceil((plan.ratePerMinute * billed) / MINUTE_MS), Number.MAX_SAFE_INTEGER);
}

function addLimits(
  limits: CapLimit[],
  subject: CapSubject,
  id: string,
  caps: CapSet,
  most: () => number,
  zone: Zone,
  now: number,
): void {
  for (const metric of CAP_METRICS) {
    const periods = caps[metric];
    if (periods === undefined) continue;
    for (const period of CAP_PERIODS) {
      const limit = periods[period] ?? 0;
      if (limit <= 0) continue;
      const amount = metric === 'revenue' ? most() : 1;
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
