import type { ActivityFacts, Decision, DecisionTrace } from '../domain';
import type { ActivityView, Market } from '../market';
import { CapBlocks } from '../market';
import { decide } from './decide';

/**
 * Makes a stored decision again from its trace. Over the same market it gives the same decision;
 * over another one it tells what would have been.
 */
export function replay(trace: DecisionTrace, market: Market): Decision {
  return decide(
    trace.attempt,
    market,
    new RecordedActivity(trace.activity, market),
    trace.decidedAt,
    trace.seed,
  );
}

/** The calls before, as a trace remembers them. */
class RecordedActivity implements ActivityView {
  readonly blocks: CapBlocks;
  readonly #facts: ActivityFacts;

  constructor(facts: ActivityFacts, market: Market) {
    this.#facts = facts;
    this.blocks = new CapBlocks(market.ordinals);
    for (const { bidId, reason } of facts.capped) {
      if (isCap(reason)) this.blocks.block('bid', bidId, reason, Infinity);
    }
  }

  attemptsInLastHour(): number {
    return this.#facts.attemptsInLastHour;
  }

  buyersConnectedSince(): readonly string[] {
    return this.#facts.recentBuyers;
  }

  cursorOf(): number {
    return this.#facts.cursor;
  }
}

function isCap<Reason extends string>(reason: Reason): reason is Extract<Reason, `cap_${string}`> {
  return reason.startsWith('cap_');
}
