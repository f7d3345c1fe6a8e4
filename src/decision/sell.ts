import type { BidOutcomes, CapLimit, DidNumber, Campaign, RingTarget, SaleTerms } from '../domain';
import { zoneOf } from '../domain';
import type { Market } from '../market';
import { sourceLimits } from '../routing';
import { LazyBidOutcomes, NO_OUTCOMES } from './bid-outcomes';
import { bidQuery } from './bid-query';
import { ringPlan } from './ring-plan';
import type { Refusal, Screening } from './screen';
import { unsold } from './screen';
import { sellerPrice } from './seller-price';
import type { DecisionSources } from './sources';

/** What came of offering a call to the bids of its campaign. */
export type Sale =
  | {
      readonly ok: true;
      readonly plan: readonly RingTarget[];
      readonly terms: SaleTerms;
      readonly sourceLimits: readonly CapLimit[];
      readonly bids: BidOutcomes;
    }
  | { readonly ok: false; readonly refusal: Refusal; readonly bids: BidOutcomes };

/** Finds who may have a screened call, in which order, and what each would pay. Pure. */
export function sell(screening: Screening, market: Market, sources: DecisionSources, seed: number): Sale {
  const { now, activity } = screening;
  const { campaign, number } = screening as { campaign: Campaign; number: DidNumber };
  const book = market.bookOf(campaign.id);
  if (!book || book.size === 0) {
    return { ok: false, refusal: unsold('the campaign has no bids'), bids: NO_OUTCOMES };
  }
  const query = bidQuery(screening, market, book, sources);
  market.screen.run(book, query, sources.blocks);
  const { candidates, fallbacks, tally } = market.screen;
  if (tally.capped.length > 0) {
    // By id: the order of rows tells how the market came to be.
    const capped = tally.capped.sort((a, b) => (a.bidId < b.bidId ? -1 : 1));
    screening.activity = { ...activity, capped };
  }
  const { reservation } = sources;
  // Whom it was reserved with goes before whom the caller spoke with last.
  const reserved = reservation?.ok ? reservation : undefined;
  const simple = sources.degraded.includes('simple_routing');
  const known = simple ? undefined : activity.lastBuyer;
  const lastBuyer = (reserved && market.bid(reserved.bidId)?.buyerId) ?? known;
  const rules = simple ? byPriceAlone(campaign) : campaign;
  const plan = ringPlan({ campaign: rules, market, book, query, lastBuyer, activity, seed });
  const eligible = candidates.count + fallbacks.count;
  const bids = LazyBidOutcomes.take(book, tally, plan, eligible, sources.liveBids);
  if (plan.targets.length === 0) {
    return { ok: false, refusal: unsold(`none of ${book.size} bids may take the call`), bids };
  }
  return {
    ok: true,
    plan: plan.targets,
    terms: saleTerms(campaign, number, market, reservation),
    sourceLimits: limitsOfSource(number, plan.targets, market, now),
    bids,
  };
}

/** What is promised to the seller and those who share with it: frozen into the sale, whatever changes later. */
function saleTerms(
  campaign: Campaign,
  { sellerId }: DidNumber,
  market: Market,
  reservation: DecisionSources['reservation'],
): SaleTerms {
  const { plan, conversions } = sellerPrice(campaign, sellerId, market, reservation);
  const splits = market.seller(sellerId)?.splits;
  const { shortCallMs = 0 } = campaign;
  return {
    campaignId: campaign.id,
    sellerId,
    currency: campaign.currency,
    payout: plan,
    ...(conversions === undefined ? {} : { conversions }),
    ...(shortCallMs > 0 ? { shortCallMs } : {}),
    ...(splits === undefined ? {} : { splits }),
  };
}

/** A campaign that does without everything that was learned, and without strategies. */
function byPriceAlone(campaign: Campaign): Campaign {
  return { ...campaign, routing: 'auction', qualityWeight: 0 };
}

/** The seller's own caps, in the periods of its account's zone. */
function limitsOfSource(
  { sellerId }: DidNumber,
  plan: readonly RingTarget[],
  market: Market,
  now: number,
): readonly CapLimit[] {
  const seller = market.seller(sellerId);
  const account = market.account(sellerId);
  return seller && account ? sourceLimits(seller, zoneOf(account.timezone), now, plan) : [];
}
