import { decide, LiveSources } from '../decision';
import type { CallAttempt, Decision, Degradation } from '../domain';
import { AppError } from '../domain';
import type { FraudView } from '../fraud';
import { ModelShelf } from '../fraud';
import type { ActivityView, Market, MarketEntity } from '../market';
import { draftMarket, inMarket } from './draft-market';
import { DraftSources } from './draft-sources';
import type { CheckFields, MarketEdit } from './market-edits';
import { MarketEdits } from './market-edits';

/** What a dry-run reads: what the node that makes it would decide by. */
export interface DryRunParts {
  readonly market: Market;
  readonly activity: ActivityView;
  readonly fraud: FraudView;
  readonly shelf: ModelShelf;
  readonly check: CheckFields;
  /** What is done without now. */
  readonly degraded: () => readonly Degradation[];
  /** A 32-bit integer that nobody foresees. */
  readonly seed: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Some fields of an entity as they would be, or all of one that there is not yet. */
export interface DraftChange {
  readonly entity: MarketEntity;
  readonly id: string;
  /** By name, or by path (`margin.minimum`); null takes a field away. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What would become of a call. */
export interface DryRunResult {
  readonly decision: Decision;
  readonly decisionMicroseconds: number;
  /** `entity/id` of changes that the decision had nothing to do with. */
  readonly unmet: readonly string[];
}

/** Dry-runs with changes at once: each copies a campaign. */
const MAX_AT_ONCE = 4;

/**
 * Decides calls that there are not, over the market of this moment or over a draft of it. Nothing comes of
 * it: nobody is asked or told, no cap is taken, nothing is remembered. Live bids are left out, as of
 * buyers that were not asked.
 */
export class DryRuns {
  readonly #parts: DryRunParts;
  #running = 0;

  constructor(parts: DryRunParts) {
    this.#parts = parts;
  }

  /**
   * @param now - UTC epoch milliseconds at which the call would come
   * @throws AppError `validation` for a change that cannot be made, `rate_limited` where too many are at it
   */
  async run(attempt: CallAttempt, now: number, changes: readonly DraftChange[]): Promise<DryRunResult> {
    const { market, activity, fraud, shelf, degraded } = this.#parts;
    const sources = new LiveSources(market, activity, fraud, undefined, degraded());
    if (changes.length === 0) {
      return { ...this.#decide(attempt, market, sources, shelf, now), unmet: [] };
    }
    if (this.#running >= MAX_AT_ONCE) {
      throw new AppError('rate_limited', 'too_many_dry_runs', 'other dry-runs are still at it: try again');
    }
    this.#running++;
    try {
      return await this.#overDraft(attempt, now, changes, sources);
    } finally {
      this.#running--;
    }
  }

  async #overDraft(
    attempt: CallAttempt,
    now: number,
    changes: readonly DraftChange[],
    present: LiveSources,
  ): Promise<DryRunResult> {
    const { market, check } = this.#parts;
    const edits = new MarketEdits(
      changes.map(({ entity, id, fields }): MarketEdit =>
        inMarket(market, attempt, entity, id) ? { entity, id, set: fields } : { entity, id, add: fields },
      ),
      check,
    );
    const draft = await draftMarket(market, attempt, edits).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      throw new AppError('validation', 'not_a_change', error.message);
    });
    const changed = new Set(
      changes
        .filter(({ fields }) => Object.keys(fields).some((path) => path.split('.', 1)[0] === 'caps'))
        .map(({ entity, id }) => `${entity}/${id}`),
    );
    const campaignId = draft.numberByE164(attempt.to)?.campaignId;
    const sources = new DraftSources(present, market, draft, campaignId, changed, now);
    const decided = this.#decide(attempt, draft, sources, new ModelShelf(), now);
    return { ...decided, unmet: edits.unmet };
  }

  #decide(
    attempt: CallAttempt,
    market: Market,
    sources: LiveSources | DraftSources,
    shelf: ModelShelf,
    now: number,
  ): Omit<DryRunResult, 'unmet'> {
    const { monotonic, seed } = this.#parts;
    const startedAt = monotonic();
    const decision = decide({
      ...{ attempt, market, sources, now },
      models: shelf.of(market.models),
      seed: seed(),
    });
    const decisionMicroseconds = Math.round((monotonic() - startedAt) * 1_000);
    // Outcomes are written out when they are read, which may be later than the market stays as it is.
    return { decision: JSON.parse(JSON.stringify(decision)) as Decision, decisionMicroseconds };
  }
}
