import type { Decision, DecisionTrace } from '../domain';
import type { ModelShelf } from '../fraud';
import type { Market } from '../market';
import { decide } from './decide';
import { RecordedSources } from './sources';

/**
 * Makes a stored decision again from its trace. Over the market of its time it gives the same
 * decision; over another one it tells what would have been.
 */
export function replay(trace: DecisionTrace, market: Market, shelf: ModelShelf): Decision {
  return decide({
    attempt: trace.attempt,
    market,
    sources: new RecordedSources(trace.facts, market),
    models: shelf.of(market.models),
    now: trace.decidedAt,
    seed: trace.seed,
  });
}
