import type { CallAttempt, Clock, RingTarget } from '../domain';
import { micros } from '../domain';
import type { PlanFacts } from '../dialplan';
import { LiveSources, NOTHING_ASKED, screen } from '../decision';
import { deliverySettings } from '../routing';
import type { CallbackRequest, CallPlan, PlanDesk } from '../signaling';
import type { KnownMarket } from './known-market';
import type { PlanShelf } from './plan-shelf';

export interface PlanDeskParts {
  readonly shelf: Pick<PlanShelf, 'planFor'>;
  readonly known: Pick<KnownMarket, 'market' | 'activity' | 'fraud' | 'shelf'>;
  readonly clock: Clock;
  /** Notes that somebody wants to be called. Never rejects; false where that number may not be called. */
  readonly callback: (request: CallbackRequest) => Promise<boolean>;
}

/** The plans of this exchange's calls, and what they may branch on. */
export class ExchangePlanDesk implements PlanDesk {
  readonly #parts: PlanDeskParts;

  constructor(parts: PlanDeskParts) {
    this.#parts = parts;
  }

  planOf({ to }: CallAttempt): CallPlan | undefined {
    const { market } = this.#parts.known;
    const number = market.numberByE164(to);
    const campaign = number && market.campaign(number.campaignId);
    // What is out of service is told so to the carrier, before anybody is answered.
    if (!number || !campaign || number.status !== 'active' || campaign.status !== 'active') return undefined;
    if (number.dialplan === undefined && campaign.dialplan === undefined) return undefined;
    const { sellerId } = number;
    const plan = this.#parts.shelf.planFor(number.dialplan, campaign.dialplan, sellerId);
    return plan && { ...plan, source: { campaignId: campaign.id, sellerId } };
  }

  /** As the auction will see it, but for what is asked of others: its own score may be another one. */
  factsOf(attempt: CallAttempt): PlanFacts {
    const { market, activity, fraud, shelf } = this.#parts.known;
    const sources = new LiveSources(market, activity, fraud, NOTHING_ASKED);
    const models = shelf.of(market.models);
    const screening = screen(attempt, market, sources, models, this.#parts.clock.now());
    return { tags: attempt.tags, score: screening.fraud?.score, attestation: attempt.attestation };
  }

  target({ to }: CallAttempt, targetId: string): RingTarget | undefined {
    const { market } = this.#parts.known;
    const number = market.numberByE164(to);
    const campaign = number && market.campaign(number.campaignId);
    const target = market.target(targetId);
    const buyer = target && market.buyer(target.buyerId);
    if (!campaign || target?.status !== 'active' || buyer?.status !== 'active') return undefined;
    return {
      bidId: '',
      buyerId: buyer.id,
      buyerAccountId: buyer.accountId,
      targetId,
      kind: target.kind,
      uri: target.uri,
      ...deliverySettings(campaign, buyer, target),
      ...(target.trunkId === undefined ? {} : { trunkId: target.trunkId }),
      // Nobody bid for the call: nobody is billed for it, and it counts for no cap.
      plan: { kind: 'per_call', amount: micros(0), afterMs: 0 },
      price: micros(0),
      reference: undefined,
      reservations: [],
    };
  }

  callback(request: CallbackRequest): Promise<boolean> {
    return this.#parts.callback(request);
  }
}
