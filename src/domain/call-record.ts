import type { CallAttempt, CallOrigin, CallState, EndReason } from './call';
import type { CarriedLeg } from './carried-leg';
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
  /** What the number that was called belongs to, where a plan goes before the decision. */
  readonly campaignId?: string | undefined;
  readonly sellerId?: string | undefined;
}

/** The exchange itself answered the caller. */
export interface AttendedRecord extends CallBasics {
  /** UTC epoch milliseconds. */
  readonly attendedAt: number;
  /** The caller's own leg, that has just begun; absent of a number that no carrier rates. */
  readonly carried?: readonly CarriedLeg[] | undefined;
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
    | 'no_agent'
    | 'queue_timeout'
    | 'canceled';
  /** Final SIP status; 0 when none came. */
  readonly sipStatus: number;
  /** The agent who answered, or was rung last. */
  readonly agentId?: string | undefined;
  /** Every agent whose phones were rung, in their order; also the one who answered. Absent where none was. */
  readonly rung?: readonly string[] | undefined;
}

/** One time that a buyer handed its conversation on, or tried to. The sale stays one. */
export interface CallTransfer {
  /** When it was asked for: UTC epoch milliseconds. */
  readonly at: number;
  /**
   * `attended`: the transferor had spoken with the other first, or rung them. `operator`: it was the
   * exchange's people who handed the call on. `plan`: the call's plan did, for nobody's bid.
   */
  readonly how: 'blind' | 'attended' | 'operator' | 'plan';
  /** Who handed it on, and to whom, where these are agents; else the buyer's target. */
  readonly fromAgentId?: string | undefined;
  readonly toAgentId?: string | undefined;
  readonly toTargetId?: string | undefined;
  readonly outcome: RingAttempt['outcome'];
  /** Since when they spoke with the caller: UTC epoch milliseconds; absent where nobody took the call. */
  readonly takenAt?: number | undefined;
}

/** One step of its plan that a call came through. */
export interface PlanStepRecord {
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly step: string;
  /** What the step before it came to, e.g. `keys 1`; absent of the first. Keys of a secret step are stars. */
  readonly after?: string | undefined;
}

/** How a call went through its plan. */
export interface PlanRecord {
  readonly name: string;
  /** From 1; of plans that are files of the installation 0. */
  readonly version: number;
  /** In their order: the first and the last of many. */
  readonly steps: readonly PlanStepRecord[];
  /** Tags at the end, but those that are secret. */
  readonly tags: Readonly<Record<string, string>>;
}

/** One SIP message of a call, as the switch saw it. */
export interface LadderEntry {
  /** UTC epoch milliseconds. */
  readonly at: number;
  /** `caller`, or `ring-N` for whoever was rung, in their order from 1. */
  readonly leg: string;
  /** Towards the exchange, or from it. */
  readonly way: 'in' | 'out';
  /** Method, or status code; what ended a dialog that no message did. */
  readonly message: string;
  /** What its description came to, e.g. `PCMU sendonly`; absent of one without. */
  readonly media?: string | undefined;
  /** Who is rung, without parameters; of the first message of a leg. */
  readonly uri?: string | undefined;
}

/** How long a call has lasted that is up. */
export interface CheckpointedCall {
  readonly callId: string;
  /** Milliseconds of conversation; 0 before it. */
  readonly connectedMs: number;
  /** Its legs so far; absent where they follow from the conversation. */
  readonly carried?: readonly CarriedLeg[] | undefined;
}

export interface CallEndedRecord extends CallBasics {
  readonly state: Extract<CallState, 'completed' | 'rejected' | 'canceled' | 'failed'>;
  readonly reason: EndReason;
  /** Final SIP status given to the carrier; 200 for an answered call. */
  readonly sipStatus: number;
  readonly detail: string;
  /** UTC epoch milliseconds. */
  readonly firstRingAt: number | undefined;
  /** When the exchange itself answered the caller: UTC epoch milliseconds; absent where it did not. */
  readonly attendedAt?: number | undefined;
  /** When a buyer answered. */
  readonly answeredAt: number | undefined;
  readonly endedAt: number;
  /** Connected milliseconds by the monotonic clock, cut at the last media where media went away; 0 when never answered. */
  readonly connectedMs: number;
  readonly attempts: readonly RingAttempt[];
  /** The target that answered, and on which terms; undefined when none did. */
  readonly sale: Sale | undefined;
  readonly media: Readonly<Record<string, unknown>> | undefined;
  /** In their order; absent when there were none. */
  readonly transfers?: readonly CallTransfer[] | undefined;
  /** Its SIP messages in their order: the first and the last of many. */
  readonly ladder?: readonly LadderEntry[] | undefined;
  /** Absent of calls without a plan of their own. */
  readonly plan?: PlanRecord | undefined;
  /**
   * Legs that were answered, as their carriers meter them: the caller's, then the others in the order of their
   * answers. Absent where they follow from the conversation: the way in, and the way out to its target, lasted as
   * long as that.
   */
  readonly carried?: readonly CarriedLeg[] | undefined;
}
