import type { ClockStart, Sale } from '../domain';

/**
 * Of the time before the answer no more than this counts, by whatever clock: what a call can cost at most
 * must be known before it rings, and nobody pays for the buyers that did not answer before.
 */
export const MAX_BEFORE_ANSWER_MS = 120_000;

/** How long an answered call lasted by each clock, in integer milliseconds. */
export interface CallTimes {
  readonly incomingMs: number;
  readonly ringMs: number;
  readonly answerMs: number;
}

/**
 * What the clocks say of a sold call.
 *
 * @param connectedMs - milliseconds from the answer, an integer ≥ 0
 * @throws RangeError when the duration is none
 */
export function timesOf(sale: Pick<Sale, 'setupMs' | 'ringMs'>, connectedMs: number): CallTimes {
  if (!Number.isSafeInteger(connectedMs) || connectedMs < 0) {
    throw new RangeError(`not a duration in milliseconds: ${connectedMs}`);
  }
  return {
    incomingMs: beforeAnswer(sale.setupMs) + connectedMs,
    ringMs: beforeAnswer(sale.ringMs) + connectedMs,
    answerMs: connectedMs,
  };
}

/** A call of which nothing is known but how long it was connected. */
export function connectedTimes(connectedMs: number): CallTimes {
  return timesOf({}, connectedMs);
}

/** Milliseconds by one clock; `answer` by default. */
export function timeBy(times: CallTimes, clock: ClockStart | undefined): number {
  switch (clock) {
    case 'incoming':
      return times.incomingMs;
    case 'ring':
      return times.ringMs;
    default:
      return times.answerMs;
  }
}

function beforeAnswer(ms: number | undefined): number {
  if (ms === undefined || !(ms > 0)) return 0;
  return Math.min(Math.round(ms), MAX_BEFORE_ANSWER_MS);
}
