import type { CapLimit, CapOutcome } from '../domain';
import type { Activity } from './activity';

/** What became of a reservation. */
export type CapAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Key of the first exhausted limit. */
      readonly exhausted: string;
      /** What is used of it is used for good: it has no room before its period ends. */
      readonly lasting?: boolean;
    };

/** Where limits are reserved for good: the port that signalling rings through has this shape. */
export interface CapService {
  reserve(callId: string, limits: readonly CapLimit[]): Promise<CapAnswer>;
  release(callId: string, limits: readonly CapLimit[], outcome: CapOutcome): Promise<void>;
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
      if (result.ok) activity.noteReserved(limits, now());
      else {
        const full = limits.find(({ key }) => key === result.exhausted);
        if (full) activity.noteExhausted(full, now(), result.lasting);
      }
      return result;
    },
    async release(callId, limits, outcome) {
      activity.noteReleased(limits, outcome);
      await caps.release(callId, limits, outcome);
    },
  };
}
