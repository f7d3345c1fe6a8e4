import type { CallOrigin } from './call';
import type { CapSet } from './caps';
import type { SellerPayout } from './conversion';
import type { Currency } from './money';
import type { E164 } from './phone-number';

/** A party of the exchange. Buyers pay for calls, sellers supply them, carriers bring them. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly type: 'operator' | 'buyer' | 'seller' | 'carrier';
  readonly status: 'pending' | 'active' | 'suspended' | 'closed';
  readonly currency: Currency;
  /** IANA zone for caps, statements and reports. */
  readonly timezone: string;
  /** Whether its calls must be covered by its wallet before they ring; `open` (on account, unlimited) by default. */
  readonly funding?: 'open' | 'wallet' | undefined;
  /** `stopped`: its wallet covers no call at present, so that none is offered to it. */
  readonly funds?: 'ok' | 'stopped' | undefined;
}

/** A carrier's way in. */
export interface Trunk {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly status: 'active' | 'disabled';
  /** Source addresses or CIDR blocks, IPv4 or IPv6. */
  readonly sources: readonly string[];
  /** What its contract says of who starts its calls. */
  readonly origin: CallOrigin;
  /** New calls per second; 0 = no limit of its own. */
  readonly maxCps: number;
  /** Calls up at once; 0 = no limit of its own. */
  readonly maxChannels: number;
  /** The carrier verifies STIR/SHAKEN for us: its verstat and attestation are believed. */
  readonly trustsVerstat: boolean;
}

/** A share in what a seller earns. */
export interface PayoutSplit {
  readonly accountId: string;
  /** Basis points. */
  readonly shareBp: number;
}

/** A seller's (publisher's) contract; its id is that of the seller's account. */
export interface Seller {
  readonly id: string;
  readonly status: 'active' | 'paused' | 'archived';
  /** Who starts its calls, by contract; undefined = the contract is silent, and the trunk's says it. */
  readonly origin: CallOrigin | undefined;
  /** Origins that the seller may claim call by call (`X-Call-Origin`), besides its own. */
  readonly claims: readonly CallOrigin[];
  /** Most calls taken from it. */
  readonly caps: CapSet;
  /** Bid requests a second that it may send; 0 = none. */
  readonly bidRequestsPerSecond: number;
  /** Its own prices, by campaign; else the campaign's hold. */
  readonly payouts?: Readonly<Record<string, SellerPayout>> | undefined;
  /** Other accounts that share in what it earns; the rest is its own. */
  readonly splits?: readonly PayoutSplit[] | undefined;
}

/** A dialled number (DID) that belongs to a campaign and a seller. */
export interface DidNumber {
  readonly id: string;
  readonly number: E164;
  readonly campaignId: string;
  readonly sellerId: string;
  readonly status: 'active' | 'disabled';
  /** Name of the dialplan that its calls take: one of its seller's, else of the exchange; absent: its campaign's. */
  readonly dialplan?: string | undefined;
}

/** How a call is delivered. What a target says goes before what its buyer says, and that before the campaign. */
export interface DeliverySettings {
  /** Milliseconds one target may ring before the next is tried. */
  readonly ringTimeoutMs?: number;
  /** Milliseconds of conversation after which both legs are ended. */
  readonly maxDurationMs?: number;
  /** Where the caller hears ringback from: the buyer's early media, or tones of the caller's own phone. */
  readonly ringback?: 'local' | 'early_media';
}

/** When a buyer that does not answer is paused, and for how long. */
export interface BuyerDiscipline {
  /** Unanswered rings within the window after which its target is paused. */
  readonly unanswered: number;
  readonly windowMs: number;
  /** Milliseconds of the first pause; each further one within a day lasts twice as long, a day at most. */
  readonly pauseMs: number;
}

/** A buyer of calls; its account pays. */
export interface Buyer {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly status: 'active' | 'paused' | 'archived';
  /** Over all its targets. */
  readonly caps: CapSet;
  readonly settings: DeliverySettings | undefined;
  readonly discipline: BuyerDiscipline | undefined;
  /** It does not want its conversations recorded, whatever campaigns and plans say. */
  readonly recording?: 'forbidden' | undefined;
  /** Two-letter states and provinces where its people take calls: the law of recording asks for them. */
  readonly states?: readonly string[] | undefined;
}

/** Where a buyer answers. */
export interface Target {
  readonly id: string;
  readonly buyerId: string;
  readonly name: string;
  readonly status: 'active' | 'paused' | 'archived';
  readonly kind: 'sip' | 'softphone' | 'pstn';
  /** SIP URI to ring, e.g. `sip:sales@192.0.2.7:5060;transport=tcp`; of a softphone, `agent:ID` or `team:ID`. */
  readonly uri: string;
  readonly caps: CapSet;
  readonly settings: DeliverySettings | undefined;
  /** What its people can do, 1 (a little) … 10 (masters), e.g. `{ spanish: 8 }`. */
  readonly skills: Readonly<Record<string, number>> | undefined;
  /** What a minute of delivery there costs the exchange, in micro-units; least-cost routing goes by it. */
  readonly costPerMinute: number;
  /** UTC epoch milliseconds until which discipline keeps it paused. */
  readonly pausedUntil: number | undefined;
  /** Over whose rates it is reached, if a carrier is paid for it. */
  readonly trunkId?: string | undefined;
}
