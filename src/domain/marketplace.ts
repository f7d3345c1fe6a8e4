import type { CallOrigin } from './call';
import type { Currency, Micros } from './money';
import type { E164 } from './phone-number';
import type { RatePlan } from './rate-plan';
import type { WeeklySchedule } from './schedule';

/** A party of the exchange. Buyers pay for calls, sellers supply them, carriers bring them. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly type: 'operator' | 'buyer' | 'seller' | 'carrier';
  readonly status: 'pending' | 'active' | 'suspended' | 'closed';
  readonly currency: Currency;
  /** IANA zone for caps, statements and reports. */
  readonly timezone: string;
}

/** A carrier's way in. */
export interface Trunk {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly status: 'active' | 'disabled';
  /** Source addresses or CIDR blocks, IPv4 or IPv6. */
  readonly sources: readonly string[];
  readonly origin: CallOrigin;
  /** New calls per second; 0 = no limit of its own. */
  readonly maxCps: number;
  /** Calls up at once; 0 = no limit of its own. */
  readonly maxChannels: number;
}

/** A dialled number (DID) that belongs to a campaign and a seller. */
export interface DidNumber {
  readonly id: string;
  readonly number: E164;
  readonly campaignId: string;
  readonly sellerId: string;
  readonly status: 'active' | 'disabled';
}

export type AuctionType = 'first_price' | 'second_price';
/** How a ring plan is ordered. `auction` ranks by price; the others rank by the bid's own settings. */
export type RoutingStrategy = 'auction' | 'priority' | 'round_robin';

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
  readonly payout: RatePlan;
  /** The same caller is a duplicate for this long after a connected call, in milliseconds; 0 = never. */
  readonly duplicateWindowMs: number;
  /** Calls of one caller allowed per hour before the call is refused; 0 = no limit. */
  readonly velocityPerHour: number;
  /** Apply calling hours to consumer-initiated calls as well, as a policy of the campaign. */
  readonly enforceHoursInbound: boolean;
  /** Where the caller hears ringback from: the buyer's early media, or tones of the caller's own phone. */
  readonly ringback: 'local' | 'early_media';
}

/** A buyer of calls; its account pays. */
export interface Buyer {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly status: 'active' | 'paused' | 'archived';
  /** Calls up or ringing at once over all targets; 0 = no limit. */
  readonly maxConcurrent: number;
}

/** Where a buyer answers. */
export interface Target {
  readonly id: string;
  readonly buyerId: string;
  readonly name: string;
  readonly status: 'active' | 'paused' | 'archived';
  readonly kind: 'sip' | 'softphone' | 'pstn';
  /** SIP URI to ring, e.g. `sip:sales@192.0.2.7:5060;transport=tcp`. */
  readonly uri: string;
  /** Calls up or ringing at once; 0 = no limit. */
  readonly maxConcurrent: number;
  /** Overrides the campaign's ring timeout; milliseconds. */
  readonly ringTimeoutMs: number | undefined;
}

/** Which calls a bid wants. An absent list means any. */
export interface BidTargeting {
  /** Two-letter states of the caller. */
  readonly states?: readonly string[];
  /** Area codes of the caller. */
  readonly npas?: readonly string[];
  /** Tag values that the call must carry. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly schedule?: WeeklySchedule;
  /** Attestation levels accepted; a call without one passes only when `null` is listed. */
  readonly attestation?: readonly ('A' | 'B' | 'C' | null)[];
}

/** Most calls a bid takes in each period (calendar periods in the buyer account's zone); 0 or absent = no limit. */
export interface BidCaps {
  readonly hourly?: number;
  readonly daily?: number;
  readonly monthly?: number;
  readonly total?: number;
  readonly concurrent?: number;
}

/** A standing bid: a buyer's offer for the calls of a campaign, delivered to one target. */
export interface Bid {
  readonly id: string;
  readonly campaignId: string;
  readonly buyerId: string;
  readonly targetId: string;
  readonly status: 'active' | 'paused' | 'archived';
  /** What the buyer pays at most. */
  readonly plan: RatePlan;
  /** Expected revenue of one call, that the auction compares: the amount of a per-call plan, the estimate for a per-minute one. */
  readonly price: Micros;
  /** 1 is tried before 10. */
  readonly priority: number;
  /** Share among equals, 1 … 1000. */
  readonly weight: number;
  readonly targeting: BidTargeting;
  readonly caps: BidCaps;
  /** UTC epoch milliseconds after which the bid is void; undefined = stands until withdrawn. */
  readonly expiresAt: number | undefined;
}

/** One number that must not be called, with where that comes from. */
export interface DncEntry {
  readonly number: E164;
  readonly source: 'internal' | 'national' | 'state' | 'litigator';
  /** UTC epoch milliseconds; undefined = permanent. */
  readonly expiresAt: number | undefined;
}
