import type { BuyerDiscipline, EndReason, RingAttempt } from '../domain';

/** One ring of a target, and what became of it. */
export interface TargetRing {
  /** UTC epoch milliseconds. */
  readonly at: number;
  /** Why it counts against the target; undefined: it answered. */
  readonly miss: MissReason | undefined;
}

export type MissReason = 'no_answer' | 'busy' | 'failed' | 'unreachable' | 'hung_up';

/** What discipline remembers of a target. */
export interface Conduct {
  /** Instants of rings that were not answered, UTC epoch milliseconds. */
  readonly misses: readonly number[];
  /** It was paused and has not answered since. */
  readonly probation: boolean;
  /** Rings before this instant mean nothing any more. */
  readonly since: number;
}

/** A target is to be left alone. */
export interface Pause {
  /** UTC epoch milliseconds. */
  readonly until: number;
  readonly reason: string;
}

export const GOOD_CONDUCT: Conduct = { misses: [], probation: false, since: 0 };

/** A caller who gives up sooner did not give the target time to answer. */
const PATIENCE_MS = 8_000;
/** A conversation that the target ends within this time was none. */
const BRUSH_OFF_MS = 9_000;
const DAY_MS = 86_400_000;
/** More misses than this change nothing. */
const MAX_MISSES = 1_000;

/**
 * What a ring says of its target; undefined when it says nothing.
 *
 * @param call - how the call ended, when this ring was the one that got it
 */
export function readRing(
  attempt: RingAttempt,
  call: { readonly endReason: EndReason; readonly connectedMs: number } | undefined,
): TargetRing | undefined {
  const at = attempt.startedAt;
  switch (attempt.outcome) {
    case 'answered': {
      if (!call) return undefined;
      const brushedOff = call.endReason === 'buyer_hangup' && call.connectedMs <= BRUSH_OFF_MS;
      return { at, miss: brushedOff ? 'hung_up' : undefined };
    }
    case 'no_answer':
    case 'canceled':
      return attempt.durationMs >= PATIENCE_MS ? { at, miss: 'no_answer' } : undefined;
    case 'failed':
      // Without a response it was the exchange that failed.
      return attempt.sipStatus > 0 ? { at, miss: 'failed' } : undefined;
    case 'busy':
    case 'unreachable':
      return { at, miss: attempt.outcome };
    case 'declined':
    case 'cap_reached':
    case 'no_funds':
    // Nobody rang: it is there again as soon as one of its people is.
    case 'no_agent':
    case 'queue_timeout':
      return undefined;
  }
}

/**
 * Judges a target by one more ring, in the order in which rings ended. Too many misses within the
 * window pause it; from then on the first miss pauses it again, until it answers.
 *
 * @param pausesToday - pauses that began within a day and were not lifted by hand
 * @param now - UTC epoch milliseconds
 */
export function judge(
  conduct: Conduct,
  ring: TargetRing,
  rule: BuyerDiscipline,
  pausesToday: number,
  now: number,
): { readonly conduct: Conduct; readonly pause?: Pause } {
  if (ring.at < conduct.since) return { conduct };
  if (ring.miss === undefined) {
    return { conduct: conduct.probation ? { ...GOOD_CONDUCT, since: conduct.since } : conduct };
  }
  const misses = [...conduct.misses, ring.at]
    .sort((a, b) => a - b)
    .filter((at, _, all) => at > (all[all.length - 1] as number) - rule.windowMs)
    .slice(-MAX_MISSES);
  if (!conduct.probation && misses.length < rule.unanswered) return { conduct: { ...conduct, misses } };
  const lasts = Math.min(rule.pauseMs * 2 ** pausesToday, DAY_MS);
  const until = now + lasts;
  const why = conduct.probation
    ? `missed again after a pause (${ring.miss})`
    : `${misses.length} rings missed within ${rule.windowMs / 1_000} s, the last one ${ring.miss}`;
  return { conduct: { misses: [], probation: true, since: until }, pause: { until, reason: why } };
}
