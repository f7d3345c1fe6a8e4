import type { Micros, RatePlan } from '../domain';
import { MAX_BEFORE_ANSWER_MS, timeBy } from './call-times';
import type { CallTimes } from './call-times';
import { exactCharge } from './charge';
import type { Price } from './priced-by';

/** A call is ended by a timer, which comes late on a busy machine: what it may cost meanwhile counts. */
const OVERTIME_MS = 1_000;

/**
 * The most a buyer can be charged for one call, fees and taxes aside: the worst of the plan and of every
 * rule that may fire, for the longest call with a second of overtime, and by clocks that run before the
 * answer with all that counts of the time before it ({@link MAX_BEFORE_ANSWER_MS}). The largest safe
 * integer when it is more.
 *
 * @param maxDurationMs - milliseconds of conversation after which both legs are ended
 */
export function mostCharged(price: Price<RatePlan>, maxDurationMs: number): Micros {
  const times = longestTimes(maxDurationMs);
  let most = exactCharge(price.plan, times);
  for (const { when, plan } of price.conversions ?? []) {
    if (when.kind === 'duration' && timeBy(times, when.clock) < when.atLeastMs) continue;
    const cost = exactCharge(plan, times);
    if (cost > most) most = cost;
  }
  return Math.min(Number(most), Number.MAX_SAFE_INTEGER) as Micros;
}

/**
 * What the clocks say at most of a call that is ended after so long, overtime included.
 *
 * @param maxDurationMs - milliseconds of conversation after which both legs are ended
 */
export function longestTimes(maxDurationMs: number): CallTimes {
  const answerMs = maxDurationMs + OVERTIME_MS;
  const before = MAX_BEFORE_ANSWER_MS + answerMs;
  return { incomingMs: before, ringMs: before, answerMs };
}
