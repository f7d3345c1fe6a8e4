import { decide, LiveSources } from '../../../src/decision';
import type { CallAttempt, Decision } from '../../../src/domain';
import { FraudState, ModelShelf } from '../../../src/fraud';
import type { Market } from '../../../src/market';
import { Activity } from '../../../src/market';
import { attempts, START } from './bench-market';
import { collect } from './collect';

export interface Load {
  readonly market: Market;
  /** Bids that are to be eligible for every call. */
  readonly eligible: number;
  readonly decisions: number;
  /** Bids that are to fail at the reserve price and nowhere before. */
  readonly belowReserve?: number;
}

export interface Figures {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly perSecond: number;
  /** Bytes that stay on the heap for each million decisions. */
  readonly heapPerMillion: number;
}

/**
 * Whole decisions, one after the other: number, compliance, fraud, eligibility, auction, ring plan and
 * trace. @throws Error when a call is not sold, or not to as many as meant
 */
export function measureDecisions({ market, eligible, decisions, belowReserve }: Load): Figures {
  const activity = new Activity(market);
  const sources = new LiveSources(market, activity, new FraudState());
  const models = new ModelShelf().of(market.models);
  const calls = attempts(10_000);
  const times = new Float64Array(decisions);
  let sold = 0;
  const one = (n: number): Decision => {
    const attempt = calls[n % calls.length] as CallAttempt;
    // A thousand calls a second: the minute turns, and what is cached by the minute is made again.
    const decision = decide({ attempt, market, sources, models, now: START + n, seed: n });
    if (decision.ok && decision.plan.length === 5) sold++;
    return decision;
  };
  const { counts } = one(0).trace.bids;
  const found = (counts.over_max_attempts ?? 0) + (counts.same_target ?? 0) + 5;
  if (found !== eligible) throw new Error(`${found} bids are eligible, not ${eligible}`);
  if (belowReserve !== undefined && counts.below_reserve !== belowReserve) {
    throw new Error(`${counts.below_reserve ?? 0} bids fail at the reserve price, not ${belowReserve}`);
  }
  const warmUp = Math.ceil(decisions / 5);
  for (let n = 0; n < warmUp; n++) activity.recordDecision(one(n));
  collect();
  const heapBefore = process.memoryUsage().heapUsed;
  sold = 0;
  const began = performance.now();
  for (let n = 0; n < decisions; n++) {
    const start = performance.now();
    const decision = one(warmUp + n);
    times[n] = performance.now() - start;
    activity.recordDecision(decision);
  }
  const seconds = (performance.now() - began) / 1_000;
  if (sold !== decisions) throw new Error(`${sold} of ${decisions} calls were sold`);
  collect();
  const growth = process.memoryUsage().heapUsed - heapBefore;
  times.sort();
  const at = (share: number): number => (times[Math.floor(share * (decisions - 1))] as number) * 1_000;
  return {
    p50Us: at(0.5),
    p99Us: at(0.99),
    maxUs: at(1),
    perSecond: decisions / seconds,
    heapPerMillion: Math.round((growth * 1_000_000) / decisions),
  };
}
