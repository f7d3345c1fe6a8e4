import type { CallAttempt, CallOrigin, EndReason } from './call';
import type { CapLimit } from './caps';
import { CAP_REASONS } from './caps';
import type { DecisionFacts } from './facts';
import type { Currency, Micros } from './money';
import type { ConversionRule } from './conversion';
import type { PayoutSplit } from './parties';
import type { PayoutPlan, RatePlan } from './rate-plan';

/** What a compliance or fraud rule said, with why: one line of the trace. */
export interface Finding {
  /** Stable id, e.g. `tcpa.calling_hours`. */
  readonly rule: string;
  readonly outcome: 'pass' | 'flag' | 'block' | 'not_applicable';
  /** The law, table row or setting it rests on, e.g. `47 CFR 64.1200(c)(1)`. */
  readonly citation?: string;
  /** For people: what was compared with what. */
  readonly detail: string;
}

/**
 * Why a bid may not take this call, in the order in which it is looked at: the first that holds is
 * told. What a live bid answered, and whether its price will do, is looked at after the rest of it.
 */
export const INELIGIBLE_REASONS = [
  'bid_paused',
  'buyer_paused',
  'target_paused',
  'account_suspended',
  'funds',
  'state',
  'npa',
  'zip',
  'attestation',
  'line_type',
  'language',
  'seller_excluded',
  'schedule',
  'tags',
  'distance',
  'bid_expired',
  'below_reserve',
  'margin',
  'target_disciplined',
  'duplicate',
  ...CAP_REASONS,
  'skill',
  'rtb_not_asked',
  'rtb_no_bid',
  'rtb_timeout',
  'rtb_error',
  'rtb_invalid',
  'rtb_circuit_open',
  'rtb_budget',
  'rtb_deadline',
  'same_target',
  'over_max_attempts',
] as const;
/** `same_target`: a better bid rings that target. `over_max_attempts`: eligible, yet behind the last place of the plan. */
export type IneligibleReason = (typeof INELIGIBLE_REASONS)[number];

/** What became of one bid in one decision. */
export interface BidOutcome {
  readonly bidId: string;
  readonly buyerId: string;
  /** What it stands for. */
  readonly price: Micros;
  /** What it offered for this call, where that differs: modifiers, a live answer. */
  readonly offer?: Micros;
  /** Milliseconds in which a live bid was answered. */
  readonly latencyMs?: number;
  /** Rank in the ring plan from 1, or the reason why it is not in it. */
  readonly rank: number | undefined;
  readonly ineligible: IneligibleReason | undefined;
}

/**
 * What became of every bid of the campaign. Small campaigns list each bid; of a large one only the
 * ring plan is listed and the rest is counted, so that a stored decision stays small. May be
 * expanded lazily: `JSON.stringify` gives exactly these three fields.
 */
export interface BidOutcomes {
  readonly total: number;
  /** Bids left out, by reason. */
  readonly counts: Readonly<Partial<Record<IneligibleReason, number>>>;
  /** Ranked bids first. */
  readonly listed: readonly BidOutcome[];
}

/** What the fraud score came to and why. */
export interface FraudTrace {
  /** 0 … 1. */
  readonly score: number;
  readonly level: FraudLevel;
  /** Stable codes, heaviest first. */
  readonly reasons: readonly string[];
  /** Version of the model that scored: `rules`, or a trained one. */
  readonly model: string;
  /** What a model that is being tried would have said. */
  readonly shadow?: { readonly model: string; readonly score: number };
}

/**
 * What a score leads to. `challenge`: a caller whose number has a dialplan that asks is to prove to be a person
 * before the call is sold; without one the call passes as one that is flagged.
 */
export const FRAUD_LEVELS = ['allow', 'flag', 'challenge', 'block'] as const;
export type FraudLevel = (typeof FRAUD_LEVELS)[number];

/** Everything needed to explain and to replay a decision. */
export interface DecisionTrace {
  readonly attempt: CallAttempt;
  /** UTC epoch milliseconds at which it was decided. */
  readonly decidedAt: number;
  /** Number of the market version that was read, on the node that decided. */
  readonly marketVersion: number;
  /** Where the market stood in the database's history; undefined when it was not read from one. */
  readonly marketPosition: string | undefined;
  /** Seed of the tie-breaks. */
  readonly seed: number;
  readonly campaignId: string | undefined;
  readonly sellerId: string | undefined;
  /** Who started the solicitation, if any, as contracts and claim say together. */
  readonly origin: CallOrigin | undefined;
  readonly findings: readonly Finding[];
  /** Undefined when not reached. */
  readonly fraud: FraudTrace | undefined;
  readonly facts: DecisionFacts;
  readonly bids: BidOutcomes;
}

/** One entry of a ring plan, in the order they are to be rung. */
export interface RingTarget {
  readonly bidId: string;
  readonly buyerId: string;
  readonly buyerAccountId: string;
  readonly targetId: string;
  readonly kind: 'sip' | 'softphone' | 'pstn';
  readonly uri: string;
  /** Skills that the call asks of whoever answers, where a team is rung; absent when none. */
  readonly skills?: readonly string[] | undefined;
  readonly ringTimeoutMs: number;
  /** Milliseconds of conversation after which both legs are ended. */
  readonly maxDurationMs: number;
  /** Where the caller hears ringback from. */
  readonly ringback: 'local' | 'early_media';
  /** What the buyer pays if it takes the call here: its own plan, or the second price in its place. */
  readonly plan: RatePlan;
  /** What goes before the plan: the first that fires. */
  readonly conversions?: readonly ConversionRule[] | undefined;
  /** It neither costs nor earns anything: the caller is a duplicate to this buyer. */
  readonly free?: 'duplicate' | undefined;
  /** What its buyer's wallet must hold before it rings, in micro-units, fees and taxes aside; absent when nothing. */
  readonly hold?: Micros | undefined;
  /** Over whose rates it is reached, if a carrier is paid for it. */
  readonly trunkId?: string | undefined;
  readonly price: Micros;
  /** The buyer's name for its live offer, for confirmation and notices; undefined of a standing bid. */
  readonly reference: string | undefined;
  /** Limits to be reserved before ringing; see the caps port. */
  readonly reservations: readonly CapLimit[];
}

/** The rules of the sold call that the switch carries out. */
export interface SaleTerms {
  readonly campaignId: string;
  readonly sellerId: string;
  readonly currency: Currency;
  readonly payout: PayoutPlan;
  /** What goes before that: the first that fires. */
  readonly conversions?: readonly ConversionRule<PayoutPlan>[] | undefined;
  /** Shorter calls cost and earn nothing, in milliseconds from the answer. */
  readonly shortCallMs?: number | undefined;
  /** Who shares in what the seller earns. */
  readonly splits?: readonly PayoutSplit[] | undefined;
}

/** A call that was sold: what its money follows from, besides how long it lasted. */
export interface Sale {
  readonly target: RingTarget;
  readonly terms: SaleTerms;
  /** Monotonic milliseconds from the INVITE to the answer. */
  readonly setupMs?: number | undefined;
  /** Monotonic milliseconds for which the target rang that answered. */
  readonly ringMs?: number | undefined;
  /** The agent who took it, where agents were rung. */
  readonly agentId?: string | undefined;
}

/** The verdict on one call. */
export type Decision =
  | {
      readonly ok: true;
      readonly plan: readonly RingTarget[];
      readonly terms: SaleTerms;
      /** The seller's own limits, reserved once a call before anybody is rung. */
      readonly sourceLimits: readonly CapLimit[];
      readonly trace: DecisionTrace;
    }
  | {
      readonly ok: false;
      readonly reason: Extract<
        EndReason,
        'compliance' | 'fraud' | 'no_buyer' | 'unknown_number' | 'reservation'
      >;
      /** Final SIP status towards the carrier. */
      readonly sipStatus: number;
      /** One clause for the Reason header and the CDR. */
      readonly detail: string;
      readonly trace: DecisionTrace;
    };
