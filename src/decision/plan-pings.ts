import type {
  Bid,
  CallAttempt,
  CallOrigin,
  Campaign,
  FraudLevel,
  Micros,
  PingSettings,
  Target,
} from '../domain';
import { micros } from '../domain';
import { bidQuery } from './bid-query';
import type { DecisionRequest } from './decide';
import { screen } from './screen';

/** Whom to ask about one call, and what they may be told of it. */
export interface PingRequest {
  readonly call: {
    readonly attempt: CallAttempt;
    readonly origin: CallOrigin | undefined;
    /** Two-letter state that the caller is taken to be in. */
    readonly state: string | undefined;
    /** IANA zone of the caller. */
    readonly timezone: string | undefined;
    readonly fraudLevel: FraudLevel | undefined;
    readonly recorded: boolean;
  };
  readonly plan: {
    readonly campaign: Campaign;
    /** Best expected value first. */
    readonly pings: readonly {
      readonly bid: Bid;
      readonly ping: PingSettings;
      readonly target: Target;
      /** Least that wins. */
      readonly floor: Micros;
      readonly duplicate: boolean;
    }[];
  };
}

/** Beyond what a campaign pings at once, so many more are named: some of the first may not be asked just now. */
const SPARES = 20;

/**
 * The live bids worth asking about a call: only those that may have it, and only of a call that is
 * lawful and honest as far as is known. Undefined when there are none. Pure, as `decide` is.
 */
export function planPings(request: DecisionRequest): PingRequest | undefined {
  const { attempt, market, sources, models, now } = request;
  const campaignId = market.numberByE164(attempt.to)?.campaignId;
  const book = campaignId === undefined ? undefined : market.bookOf(campaignId);
  if (!book || book.pings === 0 || sources.degraded.includes('no_rtb')) return undefined;
  const screening = screen(attempt, market, sources, models, now);
  const { campaign, verdict, activity } = screening;
  if (screening.refusal || !campaign) return undefined;
  const query = bidQuery(screening, market, book, sources);
  const most = campaign.rtb.maxPings + SPARES;
  const bids = market.screen.toPing(book, query, sources.blocks, campaign.qualityWeight, most);
  const known = new Set(activity.recentBuyers);
  const floor = micros(Math.max(query.reserve, Number.isFinite(query.marginFloor) ? query.marginFloor : 0));
  const pings = bids.flatMap((bid) => {
    const target = market.target(bid.targetId);
    const { ping } = bid;
    return target && ping ? [{ bid, ping, target, floor, duplicate: known.has(bid.buyerId) }] : [];
  });
  if (pings.length === 0) return undefined;
  return {
    call: {
      attempt,
      origin: screening.origin,
      state: verdict?.place.state,
      timezone: verdict?.place.zones[0]?.name,
      fraudLevel: screening.fraud?.level,
      recorded: false,
    },
    plan: { campaign, pings },
  };
}
