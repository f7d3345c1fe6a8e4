import type {
  CallAttempt,
  CallEndedRecord,
  Clock,
  Decision,
  Degradation,
  LiveBid,
  RingTarget,
} from './domain';
import { rate } from './billing';
import type { Asked, DecisionRequest, PingRequest, WantedLookups } from './decision';
import { decide, LiveSources, NOTHING_ASKED, planPings, wantedLookups } from './decision';
import type { FraudState, ModelShelf } from './fraud';
import type { LookupService } from './lookups';
import type { Activity, Market } from './market';
import type { LiveBidding, LossReason } from './rtb';
import type { SaleDesk } from './signaling';

export interface SaleDeskParts {
  readonly market: Market;
  readonly activity: Activity;
  readonly fraud: FraudState;
  readonly shelf: ModelShelf;
  readonly lookups: LookupService;
  readonly bidding: LiveBidding;
  readonly clock: Clock;
  /** A 32-bit integer that nobody foresees. */
  readonly seed: () => number;
  /** What is done without now. */
  readonly degraded: () => readonly Degradation[];
}

/** Offers of one call that is not over, so that each buyer learns what became of its own. */
interface Offers {
  readonly request: PingRequest;
  readonly decision: Decision;
  readonly bids: readonly Extract<LiveBid, { ok: true }>[];
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * Where a call is sold: providers and buyers are asked where its campaign wants that, then it is
 * decided. A call about which nobody is to be asked is decided at once, in memory.
 */
export class ExchangeSaleDesk implements SaleDesk {
  readonly #parts: SaleDeskParts;
  readonly #offers = new Map<string, Offers>();

  constructor(parts: SaleDeskParts) {
    this.#parts = parts;
  }

  decide(attempt: CallAttempt): Decision | Promise<Decision> {
    const { market } = this.#parts;
    const degraded = this.#parts.degraded();
    const wanted = degraded.includes('no_lookups') ? undefined : wantedLookups(attempt, market);
    if (wanted) return this.#lookUpFirst(attempt, wanted, degraded);
    const request = this.#request(attempt, NOTHING_ASKED, degraded);
    const pings = planPings(request);
    return pings ? this.#pingFirst(request, pings, NOTHING_ASKED) : this.#settle(decide(request));
  }

  abandoned({ callId }: CallAttempt): void {
    this.#tellBuyers(callId, undefined, NOBODY);
  }

  async confirm(attempt: CallAttempt, target: RingTarget): Promise<boolean> {
    const offers = this.#offers.get(attempt.callId);
    const bid = this.#parts.market.bid(target.bidId);
    const { reference, price } = target;
    if (!offers || !bid || reference === undefined) return reference === undefined;
    const { currency } = offers.request.plan.campaign;
    const call = { callId: attempt.callId, caller: attempt.from, currency };
    return (await this.#parts.bidding.confirm(call, bid, { reference, price })).ok;
  }

  connected(attempt: CallAttempt, target: RingTarget): void {
    const offers = this.#offers.get(attempt.callId);
    const plan = offers?.decision.ok ? offers.decision.plan : [];
    const before = plan.slice(
      0,
      Math.max(
        0,
        plan.findIndex(({ bidId }) => bidId === target.bidId),
      ),
    );
    this.#tellBuyers(attempt.callId, target, new Set(before.map(({ bidId }) => bidId)));
  }

  charge(target: RingTarget, connectedMs: number): { converted: boolean; revenue: number } {
    const revenue = rate(target.plan, connectedMs);
    return { converted: revenue > 0, revenue };
  }

  /** A call is over: buyers whose offers nobody took learn it. */
  ended({ callId, attempts }: CallEndedRecord): void {
    this.#tellBuyers(callId, undefined, new Set(attempts.map(({ bidId }) => bidId)));
  }

  async #lookUpFirst(
    attempt: CallAttempt,
    { kinds, number, consentDate, maxAgeMs }: WantedLookups,
    degraded: readonly Degradation[],
  ): Promise<Decision> {
    const lookups = await this.#parts.lookups.lookup(kinds, number, { consentDate, maxAgeMs });
    const asked = { lookups, liveBids: [] };
    const request = this.#request(attempt, asked, degraded);
    const pings = planPings(request);
    return pings ? this.#pingFirst(request, pings, asked) : this.#settle(decide(request));
  }

  async #pingFirst(request: DecisionRequest, pings: PingRequest, { lookups }: Asked): Promise<Decision> {
    const { attempt, sources } = request;
    const liveBids = await this.#parts.bidding.ask(pings.call, pings.plan);
    const decision = decide(this.#request(attempt, { lookups, liveBids }, sources.degraded));
    const bids = liveBids.filter((bid) => bid.ok);
    if (bids.length > 0) this.#offers.set(attempt.callId, { request: pings, decision, bids });
    return this.#settle(decision);
  }

  #request(attempt: CallAttempt, asked: Asked, degraded: readonly Degradation[]): DecisionRequest {
    const { market, activity, fraud, shelf, clock, seed } = this.#parts;
    return {
      attempt,
      market,
      sources: new LiveSources(market, activity, fraud, asked, degraded),
      models: shelf.of(market.models),
      now: clock.now(),
      seed: seed(),
    };
  }

  #settle(decision: Decision): Decision {
    this.#parts.activity.recordDecision(decision);
    return decision;
  }

  /** @param rung - bids whose target was rung in vain */
  #tellBuyers(callId: string, winner: RingTarget | undefined, rung: ReadonlySet<string>): void {
    const offers = this.#offers.get(callId);
    if (!offers) return;
    this.#offers.delete(callId);
    const { market, bidding } = this.#parts;
    const { call, plan } = offers.request;
    for (const { bidId, reference, price } of offers.bids) {
      const bid = market.bid(bidId);
      if (!bid) continue;
      const won = winner?.bidId === bidId;
      bidding.tell(
        call,
        plan.campaign.currency,
        bid,
        { reference, price: won ? winner.price : price },
        won ? { won } : { won, reason: lossOf(offers.decision, bidId, winner, rung) },
      );
    }
  }
}

/** Why an offer did not get the call. */
function lossOf(
  decision: Decision,
  bidId: string,
  winner: RingTarget | undefined,
  rung: ReadonlySet<string>,
): Exclude<LossReason, 'won'> {
  if (!decision.ok) return 'not_eligible';
  if (rung.has(bidId)) return 'not_answered';
  if (decision.plan.some((target) => target.bidId === bidId)) return winner ? 'outbid' : 'caller_gone';
  const outcome = decision.trace.bids.listed.find((bid) => bid.bidId === bidId)?.ineligible;
  if (outcome === 'below_reserve' || outcome === 'margin') return 'below_floor';
  return outcome === undefined || outcome === 'over_max_attempts' || outcome === 'same_target'
    ? 'outbid'
    : 'not_eligible';
}
