import type { LadderEntry, RingAttempt } from './call-record';

/** How far a test call is: not rung yet, the INVITE is sent, it rings, it was answered, it is over. */
export const TEST_CALL_STATES = ['queued', 'calling', 'ringing', 'answered', 'ended'] as const;
export type TestCallState = (typeof TEST_CALL_STATES)[number];

/**
 * How a test call ended. `answered`: somebody did, and it was spoken to until its time was over or somebody hung up.
 * Up to `failed`: as of ring attempts. `rejected`: the decision about the number says that nobody is rung.
 * `canceled`: somebody gave it up. `lost`: the node that rang is gone, and with it what became of the call.
 */
export const TEST_CALL_OUTCOMES = [
  'answered',
  'busy',
  'no_answer',
  'declined',
  'unreachable',
  'no_agent',
  'queue_timeout',
  'failed',
  'rejected',
  'canceled',
  'lost',
] as const;
export type TestCallOutcome = (typeof TEST_CALL_OUTCOMES)[number];

/** One target that a test call rang. */
export interface TestCallAttempt extends Pick<
  RingAttempt,
  'targetId' | 'startedAt' | 'durationMs' | 'sipStatus'
> {
  readonly outcome: TestCallOutcome;
  /** The agent who answered, or was rung last. */
  readonly agentId?: string | undefined;
}

/** What was heard of whoever answered. */
export interface TestCallAudio {
  readonly codec: string | null;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
  /** Percent of what the peer sent; absent before any audio. */
  readonly lossPercent?: number | undefined;
  /** Mean opinion score 1 … 4.5 of what is heard from the peer; absent before any audio. */
  readonly mos?: number | undefined;
}

/** How a test call stands. Instants are UTC epoch milliseconds. */
export interface TestCallStanding {
  readonly state: TestCallState;
  readonly outcome: TestCallOutcome | null;
  /** Final SIP status of whoever was rung last; 0 before there was one, and where none came. */
  readonly sipStatus: number;
  /** One clause for people. */
  readonly detail: string;
  readonly calledAt: number | null;
  readonly ringingAt: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  readonly attempts: readonly TestCallAttempt[];
  readonly audio: TestCallAudio | null;
  readonly ladder: readonly LadderEntry[];
}
