import type {
  ActivityFacts,
  BidOutcomes,
  CallAttempt,
  Campaign,
  Decision,
  DecisionTrace,
  DidNumber,
  Finding,
  RingTarget,
} from '../domain';
import { clearingPlan, runAuction } from '../auction';
import type { ComplianceVerdict } from '../compliance';
import { screenCompliance } from '../compliance';
import { npaOf } from '../domain';
import type { FraudVerdict } from '../fraud';
import { scoreFraud } from '../fraud';
import type { ActivityView, BidBook, Market } from '../market';
import { findEligible } from '../market';
import { rankByPriority, rankRoundRobin, ringTarget } from '../routing';
import { LazyBidOutcomes, NO_OUTCOMES } from './bid-outcomes';

/** More targets than this are never tried for one call, whatever the campaign says. */
const MAX_PLACES = 50;
const NO_ACTIVITY: ActivityFacts = { attemptsInLastHour: 0, recentBuyers: [], cursor: 0, capped: [] };

/** What has been found out so far; turned into the trace at whichever point the decision ends. */
interface Course {
  readonly attempt: CallAttempt;
  readonly now: number;
  readonly seed: number;
  readonly marketVersion: number;
  campaignId: string | undefined;
  findings: readonly Finding[];
  fraud: FraudVerdict | undefined;
  activity: ActivityFacts;
  bids: BidOutcomes;
}

/**
 * Decides what becomes of a call: refused with a reason, or sold by a ring plan. Pure: the same
 * attempt, market, activity, instant and seed give the same decision. It records nothing: tell
 * `Activity.recordDecision` afterwards.
 *
 * @param now - UTC epoch milliseconds
 * @param seed - 32-bit integer that breaks ties; draw one a call
 */
export function decide(
  attempt: CallAttempt,
  market: Market,
  activity: ActivityView,
  now: number,
  seed: number,
): Decision {
  const course: Course = {
    attempt,
    now,
    seed,
    marketVersion: market.version,
    campaignId: undefined,
    findings: [],
    fraud: undefined,
    activity: NO_ACTIVITY,
    bids: NO_OUTCOMES,
  };
  const number = market.numberByE164(attempt.to);
  const campaign = number && market.campaign(number.campaignId);
  if (!number || !campaign || number.status !== 'active') {
    return refuse(course, 'unknown_number', 404, 'the number is not in service');
  }
  course.campaignId = campaign.id;
  if (campaign.status !== 'active')
    return refuse(course, 'no_buyer', 480, `the campaign is ${campaign.status}`);
  const seller = market.account(number.sellerId);
  if (seller && seller.status !== 'active')
    return refuse(course, 'no_buyer', 480, `the seller is ${seller.status}`);

  const compliance = screenCompliance(attempt, campaign, market, now);
  course.findings = compliance.findings;
  if (compliance.blocked) {
    return refuse(course, 'compliance', 603, `${compliance.blocked.rule}: ${compliance.blocked.detail}`);
  }
  course.activity = activityFacts(attempt, campaign, activity, now);
  const fraud = scoreFraud(attempt, campaign, {
    number: compliance.caller?.kind ?? 'withheld',
    placeContradicted: compliance.place.contradicted,
    attemptsInLastHour: course.activity.attemptsInLastHour,
  });
  course.fraud = fraud;
  if (fraud.level === 'block') {
    return refuse(course, 'fraud', 603, `fraud score ${fraud.score}: ${fraud.reasons.join(', ')}`);
  }
  return sell(course, number, campaign, compliance, market, activity);
}

/** Finds who may have the call, in which order, and what each would pay. */
function sell(
  course: Course,
  number: DidNumber,
  campaign: Campaign,
  compliance: ComplianceVerdict,
  market: Market,
  activity: ActivityView,
): Decision {
  const { attempt, now } = course;
  const book = market.bookOf(campaign.id);
  if (!book || book.size === 0) return refuse(course, 'no_buyer', 480, 'the campaign has no bids');
  const { candidates } = market;
  const { tally } = market.scratch;
  findEligible(
    book,
    {
      now,
      state: compliance.place.state,
      npa: attempt.from && npaOf(attempt.from),
      attestation: attempt.attestation,
      tags: attempt.tags,
      reserve: campaign.reservePrice,
      duplicateBuyers: course.activity.recentBuyers.map((id) => market.ordinals.buyer.of(id)),
    },
    activity.blocks,
    candidates,
    market.scratch,
  );
  if (tally.capped.length > 0) course.activity = { ...course.activity, capped: tally.capped };
  const eligible = candidates.count;
  const rows: number[] = [];
  const plan = rank(course, campaign, market, book, rows);
  course.bids = LazyBidOutcomes.take(book, tally, rows, eligible);
  if (plan.length === 0)
    return refuse(course, 'no_buyer', 480, `none of ${book.size} bids may take the call`);
  return {
    ok: true,
    plan,
    terms: {
      campaignId: campaign.id,
      sellerId: number.sellerId,
      currency: campaign.currency,
      payout: campaign.payout,
      maxDurationMs: campaign.maxDurationMs,
      ringback: campaign.ringback,
    },
    trace: traceOf(course),
  };
}

/** Orders the candidates by the campaign's strategy; writes the rows of the plan into `rows`. */
function rank(
  course: Course,
  campaign: Campaign,
  market: Market,
  book: BidBook,
  rows: number[],
): readonly RingTarget[] {
  const { candidates } = market;
  const places = Math.min(campaign.maxAttempts, MAX_PLACES);
  if (campaign.routing === 'auction') {
    const { auctionType: type, reservePrice: reserve } = campaign;
    return runAuction(candidates, { type, reserve, seed: course.seed, places }).map(({ row, clearing }) => {
      rows.push(row);
      const bid = book.bidAt(row);
      const charge = { price: clearing, plan: clearingPlan(bid.plan, bid.price, clearing) };
      return ringTarget(bid, charge, campaign, market, course.now);
    });
  }
  const order =
    campaign.routing === 'priority'
      ? rankByPriority(candidates, course.seed, places)
      : rankRoundRobin(candidates, course.activity.cursor, places);
  return order.map((row) => {
    rows.push(row);
    const bid = book.bidAt(row);
    return ringTarget(bid, bid, campaign, market, course.now);
  });
}

function activityFacts(
  attempt: CallAttempt,
  campaign: Campaign,
  activity: ActivityView,
  now: number,
): ActivityFacts {
  const { from } = attempt;
  const cursor = campaign.routing === 'round_robin' ? activity.cursorOf(campaign.id) : 0;
  if (from === undefined) return cursor === 0 ? NO_ACTIVITY : { ...NO_ACTIVITY, cursor };
  const window = campaign.duplicateWindowMs;
  return {
    attemptsInLastHour: activity.attemptsInLastHour(from, now),
    recentBuyers: window > 0 ? activity.buyersConnectedSince(from, now - window) : [],
    cursor,
    capped: [],
  };
}

function refuse(
  course: Course,
  reason: Extract<Decision, { ok: false }>['reason'],
  sipStatus: number,
  detail: string,
): Decision {
  return { ok: false, reason, sipStatus, detail, trace: traceOf(course) };
}

function traceOf(course: Course): DecisionTrace {
  return {
    attempt: course.attempt,
    decidedAt: course.now,
    marketVersion: course.marketVersion,
    seed: course.seed,
    campaignId: course.campaignId,
    findings: course.findings,
    fraud: course.fraud && { score: course.fraud.score, reasons: course.fraud.reasons },
    activity: course.activity,
    bids: course.bids,
  };
}
