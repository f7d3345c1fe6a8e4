/** What a campaign says of recordings. */
export interface RecordingPolicy {
  /** `always`: every conversation, without a plan that says so. `off`: what plans and people ask for alone. */
  readonly mode: 'off' | 'always';
  /** Prompt by which the caller is told of it first; without one no call is recorded that needs everybody's consent. */
  readonly announce?: string | undefined;
  /** Days after which they are erased; `privacy.recordingsDays` by default. */
  readonly keepDays?: number | undefined;
  /** Whether buyers hear their own conversations, and sellers those that they sold; by default neither. */
  readonly buyersListen?: boolean | undefined;
  readonly sellersListen?: boolean | undefined;
}

export const RECORDING_KINDS = ['conversation', 'voicemail'] as const;
export type RecordingKind = (typeof RECORDING_KINDS)[number];

/** `recording`: it is made. `failed`: nothing of it could be kept. `erased`: nobody can hear it any more. */
export const RECORDING_STATES = ['recording', 'saved', 'failed', 'erased'] as const;
export type RecordingState = (typeof RECORDING_STATES)[number];

/** Where a party of a recorded call may be, as far as the law on recording asks. */
export interface RecordedParty {
  /** Two-letter states and provinces that it may be in; none where nothing is known. */
  readonly states: readonly string[];
  /** What told it, e.g. `area code`. */
  readonly by: string;
}

/** On what a recording rests: kept with it. */
export interface RecordingConsent {
  /** Whose consent the law of those states asks for. */
  readonly needs: 'all_party' | 'one_party';
  /** The rule that decided. */
  readonly citation: string;
  /** When the caller was told: UTC epoch milliseconds; null: not. */
  readonly announcedAt: number | null;
  readonly caller: RecordedParty;
  /** Null of a message that the caller leaves. */
  readonly other: RecordedParty | null;
}

/** What is known of a recording when it begins. */
export interface RecordingBasics {
  /** A UUID. */
  readonly id: string;
  readonly callId: string;
  readonly kind: RecordingKind;
  /** Of the node that makes it. */
  readonly nodeId: string;
  readonly campaignId: string | null;
  readonly sellerId: string | null;
  readonly buyerId: string | null;
  readonly buyerAccountId: string | null;
  readonly targetId: string | null;
  /** UTC epoch milliseconds. */
  readonly startedAt: number;
  /** Days from then on after which it is erased. */
  readonly keepDays: number;
  readonly consent: RecordingConsent;
}

/** How loud a recording is, over its time. */
export interface Waveform {
  /** Milliseconds that each figure is of. */
  readonly stepMs: number;
  /** Greatest amplitude of each step, 0 … 255. */
  readonly caller: readonly number[];
  readonly other: readonly number[];
}

/** What a recording came to. */
export interface RecordingEnd {
  readonly encoding: 'PCMU' | 'PCMA';
  readonly durationMs: number;
  /** Of it, silence in place of what was paused. */
  readonly pausedMs: number;
  /** Of it, silence in place of packets that were lost, of each channel. */
  readonly lostMs: readonly [caller: number, other: number];
  /** Octets of audio. */
  readonly bytes: number;
  /** SHA-256 of these, in hexadecimal digits. */
  readonly sha256: string;
  readonly waveform: Waveform;
  /** Why it is not all of the conversation; absent of one that is. */
  readonly lost?: string | undefined;
}
