import type { DecisionSources } from '../decision';
import type {
  ActivityFacts,
  CallAttempt,
  Campaign,
  CapReason,
  ComplianceFacts,
  Degradation,
  IneligibleReason,
} from '../domain';
import { INELIGIBLE_REASONS } from '../domain';
import type { FraudView } from '../fraud';
import type { Market } from '../market';
import { CapBlocks } from '../market';

/**
 * What a node remembers of calls, for a decision over a draft of its market. Caps that are exhausted now
 * are so in the draft, but for bids, targets and buyers whose caps the draft changes.
 */
export class DraftSources implements DecisionSources {
  readonly blocks: CapBlocks;
  readonly liveBids = [];
  readonly reservation = undefined;
  readonly #present: DecisionSources;

  /**
   * @param changed - `bid/ID`, `target/ID` or `buyer/ID` of those with caps of their own in the draft
   * @param now - UTC epoch milliseconds
   */
  constructor(
    present: DecisionSources,
    live: Market,
    draft: Market,
    campaignId: string | undefined,
    changed: ReadonlySet<string>,
    now: number,
  ) {
    this.#present = present;
    this.blocks = new CapBlocks(draft.ordinals);
    const book = campaignId === undefined ? undefined : draft.bookOf(campaignId);
    if (!book || present.blocks.isEmpty) return;
    const { bid: bids, target: targets, buyer: buyers } = live.ordinals;
    for (const row of book.rows()) {
      const { id, targetId, buyerId } = book.bidAt(row);
      const isChanged =
        changed.has(`bid/${id}`) || changed.has(`target/${targetId}`) || changed.has(`buyer/${buyerId}`);
      const places = [bids.of(id), targets.of(targetId), buyers.of(buyerId)] as const;
      const code = isChanged ? -1 : present.blocks.codeFor(...places, now);
      const reason: IneligibleReason | undefined = INELIGIBLE_REASONS[code];
      if (reason !== undefined) this.blocks.block('bid', id, reason as CapReason, Infinity);
    }
  }

  get fraud(): FraudView {
    return this.#present.fraud;
  }

  get degraded(): readonly Degradation[] {
    return this.#present.degraded;
  }

  activityOf(attempt: CallAttempt, campaign: Campaign, now: number): ActivityFacts {
    return this.#present.activityOf(attempt, campaign, now);
  }

  complianceOf(attempt: CallAttempt, now: number): ComplianceFacts {
    return this.#present.complianceOf(attempt, now);
  }
}
