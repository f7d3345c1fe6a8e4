import type { EndedEvent } from './activity-event';

/** An answered call shorter than these milliseconds is short. */
const SHORT_MS = 10_000;
/** Nobody who means to talk hangs up so soon after it began to ring. */
const QUICK_CANCEL_MS = 2_000;
/** Calls that end so soon after they are paid for pile up where somebody watches the clock. */
const PILE_MS = 5_000;

/** Which ways the end of a call may show that it was not honest. */
export interface EndSigns {
  /** Answered, and soon over. */
  readonly short: boolean;
  /** The caller hung up as soon as it rang: the missed call was what it wanted. */
  readonly quickCancel: boolean;
  /** The seller is paid for it. */
  readonly paid: boolean;
  /** It ended as soon as the seller was paid for it, and not by the buyer. */
  readonly pile: boolean;
}

/** What is looked at of a call that ended. */
export type EndedCallShape = Pick<
  EndedEvent,
  'answered' | 'connectedMs' | 'ringMs' | 'endedBy' | 'payoutAfterMs'
>;

export function endSigns({
  answered,
  connectedMs,
  ringMs,
  endedBy,
  payoutAfterMs,
}: EndedCallShape): EndSigns {
  const bar = payoutAfterMs ?? 0;
  const paid = answered && bar > 0 && connectedMs >= bar;
  return {
    short: answered && connectedMs < SHORT_MS,
    quickCancel: !answered && ringMs !== undefined && ringMs < QUICK_CANCEL_MS && endedBy === 'caller',
    paid,
    // The buyer who hangs up does so for reasons of its own.
    pile: paid && connectedMs < bar + PILE_MS && endedBy !== 'buyer',
  };
}
