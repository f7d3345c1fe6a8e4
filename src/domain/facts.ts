import type { CapReason } from './caps';
import type { Consent } from './consent';
import type { IneligibleReason } from './decision';
import type { Micros } from './money';
import type { RatePlan } from './rate-plan';
import type { Reservation, ReservationProblem } from './reservation';

/** Lists of numbers that are looked at. */
export const NUMBER_LISTS = ['internal', 'national', 'state', 'litigator', 'reassigned'] as const;
export type NumberList = (typeof NUMBER_LISTS)[number];

/** A list names the caller. */
export interface ListHit {
  readonly list: NumberList;
  /** Of a state's list. */
  readonly state?: string;
  /** UTC epoch milliseconds since when: of a reassigned number, the end of its former holder's service. */
  readonly since?: number;
}

/** How old an imported list is: none may be older than 31 days when it is relied on (47 CFR 64.1200(c)(2)(i)(D)). */
export interface ListAge {
  readonly list: NumberList;
  readonly state?: string;
  /** Name of the version that was read. */
  readonly version: string;
  /** UTC epoch milliseconds at which its source was as it says. */
  readonly asOf: number;
}

export const LOOKUP_KINDS = ['dnc', 'litigator', 'reassigned', 'line_type'] as const;
export type LookupKind = (typeof LOOKUP_KINDS)[number];

/** What a provider said before the decision, which itself waits for nobody. */
export interface LookupFact {
  readonly kind: LookupKind;
  readonly provider: string;
  /** `unavailable`: no answer in time, or its circuit is open. */
  readonly answer: 'listed' | 'clear' | 'no_data' | 'unavailable';
  /** e.g. `mobile` of a line type; of a reassigned number the ISO 8601 date since when, where it is told. */
  readonly value?: string;
  /** UTC epoch milliseconds of the provider's answer, which may come from the cache. */
  readonly at: number;
  readonly cached: boolean;
  readonly latencyMs: number;
}

/** What compliance read of the person besides the attempt and the market. */
export interface ComplianceFacts {
  readonly hits: readonly ListHit[];
  readonly lists: readonly ListAge[];
  /** Consents of this number, revoked and expired ones as well; at most 20, newest first. */
  readonly consents: readonly Consent[];
  /** Calls that were made to this person in the 24 hours before, this one not counted. */
  readonly contactsInLast24h: number;
  /** Those of the last 8 hours, where they are counted apart; all of the 24 hours otherwise. */
  readonly contactsInLast8h?: number;
  readonly lookups: readonly LookupFact[];
}

/** Numbers that the fraud score is made of, by name, as they were when it was made. */
export type FraudSignals = Readonly<Record<string, number>>;

/** What a buyer answered to a ping. */
export type LiveBid =
  | {
      readonly bidId: string;
      readonly ok: true;
      readonly price: Micros;
      /** What the buyer pays if it gets the call. */
      readonly plan: RatePlan;
      /** The buyer's own name for its offer, for confirmation and notices. */
      readonly reference: string;
      /** Where to ring, when the buyer named a place; its standing target otherwise. */
      readonly uri: string | undefined;
      /** UTC epoch milliseconds until which the offer stands. */
      readonly expiresAt: number;
      readonly latencyMs: number;
    }
  | {
      readonly bidId: string;
      readonly ok: false;
      readonly why: Extract<IneligibleReason, `rtb_${string}`>;
      /** The buyer's no-bid reason, or what was wrong with its reply. */
      readonly detail: string;
      readonly latencyMs: number;
    };

/** A cap that kept a bid out of a plan. */
export interface CapHint {
  readonly bidId: string;
  readonly reason: IneligibleReason;
}

/** What the decision read of the calls before this one. */
export interface ActivityFacts {
  /** Calls of this caller in the last hour, this one not counted. */
  readonly attemptsInLastHour: number;
  /** Buyers and targets this caller was connected to, or converted with, within the campaign's duplicate window. */
  readonly recentBuyers: readonly string[];
  readonly recentTargets: readonly string[];
  /** The buyer this caller spoke with last, within the campaign's sticky window. */
  readonly lastBuyer: string | undefined;
  /** Where the campaign's round robin stood. */
  readonly cursor: number;
  /** Caps seen exhausted; at most 200 are kept. */
  readonly capped: readonly CapHint[];
  /** A cap of the seller that was seen exhausted. */
  readonly sourceCap: CapReason | undefined;
}

export const NO_ACTIVITY: ActivityFacts = {
  attemptsInLastHour: 0,
  recentBuyers: [],
  recentTargets: [],
  lastBuyer: undefined,
  cursor: 0,
  capped: [],
  sourceCap: undefined,
};

/** The reservation a call takes up, or why it does not get the one it names. */
export type ReservationFact =
  | (Pick<Reservation, 'id' | 'bidId' | 'payout' | 'conversions'> & { readonly ok: true })
  | { readonly ok: false; readonly problem: ReservationProblem };

/** Parts that an operator has switched off, or that are off by themselves for now. */
export const DEGRADATIONS = ['simple_routing', 'no_rtb', 'no_fraud', 'no_lookups', 'no_analytics'] as const;
export type Degradation = (typeof DEGRADATIONS)[number];

/** Everything a decision read besides the market: stored with it, so that it can be made again. */
export interface DecisionFacts {
  readonly activity: ActivityFacts;
  readonly compliance: ComplianceFacts;
  readonly fraud: FraudSignals;
  /** Answers to pings; empty where nobody was asked. */
  readonly liveBids: readonly LiveBid[];
  /** Undefined of a call that is for none. */
  readonly reservation: ReservationFact | undefined;
  readonly degraded: readonly Degradation[];
}
