import type { Asked } from '../../../src/decision';
import { decide, LiveSources, NOTHING_ASKED, replay } from '../../../src/decision';
import type { CallAttempt, Decision, Degradation } from '../../../src/domain';
import { FraudState, ModelShelf } from '../../../src/fraud';
import type { Market } from '../../../src/market';
import { Activity } from '../../../src/market';
import { attempt, NOON } from '../market/fixtures';

export const SEED = 42;
/** Room for the few callers of a test. */
const FEW = { callers: 64, connectedCallers: 64, contacts: 64, counters: 64 };
/** Deciding records nothing. */
const NO_CALLS_SEEN = new FraudState();

/** What a decision of a test knows besides the market. */
export interface Known {
  readonly activity?: Activity;
  readonly fraud?: FraudState;
  readonly asked?: Asked;
  readonly degraded?: readonly Degradation[];
  readonly now?: number;
  readonly seed?: number;
}

export function decideIn(market: Market, over: Partial<CallAttempt> = {}, known: Known = {}): Decision {
  const { activity = new Activity(market, FEW), fraud = NO_CALLS_SEEN, asked = NOTHING_ASKED } = known;
  return decide({
    attempt: attempt(over),
    market,
    sources: new LiveSources(market, activity, fraud, asked, known.degraded ?? []),
    models: new ModelShelf().of(market.models),
    now: known.now ?? NOON,
    seed: known.seed ?? SEED,
  });
}

export function replayIn(market: Market, trace: Decision['trace']): Decision {
  return replay(trace, market, new ModelShelf());
}

/** Ids of the bids in the order in which they are rung. */
export function planOf(decision: Decision): string[] {
  return decision.ok ? decision.plan.map(({ bidId }) => bidId) : [];
}

/** The whole decision as it would be stored. */
export const stored = (decision: Decision): unknown => JSON.parse(JSON.stringify(decision));
