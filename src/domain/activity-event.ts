import type { CallOrigin } from './call';
import type { Micros } from './money';
import type { E164 } from './phone-number';

/** Where a call came from: what every event of it says. */
export interface CallSource {
  /** UTC epoch milliseconds of what happened. */
  readonly at: number;
  /** Undefined when withheld or not a number. */
  readonly caller: E164 | undefined;
  readonly did: E164;
  readonly trunkId: string;
  readonly sellerId: string | undefined;
  readonly campaignId: string | undefined;
  readonly origin: CallOrigin;
}

/** A call came in. */
export interface AttemptEvent extends CallSource {
  readonly kind: 'attempt';
  /** The place claimed for the caller is none its number may be of. */
  readonly placeContradicted: boolean;
  /** Its PASSporTs did not stand: failed, stale, replayed or of another number. */
  readonly misidentified: boolean;
  /** Its carrier vouches for caller and number: attestation A. */
  readonly signed: boolean;
}

/** A buyer answered. */
export interface ConnectedEvent extends CallSource {
  readonly kind: 'connected';
  readonly buyerId: string;
  readonly targetId: string;
}

/** A call is over. */
export interface EndedEvent extends CallSource {
  readonly kind: 'ended';
  /** Who took it; undefined when nobody did. */
  readonly buyerId: string | undefined;
  readonly targetId: string | undefined;
  /** Milliseconds from the first ring to the answer or the end; undefined when nobody was rung. */
  readonly ringMs: number | undefined;
  readonly answered: boolean;
  readonly connectedMs: number;
  readonly endedBy: 'caller' | 'buyer' | 'exchange';
  /** The buyer owes for it. */
  readonly converted: boolean;
  readonly revenue: Micros;
  /** Connected milliseconds from which the seller is paid; undefined when that depends on none. */
  readonly payoutAfterMs: number | undefined;
}

/** What nodes tell each other of calls, so that each knows what came in over all of them. */
export type ActivityEvent = AttemptEvent | ConnectedEvent | EndedEvent;
