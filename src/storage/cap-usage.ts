import type { CapLimit, RingAttempt } from '../domain';
import { unusedUnits } from '../domain';
import type { SpentUnits } from './local-reservations';

/** A call that is over, with the limits that were reserved for it. */
export interface CappedCall {
  readonly attempts: readonly RingAttempt[];
  /** Of the target that took it; null when none did. */
  readonly soldLimits: readonly CapLimit[] | null;
  readonly soldBid: string | null;
  /** Targets of its plan that have caps on attempts. */
  readonly plan: readonly { readonly bidId: string; readonly reservations: readonly CapLimit[] }[];
  readonly sourceLimits: readonly CapLimit[];
  /** Its money is booked. */
  readonly settled: boolean;
  /** Micro-units; 0 while it is not booked. */
  readonly revenue: number;
}

/** The units of each counter that calls used for good. What is not booked yet counts as the most it may come to. */
export function unitsOf(calls: readonly CappedCall[]): Map<string, SpentUnits> {
  const units = new Map<string, SpentUnits>();
  for (const call of calls) {
    const sold = call.soldLimits !== null;
    const spend = (limit: CapLimit): void => {
      if (limit.counter === 'concurrent' || limit.counter === 'spacing') return;
      const outcome = call.settled
        ? { connected: sold, converted: call.revenue > 0, revenue: call.revenue }
        : { connected: sold, converted: sold, revenue: sold ? limit.amount : 0 };
      const amount = limit.amount - unusedUnits(limit, outcome);
      if (amount <= 0) return;
      const { key, resetsAt } = limit;
      units.set(key, { key, resetsAt, amount: amount + (units.get(key)?.amount ?? 0) });
    };
    for (const { bidId, outcome } of call.attempts) {
      // Of the target that took the call all is known; the others used their attempts alone.
      if (bidId === call.soldBid || outcome === 'cap_reached') continue;
      const rung = call.plan.find((target) => target.bidId === bidId);
      for (const limit of rung?.reservations ?? []) if (limit.counter === 'attempts') spend(limit);
    }
    for (const limit of call.soldLimits ?? []) spend(limit);
    for (const limit of call.sourceLimits) spend(limit);
  }
  return units;
}
