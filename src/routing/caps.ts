import type { Bid, BidCaps, Buyer, CalendarPeriod, CapLimit, Target, Zone } from '../domain';
import { capKey } from '../market';

const PERIODS: readonly (readonly [keyof BidCaps, CalendarPeriod])[] = [
  ['hourly', 'hour'],
  ['daily', 'day'],
  ['monthly', 'month'],
];

/**
 * The limits a ring attempt must reserve. Periods are calendar periods of the buyer account's zone,
 * so that "100 a day" means the buyer's day, also when the clocks change.
 *
 * @param now - UTC epoch milliseconds
 */
export function capLimits(bid: Bid, buyer: Buyer, target: Target, zone: Zone, now: number): CapLimit[] {
  const limits: CapLimit[] = [];
  for (const [name, period] of PERIODS) {
    const limit = bid.caps[name] ?? 0;
    if (limit <= 0) continue;
    const { label, endsAt } = zone.periodAt(now, period);
    limits.push({ key: capKey('bid', bid.id, period, label), limit, kind: 'period', resetsAt: endsAt });
  }
  const total = bid.caps.total ?? 0;
  if (total > 0)
    limits.push({ key: capKey('bid', bid.id, 'total'), limit: total, kind: 'period', resetsAt: 0 });
  concurrent(limits, 'bid', bid.id, bid.caps.concurrent ?? 0);
  concurrent(limits, 'target', target.id, target.maxConcurrent);
  concurrent(limits, 'buyer', buyer.id, buyer.maxConcurrent);
  return limits;
}

function concurrent(
  limits: CapLimit[],
  subject: 'bid' | 'target' | 'buyer',
  id: string,
  limit: number,
): void {
  if (limit > 0)
    limits.push({ key: capKey(subject, id, 'concurrent'), limit, kind: 'concurrent', resetsAt: 0 });
}
