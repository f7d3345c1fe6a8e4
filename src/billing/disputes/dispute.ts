import type { Currency, Micros } from '../../domain';
import type { Bearer } from '../revisions/call-lines';

/** Why somebody says that something is wrong with a call. */
export const DISPUTE_REASONS = [
  'not_qualified',
  'wrong_geo',
  'duplicate',
  'bad_audio',
  'spam_or_fraud',
  'agent_error',
  'billing_error',
  'other',
] as const;
export type DisputeReason = (typeof DISPUTE_REASONS)[number];

/** Whose dispute it is: the buyer wants money back, the seller wants more, the exchange gives back by itself. */
export const DISPUTE_SIDES = ['buyer', 'seller', 'exchange'] as const;
export type DisputeSide = (typeof DISPUTE_SIDES)[number];

export const DISPUTE_STATES = [
  'open',
  'under_review',
  'accepted',
  'partly_accepted',
  'rejected',
  'withdrawn',
] as const;
export type DisputeState = (typeof DISPUTE_STATES)[number];

/** What a dispute may become; what nothing follows is over. The database keeps the same table. */
export const DISPUTE_TRANSITIONS: Readonly<Record<DisputeState, readonly DisputeState[]>> = {
  open: ['under_review', 'withdrawn'],
  under_review: ['accepted', 'partly_accepted', 'rejected', 'withdrawn'],
  accepted: [],
  partly_accepted: [],
  rejected: [],
  withdrawn: [],
};

export function mayBecome(was: DisputeState, becomes: DisputeState): boolean {
  return DISPUTE_TRANSITIONS[was].includes(becomes);
}

/** Those that are not over. */
export const OPEN_STATES: readonly DisputeState[] = DISPUTE_STATES.filter(
  (state) => DISPUTE_TRANSITIONS[state].length > 0,
);

/** Somebody's objection to the money of one call. */
export interface Dispute {
  /** In the order of opening. */
  readonly seq: number;
  readonly id: string;
  readonly callId: string;
  readonly side: DisputeSide;
  /** In whose name. */
  readonly accountId: string;
  readonly state: DisputeState;
  readonly reason: DisputeReason;
  readonly currency: Currency;
  /** Micro-units. */
  readonly claimed: Micros;
  /** Micro-units; null unless it was accepted. Less than was claimed where no more was left of the call. */
  readonly given: Micros | null;
  readonly bearer: Bearer | null;
  readonly text: string;
  readonly openedBy: string;
  readonly openedAt: Date;
  readonly closedBy: string | null;
  readonly closedAt: Date | null;
  readonly note: string | null;
  /** The revision of the call's money that it led to, if any. */
  readonly revision: number | null;
  readonly version: number;
}
