import type { E164 } from './phone-number';

/**
 * Who started the solicitation, if any: decides which rules bind (47 CFR 64.1200(c)(1)). It comes
 * from the trunk's and publisher's contract, never from the direction of the SIP request.
 */
export const CALL_ORIGINS = [
  'inbound_consumer',
  'outbound_transfer',
  'callback',
  'agent_outbound',
  'unknown',
] as const;
export type CallOrigin = (typeof CALL_ORIGINS)[number];

/** STIR/SHAKEN attestation level (RFC 8588 §4). */
export type Attestation = 'A' | 'B' | 'C';

/** What verification of the caller's PASSporTs said (RFC 8224 §6.2, 3GPP TS 24.229 §7.2A.20), finest first. */
export const VERSTATS = ['passed', 'failed', 'stale', 'replayed', 'wrong_number', 'none'] as const;
export type Verstat = (typeof VERSTATS)[number];

/**
 * Life of a call. `attended`: the exchange itself answered the caller, to announce or ask something; nobody has
 * bought the call yet, or whoever had it is gone. `completed`, `rejected`, `canceled` and `failed` are ends.
 */
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

/** The one table of allowed transitions. */
export const CALL_TRANSITIONS: Readonly<Record<CallState, readonly CallState[]>> = {
  received: ['deciding', 'rejected', 'canceled', 'failed'],
  deciding: ['attended', 'ringing', 'rejected', 'canceled', 'failed'],
  attended: ['ringing', 'completed'],
  ringing: ['attended', 'answered', 'completed', 'rejected', 'canceled', 'failed'],
  answered: ['attended', 'completed'],
  completed: [],
  rejected: [],
  canceled: [],
  failed: [],
};

/** True when a call in `from` may go to `to`. */
export function canTransition(from: CallState, to: CallState): boolean {
  return CALL_TRANSITIONS[from].includes(to);
}

/** True for a state that a call never leaves. */
export function isTerminal(state: CallState): boolean {
  return CALL_TRANSITIONS[state].length === 0;
}

/** Why a call ended, in the words of the CDR. */
export const END_REASONS = [
  'caller_hangup',
  'buyer_hangup',
  'caller_cancel',
  'no_buyer',
  'buyers_exhausted',
  'plan_ended',
  'compliance',
  'fraud',
  'unknown_number',
  'source_capped',
  'reservation',
  'overload',
  'trunk_limit',
  'bad_request',
  'media_failure',
  'rtp_timeout',
  'max_duration',
  'signaling_lost',
  'node_lost',
  'insufficient_funds',
  'admin_hangup',
  'shutdown',
  'internal_error',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** What is known of a call before anything is decided: the input of the decision, stored with it. */
export interface CallAttempt {
  readonly callId: string;
  /** UTC epoch milliseconds of the INVITE. */
  readonly receivedAt: number;
  /** The caller; undefined when withheld or not a number. */
  readonly from: E164 | undefined;
  /** The dialled number (DID). */
  readonly to: E164;
  readonly trunkId: string;
  /** What the trunk's contract says; the decision finds out the call's own with the seller's contract and the claim. */
  readonly origin: CallOrigin;
  /** What the sender claims of this call (`X-Call-Origin`); undefined when it says nothing. */
  readonly claimedOrigin: CallOrigin | undefined;
  readonly attestation: Attestation | undefined;
  readonly verstat: Verstat;
  /** Name of the reservation whose own address it came to. */
  readonly reservation: string | undefined;
  /** Numbers that forwarded the call (Diversion, History-Info), latest first; at most 10. */
  readonly forwardedBy: readonly E164[];
  /** X- headers (without their X-) and Request-URI parameters, by lower-case name, e.g. `{ zip: '10001' }`. */
  readonly tags: Readonly<Record<string, string>>;
}
