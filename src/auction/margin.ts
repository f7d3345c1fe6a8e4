import type { MarginPolicy, Micros, PayoutPlan } from '../domain';
import { micros } from '../domain';
import type { Price } from '../rating';
import { charge, connectedTimes, pricedBy } from '../rating';

const WHOLE_BP = 10_000;
/** Taken for the length of a call where no record of the campaign tells it. */
const ASSUMED_CALL_MS = 180_000;

/** What a seller is expected to earn of a call: an amount, or basis points of the price between two amounts. */
export type ExpectedPayout =
  | { readonly amount: Micros }
  | { readonly shareBp: number; readonly least: Micros; readonly most: Micros | undefined };

/**
 * The lowest price that leaves the exchange its margin above what the seller earns: a share of the
 * price and an amount, together no less than a minimum. 0 where a loss is allowed. Undefined when no
 * price does: the whole of it is asked for.
 */
export function marginFloor(policy: MarginPolicy, payout: ExpectedPayout): Micros | undefined {
  if (policy.allowLoss) return 0 as Micros;
  if ('amount' in payout) return floorOver(policy, payout.amount, 0);
  const { shareBp, least, most } = payout;
  const byShare = floorOver(policy, 0 as Micros, shareBp);
  const byMost = most === undefined ? undefined : floorOver(policy, most, 0);
  const byLeast = floorOver(policy, least, 0);
  // It earns its share, but no more than the one and no less than the other.
  const lowest = Math.min(byShare ?? Infinity, byMost ?? Infinity);
  const floor = Math.max(lowest, byLeast ?? Infinity);
  return floor === Infinity ? undefined : micros(floor);
}

/** The lowest price that leaves the margin above an amount and a share of the price. */
function floorOver(policy: MarginPolicy, payout: Micros, shareBp: number): Micros | undefined {
  const { percentBp = 0, amount = 0, minimum = 0 } = policy;
  const rest = WHOLE_BP - percentBp - shareBp;
  if (rest <= 0) return undefined;
  // A share is rounded: it may be half a micro-unit more.
  const paid = BigInt(payout) + (shareBp > 0 ? 1n : 0n);
  // price − price × shares ≥ payout + amount, in integers: no rounding may eat into the margin.
  const byShare = ceiling((paid + BigInt(amount)) * BigInt(WHOLE_BP), BigInt(rest));
  const byMinimum = ceiling((paid + BigInt(minimum)) * BigInt(WHOLE_BP), BigInt(WHOLE_BP - shareBp));
  return micros(Math.max(0, byShare, byMinimum));
}

function ceiling(dividend: bigint, divisor: bigint): number {
  return Number((dividend + divisor - 1n) / divisor);
}

/**
 * What a seller earns of a call that converts, as far as it can be told before: of a plan by time, for a
 * call of the usual length. A rule that asks for so long a call goes before the plan; what a call turns out
 * to be worth otherwise (a sale told later, a key pressed) nobody foresees.
 *
 * @param connectedMs - milliseconds that answered calls of the campaign last; undefined = not known yet
 */
export function expectedPayout(price: Price, connectedMs: number | undefined): ExpectedPayout {
  const usualMs = Math.ceil(connectedMs ?? ASSUMED_CALL_MS);
  const { plan } = pricedBy(price, connectedTimes(usualMs));
  if (plan.kind === 'share') {
    return { shareBp: plan.shareBp, least: plan.minimum ?? (0 as Micros), most: plan.maximum };
  }
  return { amount: charge(plan, convertedTimes(plan, usualMs)) };
}

/** It earns nothing for less. */
function convertedTimes({ afterMs }: PayoutPlan, usualMs: number): ReturnType<typeof connectedTimes> {
  return connectedTimes(Math.max(usualMs, afterMs));
}
