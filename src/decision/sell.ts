import type { BidOutcomes, CapLimit, DidNumber, Campaign, RingTarget, SaleTerms } from '../domain';
import { npaOf, zoneOf } from '../domain';
import { clearingPlan, runAuction } from '../auction';
import type { BidBook, Market } from '../market';
import { findEligible } from '../market';
import { rankByPriority, rankRoundRobin, ringTarget, sourceLimits } from '../routing';
import { LazyBidOutcomes, NO_OUTCOMES } from './bid-outcomes';
import type { Refusal, Screening } from './screen';
import { unsold } from './screen';
import type { DecisionSources } from './sources';

/** More targets than this are never tried for one call, whatever the campaign says. */
const MAX_PLACES = 50;

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
  const { attempt, now, verdict, activity } = screening;
  const { campaign, number } = screening as { campaign: Campaign; number: DidNumber };
  const book = market.bookOf(campaign.id);
  if (!book || book.size === 0) {
    return { ok: false, refusal: unsold('the campaign has no bids'), bids: NO_OUTCOMES };
  }
  const { candidates } = market;
  const { tally } = market.scratch;
  findEligible(
    book,
    {
      now,
      state: verdict?.place.state,
      npa: attempt.from && npaOf(attempt.from),
      attestation: attempt.attestation,
      tags: attempt.tags,
      reserve: campaign.reservePrice,
      duplicateBuyers: activity.recentBuyers.map((id) => market.ordinals.buyer.of(id)),
    },
    sources.blocks,
    candidates,
    market.scratch,
  );
  if (tally.capped.length > 0) screening.activity = { ...activity, capped: tally.capped };
  const eligible = candidates.count;
  const rows: number[] = [];
  const plan = rank(screening, campaign, market, book, rows, seed);
  const bids = LazyBidOutcomes.take(book, tally, rows, eligible);
  if (plan.length === 0) {
    return { ok: false, refusal: unsold(`none of ${book.size} bids may take the call`), bids };
  }
  const terms: SaleTerms = {
    campaignId: campaign.id,
    sellerId: number.sellerId,
    currency: campaign.currency,
    payout: campaign.payout,
  };
  return { ok: true, plan, terms, sourceLimits: limitsOfSource(number, plan, market, now), bids };
}

/** Orders the candidates by the campaign's strategy; writes the rows of the plan into `rows`. */
function rank(
  screening: Screening,
  campaign: Campaign,
  market: Market,
  book: BidBook,
  rows: number[],
  seed: number,
): readonly RingTarget[] {
  const { candidates } = market;
  const places = Math.min(campaign.maxAttempts, MAX_PLACES);
  if (campaign.routing === 'auction') {
    const { auctionType: type, reservePrice: reserve } = campaign;
    return runAuction(candidates, { type, reserve, seed, places }).map(({ row, clearing }) => {
      rows.push(row);
      const bid = book.bidAt(row);
      const charge = { price: clearing, plan: clearingPlan(bid.plan, bid.price, clearing) };
      return ringTarget(bid, charge, campaign, market, screening.now);
    });
  }
  const order =
    campaign.routing === 'priority'
      ? rankByPriority(candidates, seed, places)
      : rankRoundRobin(candidates, screening.activity.cursor, places);
  return order.map((row) => {
    rows.push(row);
    const bid = book.bidAt(row);
    return ringTarget(bid, bid, campaign, market, screening.now);
  });
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
