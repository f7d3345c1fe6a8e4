import type { CallCardPolicy } from './agents';
import type { CallOrigin } from './call';
import type { LookupKind } from './facts';
import type { Currency, Micros } from './money';
import type { ConversionRule } from './conversion';
import type { PayoutPlan } from './rate-plan';
import type { RecordingPolicy } from './recording';

export type AuctionType = 'first_price' | 'second_price';

/**
 * How a ring plan is ordered. `auction` ranks by what a bid is worth to the exchange, `performance` by
 * the revenue that each earned per call so far; the others go by the settings of bids and targets.
 */
export const ROUTING_STRATEGIES = [
  'auction',
  'priority',
  'weighted',
  'round_robin',
  'skill',
  'least_cost',
  'performance',
] as const;
export type RoutingStrategy = (typeof ROUTING_STRATEGIES)[number];

/** What the exchange keeps of each call; a bid that leaves less is not eligible (`margin`). */
export interface MarginPolicy {
  /** Basis points (1/100 %) of the buyer's price. */
  readonly percentBp?: number;
  /** Micro-units on top of that. */
  readonly amount?: Micros;
  /** Micro-units that must be left at least. */
  readonly minimum?: Micros;
  /** Sell below the seller's payout as well. */
  readonly allowLoss?: boolean;
}

/** Scores (0 … 1) from which on a call is flagged, challenged and blocked. */
export interface FraudPolicy {
  readonly flag: number;
  readonly challenge: number;
  readonly block: number;
}

/** Live bidding of a campaign. */
export interface RtbPolicy {
  /** Milliseconds all pings of one call may take together. */
  readonly deadlineMs: number;
  /** Buyers pinged for one call at most. */
  readonly maxPings: number;
}

/** When the same caller is a duplicate. */
export interface DuplicatePolicy {
  /** Milliseconds; 0 = never, Infinity is written as 100 years. */
  readonly windowMs: number;
  readonly after: 'connected' | 'converted';
  /** To whom it is a duplicate. */
  readonly scope: 'target' | 'buyer' | 'campaign';
  /** It is not offered to them (by default), or it is and neither costs nor earns anything. */
  readonly then?: 'refuse' | 'free';
}

/** What a campaign asks for beyond the law. */
export interface CompliancePolicy {
  /** Apply calling hours to consumer-initiated calls as well. */
  readonly enforceHoursInbound?: boolean;
  /** Weakest attestation taken; `C` refuses only calls that nobody signed. */
  readonly minAttestation?: 'A' | 'B' | 'C';
  /** Calls of these origins need a consent that stands; by default those that solicit. */
  readonly consentFor?: readonly CallOrigin[];
  /** Calls that may be made to one person in 24 hours, by any seller; 3 by default where the rule binds. */
  readonly contactsPerDay?: number;
  /** Providers to be asked before the decision. */
  readonly lookups?: readonly LookupKind[];
  /** When a provider does not answer: by default calls of consumers go on and are flagged, others are refused. */
  readonly onLookupFailure?: 'flag' | 'block';
  /** Refuse callers of these lists even when they call by themselves. */
  readonly refuseListed?: readonly ('internal' | 'litigator')[];
}

/** What is sold and under which rules. */
export interface Campaign {
  readonly id: string;
  readonly name: string;
  readonly status: 'draft' | 'active' | 'paused' | 'archived';
  readonly currency: Currency;
  readonly auctionType: AuctionType;
  readonly reservePrice: Micros;
  readonly routing: RoutingStrategy;
  /** Milliseconds one target may ring before the next is tried. */
  readonly ringTimeoutMs: number;
  /** Most targets tried for one call. */
  readonly maxAttempts: number;
  /** Milliseconds of conversation after which both legs are ended. */
  readonly maxDurationMs: number;
  /** What the seller earns. */
  readonly payout: PayoutPlan;
  /** What goes before that: the first that fires. */
  readonly conversions?: readonly ConversionRule<PayoutPlan>[] | undefined;
  /** Answered calls that are shorter, in milliseconds from the answer, cost and earn nobody anything; 0 = none are. */
  readonly shortCallMs?: number | undefined;
  /** Calls of one caller allowed per hour before the call is refused; 0 = no limit. */
  readonly velocityPerHour: number;
  /** Where the caller hears ringback from: the buyer's early media, or tones of the caller's own phone. */
  readonly ringback: 'local' | 'early_media';
  readonly duplicates: DuplicatePolicy;
  readonly compliance: CompliancePolicy;
  readonly fraud: FraudPolicy;
  readonly margin: MarginPolicy;
  /** How much of a bid's worth its buyer's record decides: 0 = price alone … 1 = all of it. */
  readonly qualityWeight: number;
  readonly rtb: RtbPolicy;
  /** A caller goes back to the buyer it spoke with within so many milliseconds, if that one may take it; 0 = never. */
  readonly stickyWindowMs: number;
  /** Tag that names the skills a call needs, separated by commas; skill routing goes by it. */
  readonly skillTag: string;
  /** What agents see of a call on their phone; absent: its state alone, the number once answered. */
  readonly card?: CallCardPolicy | undefined;
  /** What is recorded of its conversations, and who hears it; absent: what plans and people ask for, the exchange alone. */
  readonly recording?: RecordingPolicy | undefined;
  /** Name of the dialplan that its calls take, where their number has none; absent: they are sold at once. */
  readonly dialplan?: string | undefined;
}
