import type { CapLimit } from '../domain';
import type { Activity } from './activity';

/** Where limits are reserved for good: the port that signalling rings through has this shape. */
export interface CapService {
  reserve(
    callId: string,
    limits: readonly CapLimit[],
  ): Promise<{ ok: true } | { ok: false; exhausted: string }>;
  release(callId: string, limits: readonly CapLimit[], outcome: 'not_connected' | 'ended'): Promise<void>;
}

/**
 * The same reservations, with what becomes of them told to this node's activity, so that the next
 * decisions pass over what is full.
 *
 * @param now - UTC epoch milliseconds
 */
export function observeCaps(caps: CapService, activity: Activity, now: () => number): CapService {
  return {
    async reserve(callId, limits) {
      const result = await caps.reserve(callId, limits);
      if (result.ok) activity.noteReserved(limits);
      else {
        const full = limits.find(({ key }) => key === result.exhausted);
        if (full) activity.noteExhausted(full, now());
      }
      return result;
    },
    async release(callId, limits, outcome) {
      activity.noteReleased(limits, outcome);
      await caps.release(callId, limits, outcome);
    },
  };
}
