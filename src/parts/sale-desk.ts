import { callCard } from './call-card';
import type {
  CallAttempt,
  CallCard,
  CallEndedRecord,
  Clock,
  Decision,
  Degradation,
  E164,
  LiveBid,
  LookupFact,
  ReservationFact,
  RingTarget,
  Sale,
} from '../domain';
import type { Asked, DecisionRequest, PingRequest, WantedLookups } from '../decision';
import { decide, LiveSources, NOTHING_ASKED, planPings, wantedLookups } from '../decision';
import type { FraudState, ModelShelf } from '../fraud';
import type { LookupService } from '../lookups';
import type { Activity, Market } from '../market';
import { revenueAtEnd } from '../rating';
import type { Claim, LiveBidding, LossReason, Reservations } from '../rtb';
import type { SaleDesk } from '../signaling';

export interface SaleDeskParts {
  readonly market: Market;
  readonly activity: Activity;
  readonly fraud: FraudState;
  readonly shelf: ModelShelf;
  readonly lookups: LookupService;
  readonly bidding: LiveBidding;
  readonly reservations: Reservations;
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
    const { reservations } = this.#parts;
    const degraded = this.#parts.degraded();
    const reserved = attempt.reservation !== undefined || reservations.concerns(attempt.to);
    const wanted = this.#wanted(attempt, degraded);
    if (reserved || wanted) return this.#askFirst(attempt, wanted, reserved, degraded);
    const request = this.#request(attempt, NOTHING_ASKED, degraded);
    const pings = planPings(request);
    return pings ? this.#pingFirst(request, pings, NOTHING_ASKED) : this.#settle(decide(request));
  }

  /** What would become of a call, for a seller that asks before it sends one. Nothing is recorded of it. */
  async quote(attempt: CallAttempt): Promise<Decision> {
    const degraded = this.#parts.degraded();
    const wanted = this.#wanted(attempt, degraded);
    const asked: Asked = { ...NOTHING_ASKED, lookups: await this.#lookUp(wanted) };
    const request = this.#request(attempt, asked, degraded);
    const pings = planPings(request);
    if (!pings) return decide(request);
    const liveBids = await this.#parts.bidding.ask(pings.call, pings.plan);
    return decide(this.#request(attempt, { ...asked, liveBids }, degraded));
  }

  async reservedNumber(user: string): Promise<E164 | undefined> {
    return (await this.#parts.reservations.find(user).catch(() => undefined))?.number;
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

  card(attempt: CallAttempt, target: RingTarget, answered: boolean): CallCard {
    return callCard(this.#parts.market, attempt, target, answered);
  }

  connected(attempt: CallAttempt, target: RingTarget): void {
    const offers = this.#offers.get(attempt.callId);
    const rung = new Set<string>();
    for (const { bidId } of offers?.decision.ok ? offers.decision.plan : []) {
      if (bidId === target.bidId) break;
      rung.add(bidId);
    }
    this.#tellBuyers(attempt.callId, target, rung);
  }

  charge(sale: Sale, connectedMs: number): { converted: boolean; revenue: number } {
    const revenue = revenueAtEnd(sale, connectedMs);
    return { converted: revenue > 0, revenue };
  }

  /** A call is over: buyers whose offers nobody took learn it. */
  ended({ callId, attempts }: CallEndedRecord): void {
    this.#tellBuyers(callId, undefined, new Set(attempts.map(({ bidId }) => bidId)));
  }

  async #askFirst(
    attempt: CallAttempt,
    wanted: WantedLookups | undefined,
    reserved: boolean,
    degraded: readonly Degradation[],
  ): Promise<Decision> {
    const [claim, lookups] = await Promise.all([
      reserved ? this.#parts.reservations.claim(attempt, attempt.reservation) : undefined,
      this.#lookUp(wanted),
    ]);
    const asked: Asked = { reservation: factOf(claim), lookups, liveBids: this.#standing(claim) };
    const request = this.#request(attempt, asked, degraded);
    const pings = planPings(request);
    if (!pings) return this.#settle(decide(request));
    return asked.liveBids.length > 0
      ? this.#offered(decide(request), pings, asked.liveBids)
      : this.#pingFirst(request, pings, asked);
  }

  #wanted(attempt: CallAttempt, degraded: readonly Degradation[]): WantedLookups | undefined {
    return degraded.includes('no_lookups') ? undefined : wantedLookups(attempt, this.#parts.market);
  }

  async #lookUp(wanted: WantedLookups | undefined): Promise<readonly LookupFact[]> {
    if (!wanted) return [];
    const { kinds, number, consentDate, maxAgeMs } = wanted;
    return this.#parts.lookups.lookup(kinds, number, { consentDate, maxAgeMs });
  }

  /** What buyers offered when the call was reserved, as far as it still stands. */
  #standing(claim: Claim | undefined): readonly LiveBid[] {
    if (!claim?.ok) return [];
    const now = this.#parts.clock.now();
    return claim.reservation.liveBids.filter((bid) => !bid.ok || bid.expiresAt > now);
  }

  async #pingFirst(request: DecisionRequest, pings: PingRequest, asked: Asked): Promise<Decision> {
    const { attempt, sources } = request;
    const liveBids = await this.#parts.bidding.ask(pings.call, pings.plan);
    const decision = decide(this.#request(attempt, { ...asked, liveBids }, sources.degraded));
    return this.#offered(decision, pings, liveBids);
  }

  /** Keeps the offers until their buyers are to be told what became of them. */
  #offered(decision: Decision, request: PingRequest, liveBids: readonly LiveBid[]): Decision {
    const bids = liveBids.filter((bid) => bid.ok);
    if (bids.length > 0) this.#offers.set(request.call.attempt.callId, { request, decision, bids });
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

function factOf(claim: Claim | undefined): ReservationFact | undefined {
  if (!claim?.ok) return claim;
  const { id, bidId, payout, conversions } = claim.reservation;
  return { ok: true, id, bidId, payout, ...(conversions === undefined ? {} : { conversions }) };
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
