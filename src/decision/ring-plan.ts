import type { ActivityFacts, Bid, Campaign, LiveBid, Micros, RingTarget } from '../domain';
import { runAuction } from '../auction';
import type { BidBook, BidQuery, Candidates, Market } from '../market';
import { scalePlan } from '../rating';
import type { Charge, RoutingTerms } from '../routing';
import {
  rankByCost,
  rankByPerformance,
  rankByPriority,
  rankBySkill,
  rankByWeight,
  neededSkills,
  rankRoundRobin,
  ringTarget,
} from '../routing';
import { micros } from '../domain';
import { isFreeDuplicate } from './duplicates';

/** More targets than this are never tried for one call, whatever the campaign says. */
const MAX_PLACES = 50;

/** What the ring plan of one call is made of. */
export interface PlanRequest {
  readonly campaign: Campaign;
  readonly market: Market;
  readonly book: BidBook;
  /** What the bids were asked; the market's screen holds who may take the call. */
  readonly query: BidQuery;
  /** The buyer the caller spoke with last. */
  readonly lastBuyer: string | undefined;
  /** What is known of the caller, and where the campaign's round robin stands. */
  readonly activity: ActivityFacts;
  readonly seed: number;
}

/** Bids in the order they are to be rung. */
export interface RingPlan {
  readonly targets: readonly RingTarget[];
  /** Rows of the book, and what each offered for the call. */
  readonly rows: readonly number[];
  readonly offers: readonly number[];
}

/** A bid in its place. */
interface Entry {
  readonly row: number;
  readonly offer: number;
  readonly price: Micros;
}

/**
 * Orders the bids that may take a call by the campaign's strategy. The bids of the caller's last
 * buyer come first, each strategy aside; those kept for the case that nobody else answers come last,
 * ranked among themselves.
 */
export function ringPlan(request: PlanRequest): RingPlan {
  const { campaign, market, book, query, lastBuyer, activity } = request;
  const { screen } = market;
  const places = Math.min(campaign.maxAttempts, MAX_PLACES);
  const first = lastBuyer === undefined ? -1 : market.ordinals.buyer.of(lastBuyer);
  const plan = rank(request, screen.candidates, places, first);
  if (plan.length < places && screen.fallbacks.count > 0) {
    const rung = new Set(plan.map(({ row }) => book.columns.target[row]));
    // As many more as may be in the plan already.
    for (const entry of rank(request, screen.fallbacks, places + plan.length, -1)) {
      if (plan.length < places && !rung.has(book.columns.target[entry.row])) plan.push(entry);
    }
  }
  return {
    targets: plan.map((entry) => {
      const bid = book.bidAt(entry.row);
      const free = isFreeDuplicate(campaign, activity, bid) ? ('duplicate' as const) : undefined;
      const charge = { ...chargeOf(bid, entry, query.liveBids), free };
      const target = ringTarget(bid, charge, campaign, market, query.now);
      return target.kind === 'softphone' ? withSkills(target, request) : target;
    }),
    rows: plan.map(({ row }) => row),
    offers: plan.map(({ offer }) => offer),
  };
}

/** People are chosen when they are rung, by what the call asks for however it was routed. */
function withSkills(target: RingTarget, { campaign, query: { tags, skills } }: PlanRequest): RingTarget {
  const key = campaign.skillTag;
  const asked = Object.hasOwn(tags, key) ? tags[key] : undefined;
  const needed = skills.length > 0 ? skills : neededSkills(asked);
  return needed.length > 0 ? { ...target, skills: needed } : target;
}

function rank(request: PlanRequest, candidates: Candidates, places: number, first: number): Entry[] {
  const { campaign, book, query, seed } = request;
  const { rows, offers } = candidates;
  const entry = (index: number, price?: Micros): Entry => {
    const offer = offers[index] as number;
    return { row: rows[index] as number, offer, price: price ?? micros(offer) };
  };
  if (candidates.count === 0) return [];
  if (campaign.routing === 'auction') {
    const floor = micros(Math.max(query.reserve, query.marginFloor));
    book.records.weigh(campaign.qualityWeight);
    const terms = { type: campaign.auctionType, floor, seed, places, first };
    return runAuction(candidates, book.records, terms).map(({ index, clearing }) => entry(index, clearing));
  }
  return route(request, candidates, { seed, places, first }).map((index) => entry(index));
}

function route(request: PlanRequest, candidates: Candidates, terms: RoutingTerms): number[] {
  const { campaign, book, query, activity } = request;
  switch (campaign.routing) {
    case 'priority':
      return rankByPriority(candidates, terms);
    case 'weighted':
      return rankByWeight(candidates, terms);
    case 'round_robin':
      return rankRoundRobin(candidates, terms, activity.cursor);
    case 'skill': {
      const levels = query.skills.flatMap((skill) => book.targets.levelsOf(skill) ?? []);
      return rankBySkill(candidates, terms, levels);
    }
    case 'least_cost':
      return rankByCost(candidates, terms, book.targets.costPerMinute);
    case 'performance':
      return rankByPerformance(candidates, terms, book.records);
    case 'auction':
      throw new RangeError('an auction is no routing strategy without prices');
  }
}

/**
 * What a bid pays: its own plan, or that of its live answer, at the price it was sold for. Its conversions
 * are what the buyer said it pays for them: no auction changes them.
 */
function chargeOf(bid: Bid, { price }: Entry, liveBids: readonly LiveBid[]): Charge {
  const live = bid.ping && liveBids.find(({ bidId }) => bidId === bid.id);
  const { conversions } = bid;
  if (!live?.ok) return { price, plan: scalePlan(bid.plan, bid.price, price), conversions };
  return {
    price,
    plan: scalePlan(live.plan, live.price, price),
    conversions,
    reference: live.reference,
    uri: live.uri,
  };
}
