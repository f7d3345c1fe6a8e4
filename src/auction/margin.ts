import type { MarginPolicy, Micros, RatePlan } from '../domain';
import { micros } from '../domain';

const WHOLE_BP = 10_000;
const MINUTE_MS = 60_000;
/** Taken for the length of a call where no record of the campaign tells it. */
export const ASSUMED_CALL_MS = 180_000;

/**
 * The lowest price that leaves the exchange its margin above what the seller earns: a share of the
 * price and an amount, together no less than a minimum. 0 where a loss is allowed. Undefined when no
 * price does: the whole of it is asked for.
 *
 * @param payout - what the seller is expected to earn of the call, in micro-units
 */
export function marginFloor(policy: MarginPolicy, payout: Micros): Micros | undefined {
  if (policy.allowLoss) return 0 as Micros;
  const { percentBp = 0, amount = 0, minimum = 0 } = policy;
  if (percentBp >= WHOLE_BP) return undefined;
  // price − price × share ≥ payout + amount, in integers: no rounding may eat into the margin.
  const owed = (BigInt(payout) + BigInt(amount)) * BigInt(WHOLE_BP);
  const rest = BigInt(WHOLE_BP - percentBp);
  const byShare = Number((owed + rest - 1n) / rest);
  return micros(Math.max(0, byShare, payout + minimum));
}

/**
 * What a seller earns of a call that converts, as far as it can be told before: of a plan by the
 * minute, for a call of the usual length.
 *
 * @param connectedMs - milliseconds that answered calls of the campaign last; undefined = not known yet
 */
export function expectedPayout(plan: RatePlan, connectedMs: number | undefined): Micros {
  if (plan.kind === 'per_call') return plan.amount;
  const { firstIncrementMs: first, nextIncrementMs: next } = plan;
  const lasts = Math.max(connectedMs ?? ASSUMED_CALL_MS, plan.afterMs);
  const billed = lasts <= first || next <= 0 ? first : first + Math.ceil((lasts - first) / next) * next;
  return micros(Math.ceil((plan.ratePerMinute * billed) / MINUTE_MS));
}
