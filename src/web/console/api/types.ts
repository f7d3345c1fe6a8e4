/** What of the API's answers the console reads. */

export type Role = 'admin' | 'auditor' | 'buyer' | 'seller' | 'carrier';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly accountId: string;
  readonly accountName: string;
  readonly scopes: readonly string[];
  /** Whether a code of an authenticator is asked for at the sign-in. */
  readonly totp: boolean;
}

export interface Me {
  readonly user: User;
  readonly csrfToken?: string;
  readonly sessionId: string;
}

export interface Stored {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Life of a call. */
export const CALL_STATES = [
  'received',
  'deciding',
  'attended',
  'ringing',
  'answered',
  'completed',
  'rejected',
  'canceled',
  'failed',
] as const;
export type CallState = (typeof CALL_STATES)[number];

/** One target that was rung. */
export interface RingAttempt {
  readonly bidId: string;
  readonly targetId: string;
  readonly buyerId: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly outcome: string;
  readonly sipStatus: number;
  readonly agentId?: string;
}

/** What the media engine counted of one leg. */
export interface LegStats {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
  readonly codec?: string;
  readonly rttMs?: number;
  readonly lossPercent?: number;
  readonly mos?: number;
}

export interface CallTransfer {
  readonly at: number;
  readonly how: string;
  readonly outcome: string;
  readonly fromAgentId?: string;
  readonly toAgentId?: string;
  readonly toTargetId?: string;
  readonly takenAt?: number;
}

/** A call as lists show it. Who is not of the exchange is told less of it. */
export interface Call {
  readonly id: string;
  readonly nodeId?: string;
  readonly sipCallId?: string;
  readonly state: CallState;
  readonly endReason?: string | null;
  readonly sipStatus?: number | null;
  readonly detail?: string | null;
  readonly trunkId?: string;
  readonly from?: string | null;
  readonly to?: string;
  readonly origin?: string;
  readonly campaignId?: string | null;
  readonly buyerId?: string | null;
  readonly targetId?: string | null;
  readonly agentId?: string | null;
  readonly receivedAt: number;
  readonly firstRingAt?: number | null;
  /** The exchange itself answered the caller. */
  readonly attendedAt?: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  readonly connectedMs: number;
  readonly attempts?: readonly RingAttempt[] | null;
  readonly media?: Readonly<Record<string, LegStats>> | null;
  readonly transfers?: readonly CallTransfer[] | null;
  readonly plan?: CallPlan | null;
}

/** How a call went through its dialplan. */
export interface CallPlan {
  readonly name: string;
  readonly version: number;
  readonly steps: readonly { readonly at: number; readonly step: string; readonly after?: string }[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface LedgerLine {
  readonly entryId?: number;
  readonly transactionId: number;
  readonly kind: string;
  readonly account?: string;
  readonly purpose: string;
  readonly amountMicros: number;
  readonly currency: string;
  readonly postedAt: string;
}

export interface Finding {
  readonly rule: string;
  readonly outcome: 'pass' | 'flag' | 'block' | 'not_applicable';
  readonly citation?: string;
  readonly detail: string;
}

export interface BidOutcome {
  readonly bidId: string;
  readonly buyerId: string;
  readonly price: number;
  readonly offer?: number;
  readonly latencyMs?: number;
  readonly rank?: number | null;
  readonly ineligible?: string | null;
}

export interface LiveBidAnswer {
  readonly bidId: string;
  readonly ok: boolean;
  readonly price?: number;
  readonly why?: string;
  readonly detail?: string;
  readonly latencyMs: number;
}

export interface LookupFact {
  readonly kind: string;
  readonly provider: string;
  readonly answer: string;
  readonly value?: string;
  readonly cached: boolean;
  readonly latencyMs: number;
}

export interface DecisionTrace {
  readonly attempt: {
    readonly from?: string;
    readonly to: string;
    readonly trunkId: string;
    readonly origin: string;
    readonly claimedOrigin?: string;
    readonly attestation?: string;
    readonly verstat: string;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly decidedAt: number;
  readonly marketVersion: number;
  readonly marketPosition?: string;
  readonly campaignId?: string;
  readonly sellerId?: string;
  readonly origin?: string;
  readonly findings: readonly Finding[];
  readonly fraud?: {
    readonly score: number;
    readonly level: string;
    readonly reasons: readonly string[];
    readonly model: string;
    readonly shadow?: { readonly model: string; readonly score: number };
  };
  readonly facts?: {
    readonly activity?: { readonly attemptsInLastHour: number; readonly recentBuyers: readonly string[] };
    readonly compliance?: { readonly lookups: readonly LookupFact[]; readonly contactsInLast24h: number };
    readonly liveBids?: readonly LiveBidAnswer[];
    readonly degraded?: readonly string[];
  };
  readonly bids: {
    readonly total: number;
    readonly counts: Readonly<Record<string, number>>;
    readonly listed: readonly BidOutcome[];
  };
}

export interface RingTarget {
  readonly bidId: string;
  readonly buyerId: string;
  readonly targetId: string;
  readonly kind: string;
  readonly uri: string;
  readonly price: number;
  readonly ringTimeoutMs: number;
  readonly maxDurationMs: number;
  readonly free?: string;
}

export interface Decision {
  readonly ok: boolean;
  readonly reason?: string;
  readonly sipStatus?: number;
  readonly detail?: string;
  readonly plan?: readonly RingTarget[];
  readonly terms?: {
    readonly currency: string;
    readonly campaignId: string;
    readonly sellerId: string;
    readonly payout: unknown;
  };
  readonly trace: DecisionTrace;
}

export interface CallDetail extends Call {
  /** Whether it is on hold; null: its node did not say in time. Parties but buyers are not told. */
  readonly held?: boolean | null;
  /** Of one that was answered and is up; null: its node did not say in time. */
  readonly live?: LiveStanding | null;
  readonly decision?: Decision | null;
  readonly decisionMicroseconds?: number | null;
  readonly ledger?: readonly LedgerLine[];
  /** A buyer's own bids for it, in place of the whole decision. */
  readonly bids?: readonly BidOutcome[];
}

/** What is done to a call that is up. */
export interface LiveStanding {
  readonly recording: { readonly state: 'off' | 'on' | 'paused'; readonly resumesAt: number | null };
  /** Who listens in. */
  readonly monitoring: {
    readonly mode: 'listen' | 'whisper' | 'barge';
    readonly state: 'ringing' | 'on';
    readonly own: boolean;
  } | null;
  readonly can: readonly ('record' | 'monitor')[];
}

/** How loud a recording is, over its time: 0 … 255 for each step. */
export interface Waveform {
  readonly stepMs: number;
  readonly caller: readonly number[];
  readonly other: readonly number[];
}

export interface Recording {
  readonly id: string;
  readonly kind: 'conversation' | 'voicemail';
  readonly state: 'recording' | 'saved' | 'failed' | 'erased';
  readonly startedAt: number;
  readonly durationMs: number | null;
  readonly pausedMs: number | null;
  /** Why it is not all of the conversation, or why there is none. */
  readonly lost: string | null;
  readonly eraseAfter: number;
  readonly legalHold: boolean;
  /** Parties are not told on what it rests. */
  readonly consent?: {
    readonly needs: 'all_party' | 'one_party';
    readonly citation: string;
    readonly announcedAt: number | null;
  };
  readonly waveform?: Waveform | null;
}

export interface Campaign extends Stored {
  readonly name: string;
  readonly status: 'draft' | 'active' | 'paused' | 'archived';
  readonly currency: string;
  readonly auctionType: string;
  readonly reservePrice: number;
  readonly routing: string;
}
