import type { BidOutcomes, CallAttempt, Decision, DecisionTrace } from '../domain';
import type { FraudModels } from '../fraud';
import type { Market } from '../market';
import { NO_OUTCOMES } from './bid-outcomes';
import { KeptFacts, NO_COMPLIANCE_FACTS } from './kept-facts';
import type { Refusal, Screening } from './screen';
import { screen } from './screen';
import { sell } from './sell';
import type { DecisionSources } from './sources';

/** What a decision is made of. */
export interface DecisionRequest {
  readonly attempt: CallAttempt;
  readonly market: Market;
  readonly sources: DecisionSources;
  /** The fraud models in force; see `ModelShelf`. */
  readonly models: FraudModels;
  /** UTC epoch milliseconds. */
  readonly now: number;
  /** 32-bit integer that breaks ties; draw one a call. */
  readonly seed: number;
}

/**
 * Decides what becomes of a call: refused with a reason, or sold by a ring plan. Pure: the same
 * request gives the same decision, and the trace it leaves holds all that another one needs (see
 * `replay`). It records nothing: tell `Activity.recordDecision` afterwards.
 */
export function decide(request: DecisionRequest): Decision {
  const { attempt, market, sources, models, now } = request;
  const screening = screen(attempt, market, sources, models, now);
  if (screening.refusal) return refuse(request, screening, screening.refusal, NO_OUTCOMES);
  const sale = sell(screening, market, sources, request.seed);
  if (!sale.ok) return refuse(request, screening, sale.refusal, sale.bids);
  return {
    ok: true,
    plan: sale.plan,
    terms: sale.terms,
    sourceLimits: sale.sourceLimits,
    trace: traceOf(request, screening, sale.bids),
  };
}

function refuse(
  request: DecisionRequest,
  screening: Screening,
  { reason, sipStatus, detail }: Refusal,
  bids: BidOutcomes,
): Decision {
  return { ok: false, reason, sipStatus, detail, trace: traceOf(request, screening, bids) };
}

function traceOf(request: DecisionRequest, screening: Screening, bids: BidOutcomes): DecisionTrace {
  const { attempt, market, sources, now, seed } = request;
  const { activity, compliance = NO_COMPLIANCE_FACTS, signals } = screening;
  return {
    attempt,
    decidedAt: now,
    marketVersion: market.version,
    marketPosition: market.position,
    seed,
    campaignId: screening.campaign?.id,
    sellerId: screening.number?.sellerId,
    origin: screening.origin,
    findings: screening.findings,
    fraud: screening.fraud,
    facts: new KeptFacts(
      activity,
      compliance,
      signals,
      sources.liveBids,
      sources.reservation,
      sources.degraded,
    ),
    bids,
  };
}
