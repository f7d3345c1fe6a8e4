import type { Clock, LiveBid } from '../domain';
import type { CallerHasher } from './caller-hash';
import type { Deadlines } from './deadlines';
import type { Endpoints } from './endpoint';
import type { HttpSender } from './http/http-client';
import { OfferCache, offerKey, tagsKey } from './offer-cache';
import { PingRound } from './ping-round';
import type { PingCall, PingPlan, PlannedPing } from './ping-plan';
import type { ReplyRules } from './read-reply';
import { callerHashFor } from './write-request';

export interface PingerSettings {
  readonly replies: ReplyRules;
  /** Pings under way at once, those that are late included. */
  readonly maxInFlight: number;
  /** Milliseconds past its time that a reply is still listened for, so that its lateness is known and its connection kept. */
  readonly lateMs: number;
  /** Milliseconds that a remembered offer must still stand to be used. */
  readonly offerMarginMs: number;
}

export interface PingerParts {
  readonly http: HttpSender;
  readonly endpoints: Endpoints;
  readonly deadlines: Deadlines;
  readonly hasher: CallerHasher;
  readonly clock: Clock;
  /** A name that no other request has. */
  readonly newId: () => string;
  readonly onPing?: (report: PingReport) => void;
}

/** What became of one ping. */
export interface PingReport {
  readonly bidId: string;
  readonly buyerId: string;
  readonly outcome: 'bid' | 'late' | Extract<LiveBid, { ok: false }>['why'];
  readonly latencyMs: number;
}

/** Counts since the start. */
export interface PingFigures {
  readonly rounds: number;
  readonly sent: number;
  readonly bids: number;
  /** Offers that were remembered. */
  readonly cached: number;
  /** Replies that came when the round was over, or their own time. */
  readonly late: number;
  readonly inFlight: number;
  readonly remembered: number;
  /** Milliseconds that the round which missed its deadline by most missed it by. */
  readonly worstOverrunMs: number;
}

/** Asks buyers for live bids: all at once, and never for longer than the campaign allows. */
export class Pinger {
  readonly settings: PingerSettings;
  readonly parts: PingerParts;
  readonly cache = new OfferCache();
  /** Written by the rounds. */
  readonly counts = { rounds: 0, sent: 0, bids: 0, cached: 0, late: 0, inFlight: 0, worstOverrunMs: 0 };

  constructor(settings: PingerSettings, parts: PingerParts) {
    this.settings = settings;
    this.parts = parts;
  }

  get figures(): PingFigures {
    return { ...this.counts, remembered: this.cache.size };
  }

  /**
   * What each buyer of the plan says, in the plan's order: there when all have answered, or when
   * `campaign.rtb.deadlineMs` are over. Replies that come later are counted and belong to nobody.
   * Never rejects.
   */
  ask(call: PingCall, plan: PingPlan): Promise<readonly LiveBid[]> {
    if (plan.pings.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => new PingRound(this, call, plan, resolve).start());
  }

  /** An offer was taken up or taken back: it is not used for another call. */
  forgetOffer(call: Pick<PingCall, 'attempt'>, planned: Pick<PlannedPing, 'bid'>): void {
    const { hasher, clock } = this.parts;
    const key = offerKey(planned.bid.id, callerHashFor(hasher, call, planned, clock.now()), tagsKey(call));
    if (key !== undefined) this.cache.drop(key);
  }
}
