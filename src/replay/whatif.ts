import type { Decision } from '../domain';
import { replay } from '../decision';
import { ModelShelf } from '../fraud';
import { Market } from '../market';
import type { Database, NoSuchMarket } from '../storage';
import { PastMarket } from '../storage';
import type { MarketEdits } from './market-edits';
import type { Period } from './stored-decisions';
import { storedDecisions } from './stored-decisions';
import type { WhatifReport } from './whatif-report';
import { WhatifTally } from './whatif-report';

export interface WhatifOptions {
  readonly period: Period;
  readonly edits: MarketEdits;
  /** Calls held in memory at once. */
  readonly pageSize?: number;
  /** Told after each page of calls. */
  readonly onProgress?: (calls: number) => void;
  /** Asked after each page; true ends it, and the report is of what was looked at. */
  readonly stopped?: () => boolean;
}

/**
 * Decides the calls of a period once more, over the markets of their time and over the same markets
 * with something in them otherwise, and tells what would have come of it. Each call is taken by itself,
 * with what was known of its caller, of caps and of live bids then: that a cap would have been reached
 * earlier or later, or that another buyer would have been asked for a bid, is not in it.
 *
 * @throws AppError `validation` for an edit that cannot be made
 */
export async function whatif(database: Database, options: WhatifOptions): Promise<WhatifReport> {
  const { period, edits, onProgress, stopped = () => false } = options;
  const tally = new WhatifTally();
  const changed = { market: new Market(), alter: edits.alter, added: edits.added };
  const past = new PastMarket(database, [changed]);
  const [shelf, changedShelf] = [new ModelShelf(), new ModelShelf()];
  let calls = 0;
  for await (const page of storedDecisions(database, period, options.pageSize)) {
    for (const { decision } of page) {
      calls++;
      const missing = await standAt(past, decision);
      if (missing) {
        tally.skip(missing);
        continue;
      }
      const before = replay(decision.trace, past.market, shelf);
      const after = replay(decision.trace, changed.market, changedShelf);
      const id = before.trace.campaignId ?? after.trace.campaignId ?? '';
      const campaign = past.market.campaign(id) ?? changed.market.campaign(id);
      tally.add(decision, { before, after }, campaign?.currency ?? '');
    }
    onProgress?.(calls);
    if (stopped()) break;
  }
  return tally.report(edits.unmet);
}

async function standAt(
  past: PastMarket,
  { trace }: Decision,
): Promise<NoSuchMarket | 'no_position' | undefined> {
  return trace.marketPosition === undefined ? 'no_position' : past.moveTo(trace.marketPosition);
}
