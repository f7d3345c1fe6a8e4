import type { Decision } from '../domain';
import { replay } from '../decision';
import { ModelShelf } from '../fraud';
import type { Database, NoSuchMarket } from '../storage';
import { getDecision, PastMarket } from '../storage';
import type { Difference } from './compare-decisions';
import { compareDecisions } from './compare-decisions';

/** Why a call cannot be decided again. */
export type NoReplay =
  | 'no_such_decision'
  /** It was decided over a market that was not read from a database, or before its history was kept. */
  | 'no_position'
  | NoSuchMarket;

/** What became of a decision that was made again. */
export type Replayed =
  | {
      readonly ok: true;
      readonly position: string;
      readonly decision: Decision;
      readonly differences: readonly Difference[];
    }
  | { readonly ok: false; readonly reason: NoReplay };

/** Makes the stored decision about a call again, over the market of its time. */
export async function replayCall(database: Database, callId: string): Promise<Replayed> {
  const found = await getDecision(database, callId);
  if (!found) return { ok: false, reason: 'no_such_decision' };
  const stored = found.decision as Decision;
  const position = stored.trace.marketPosition;
  if (position === undefined) return { ok: false, reason: 'no_position' };
  const past = new PastMarket(database);
  const missing = await past.moveTo(position);
  if (missing) return { ok: false, reason: missing };
  const decision = replay(stored.trace, past.market, new ModelShelf());
  return { ok: true, position, decision, differences: compareDecisions(stored, decision) };
}
