import type { CapSet } from './caps';
import type { Micros } from './money';
import type { ConversionRule } from './conversion';
import type { RatePlan } from './rate-plan';
import type { WeeklySchedule } from './schedule';

/** What a tag of the call must be: one value, one of several, or any at all (`'*'`). */
export type TagRule = string | readonly string[];

/** Which calls a bid wants. An absent list means any. */
export interface BidTargeting {
  /** Two-letter states of the caller. */
  readonly states?: readonly string[];
  /** Area codes of the caller. */
  readonly npas?: readonly string[];
  /** Five-digit ZIP codes. */
  readonly zips?: readonly string[];
  /** Within so many miles of the centre of a ZIP code. */
  readonly near?: { readonly zip: string; readonly miles: number };
  /** Values that the call must carry. */
  readonly tags?: Readonly<Record<string, TagRule>>;
  readonly schedule?: WeeklySchedule;
  /** Attestation levels accepted; a call without one passes only when `null` is listed. */
  readonly attestation?: readonly ('A' | 'B' | 'C' | null)[];
  /** Two-letter languages (tag `language`); a call that does not say is taken for `en`. */
  readonly languages?: readonly string[];
  /** Line types accepted; a call whose line type nobody looked up passes only when `unknown` is listed. */
  readonly lineTypes?: readonly ('mobile' | 'landline' | 'voip' | 'unknown')[];
  /** Sellers not bought from. */
  readonly excludedSellers?: readonly string[];
}

/** Changes the price of a bid for some calls; all that fit are multiplied. */
export interface BidModifier {
  /** Basis points of the price: 12,000 pays a fifth more, 0 does not bid. */
  readonly factorBp: number;
  readonly states?: readonly string[];
  readonly npas?: readonly string[];
  readonly sellers?: readonly string[];
  readonly tags?: Readonly<Record<string, TagRule>>;
  readonly schedule?: WeeklySchedule;
}

/** Where a live bid is asked for. */
export interface PingSettings {
  /** HTTPS, or HTTP to a place the configuration allows. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** Milliseconds this buyer has at most; it is asked for less when it is usually faster. */
  readonly timeoutMs: number;
  /** Requests a second at most; 0 = no limit of its own. */
  readonly perSecond: number;
  /** The caller's number goes along before anything is won; otherwise its area code and exchange and a keyed hash. */
  readonly showCaller: boolean;
  /** Secret that signs requests (HMAC-SHA-256), if any. */
  readonly secret: string | undefined;
  /** Sent again before ringing, so that the buyer confirms. */
  readonly confirmUrl: string | undefined;
  /** Told of wins and losses. */
  readonly noticeUrl: string | undefined;
}

/** A standing bid: a buyer's offer for the calls of a campaign, delivered to one target. */
export interface Bid {
  readonly id: string;
  readonly campaignId: string;
  readonly buyerId: string;
  readonly targetId: string;
  readonly status: 'active' | 'paused' | 'archived';
  /** What the buyer pays at most; of a live bid, what its price is written into. */
  readonly plan: RatePlan;
  /** What goes before the plan: the first that fires. */
  readonly conversions?: readonly ConversionRule[] | undefined;
  /** Expected revenue of one call, that the auction compares: the amount of a per-call plan, the estimate for a per-minute one. Of a live bid: the most it may say. */
  readonly price: Micros;
  /** 1 is tried before 10. */
  readonly priority: number;
  /** Share among equals, 1 … 1000. */
  readonly weight: number;
  readonly targeting: BidTargeting;
  readonly caps: CapSet;
  /** UTC epoch milliseconds after which the bid is void; undefined = stands until withdrawn. */
  readonly expiresAt: number | undefined;
  /** At most 100. */
  readonly modifiers: readonly BidModifier[];
  /** Ask for the price call by call. */
  readonly ping: PingSettings | undefined;
  /** Rung only when no other bid may take the call. */
  readonly fallback: boolean;
}
