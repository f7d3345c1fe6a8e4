import type { CallAttempt, CallOrigin, CallState, EndReason } from './call';
import type { Decision, Sale } from './decision';

/** What is stored of a call when it was decided. */
export interface DecidedRecord {
  readonly attempt: CallAttempt;
  readonly sipCallId: string;
  readonly decision: Decision;
  /** Microseconds that the decision took. */
  readonly decisionMicroseconds: number;
}

/** What a call is known by: enough to make its row when nothing else of it was stored. */
export interface CallBasics {
  readonly callId: string;
  readonly sipCallId: string;
  readonly trunkId: string;
  readonly from: string | undefined;
  readonly to: string;
  readonly origin: CallOrigin;
  /** UTC epoch milliseconds. */
  readonly receivedAt: number;
}

export interface AnsweredRecord extends CallBasics {
  readonly sale: Sale;
  /** UTC epoch milliseconds. */
  readonly answeredAt: number;
}

/** One rung target in the CDR. */
export interface RingAttempt {
  readonly bidId: string;
  readonly targetId: string;
  readonly buyerId: string;
  /** UTC epoch milliseconds. */
  readonly startedAt: number;
  /** Milliseconds until the outcome. */
  readonly durationMs: number;
  readonly outcome:
    | 'answered'
    | 'busy'
    | 'no_answer'
    | 'declined'
    | 'failed'
    | 'unreachable'
    | 'cap_reached'
    | 'no_funds'
    | 'canceled';
  /** Final SIP status; 0 when none came. */
  readonly sipStatus: number;
}

export interface CallEndedRecord extends CallBasics {
  readonly state: Extract<CallState, 'completed' | 'rejected' | 'canceled' | 'failed'>;
  readonly reason: EndReason;
  /** Final SIP status given to the carrier; 200 for an answered call. */
  readonly sipStatus: number;
  readonly detail: string;
  /** UTC epoch milliseconds. */
  readonly firstRingAt: number | undefined;
  readonly answeredAt: number | undefined;
  readonly endedAt: number;
  /** Connected milliseconds by the monotonic clock, cut at the last media where media went away; 0 when never answered. */
  readonly connectedMs: number;
  readonly attempts: readonly RingAttempt[];
  /** The target that answered, and on which terms; undefined when none did. */
  readonly sale: Sale | undefined;
  readonly media: Readonly<Record<string, unknown>> | undefined;
}
