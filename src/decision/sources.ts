import type {
  ActivityFacts,
  CallAttempt,
  Campaign,
  CapReason,
  ComplianceFacts,
  DecisionFacts,
  Degradation,
  E164,
  IneligibleReason,
  ListHit,
  LiveBid,
  LookupFact,
  ReservationFact,
} from '../domain';
import type { FraudView } from '../fraud';
import { RecordedSignals } from '../fraud';
import type { ActivityView, Market } from '../market';
import { CapBlocks } from '../market';

/**
 * Where a decision reads what is not the market's: in memory, live or as a trace remembers it. What
 * it read is kept in the trace.
 */
export interface DecisionSources {
  /** Caps known to be exhausted. */
  readonly blocks: CapBlocks;
  readonly fraud: FraudView;
  readonly liveBids: readonly LiveBid[];
  readonly reservation: ReservationFact | undefined;
  readonly degraded: readonly Degradation[];
  activityOf(attempt: CallAttempt, campaign: Campaign, now: number): ActivityFacts;
  complianceOf(attempt: CallAttempt, now: number): ComplianceFacts;
}

/** What was asked of others before the decision. */
export interface Asked {
  readonly reservation: ReservationFact | undefined;
  readonly lookups: readonly LookupFact[];
  readonly liveBids: readonly LiveBid[];
}

export const NOTHING_ASKED: Asked = { reservation: undefined, lookups: [], liveBids: [] };

const NONE: readonly never[] = [];
const SUPPRESSED: ListHit = { list: 'internal' };

/** This node's memory of calls, and what was asked about this one. */
export class LiveSources implements DecisionSources {
  readonly blocks: CapBlocks;
  readonly liveBids: readonly LiveBid[];
  readonly reservation: ReservationFact | undefined;
  readonly #lookups: readonly LookupFact[];

  constructor(
    private readonly market: Market,
    private readonly activity: ActivityView,
    readonly fraud: FraudView,
    asked: Asked = NOTHING_ASKED,
    readonly degraded: readonly Degradation[] = [],
  ) {
    this.blocks = activity.blocks;
    this.liveBids = asked.liveBids;
    this.reservation = asked.reservation;
    this.#lookups = asked.lookups;
  }

  activityOf(attempt: CallAttempt, campaign: Campaign, now: number): ActivityFacts {
    return this.activity.factsFor(attempt, campaign, now);
  }

  complianceOf({ from }: CallAttempt, now: number): ComplianceFacts {
    const { lists, consents } = this.market;
    const named = from !== undefined;
    return {
      hits: named ? this.#hitsFor(from, now) : NONE,
      lists: lists.ages(),
      consents: named ? consents.find(from) : NONE,
      contactsInLast24h: named ? this.activity.contactsInLast24h(from, now) : 0,
      contactsInLast8h: named ? this.activity.contactsInLast8h(from, now) : 0,
      lookups: this.#lookups,
    };
  }

  /** A person who had the list entry erased with everything else is still on the list. */
  #hitsFor(from: E164, now: number): readonly ListHit[] {
    const { lists, suppressions } = this.market;
    const hits = lists.hitsFor(from, now);
    if (!suppressions.has(from, now) || hits.some(({ list }) => list === 'internal')) return hits;
    return [SUPPRESSED, ...hits];
  }
}

/** What a trace remembers. */
export class RecordedSources implements DecisionSources {
  readonly blocks: CapBlocks;
  readonly fraud: FraudView;
  readonly #facts: DecisionFacts;

  constructor(facts: DecisionFacts, market: Market) {
    this.#facts = facts;
    this.fraud = new RecordedSignals(facts.fraud);
    this.blocks = new CapBlocks(market.ordinals);
    for (const { bidId, reason } of facts.activity.capped) {
      if (isCapReason(reason)) this.blocks.block('bid', bidId, reason, Infinity);
    }
  }

  get liveBids(): readonly LiveBid[] {
    return this.#facts.liveBids;
  }

  get reservation(): ReservationFact | undefined {
    return this.#facts.reservation;
  }

  get degraded(): readonly Degradation[] {
    return this.#facts.degraded;
  }

  activityOf(): ActivityFacts {
    return this.#facts.activity;
  }

  complianceOf(): ComplianceFacts {
    return this.#facts.compliance;
  }
}

function isCapReason(reason: IneligibleReason): reason is CapReason {
  return reason.startsWith('cap_');
}
