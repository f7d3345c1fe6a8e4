import type { AnalyticsProgress, Database, Queryable } from '../storage';
import {
  callsBefore,
  claimProgress,
  figuresEvents,
  fillZoneDays,
  noteProgress,
  RecurringWork,
} from '../storage';
import { makeFacts } from './make-facts';

export interface AnalyticsRollUpOptions {
  /** Milliseconds from one run to the next; five seconds when absent. */
  readonly everyMs?: number;
  /** Events, or calls of before, that one transaction takes in. */
  readonly batch?: number;
  readonly onError?: (error: Error) => void;
}

/** What a run came to. */
export interface AnalyticsReport {
  /** Calls whose facts were made, or made again because something became known of them. */
  readonly calls: number;
  /** Calls of before that were counted. */
  readonly backfilled: number;
}

const EVERY_MS = 5_000;
const BATCH = 1_000;

/** What one transaction came to. */
interface Step {
  readonly calls: number;
  readonly more: boolean;
}
const NOTHING: Step = { calls: 0, more: false };

/**
 * Keeps the figures of calls: makes the facts of each call that ended, makes them again whenever its money
 * changes, and adds the difference to the sums. Facts are worked out of the call and its books as they are,
 * so it does not matter how often, in which order, or by how many nodes that is done. Calls from before are
 * taken in from the newest back.
 */
export class AnalyticsRollUp extends RecurringWork {
  readonly #database: Database;
  readonly #batch: number;

  constructor(database: Database, options: AnalyticsRollUpOptions = {}) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#batch = options.batch ?? BATCH;
  }

  /**
   * Takes in everything that happened since the last time, and all calls of before.
   * @throws Error when the database is away: what was not counted is counted the next time
   */
  async roll(stopped: () => boolean = () => false): Promise<AnalyticsReport> {
    const report = { calls: 0, backfilled: 0 };
    for (let more = true; more && !stopped();) {
      report.calls += await this.#takeEvents(stopped);
      const step = await this.#step((tx, progress) => this.#backfill(tx, progress));
      report.backfilled += step.calls;
      const days = await this.#step(fillDays);
      more = step.more || days.more;
    }
    return report;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    await this.roll(stopped);
  }

  /** Events may become known late with small numbers: those of the last seconds are looked at again and again. */
  async #takeEvents(stopped: () => boolean): Promise<number> {
    let calls = 0;
    let seen: number | undefined;
    for (let more = true; more && !stopped();) {
      const step = await this.#step(async (tx, progress) => {
        const from = Math.max(seen ?? 0, progress.position);
        const events = await figuresEvents(tx, from, this.#batch);
        const news = new Set(events.filter(({ heeded }) => !heeded).map(({ callId }) => callId));
        const made = await makeFacts(tx, [...news]);
        const unripe = events.findIndex(({ ripe }) => !ripe);
        const ripe = unripe < 0 ? events.length : unripe;
        // What lies behind an unripe event of an earlier batch is looked at again.
        const next = from === progress.position ? events[ripe - 1] : undefined;
        if (next) await noteProgress(tx, { ...progress, position: next.id });
        seen = events.at(-1)?.id ?? seen;
        return { calls: made, more: events.length === this.#batch };
      });
      calls += step.calls;
      ({ more } = step);
    }
    return calls;
  }

  async #backfill(tx: Queryable, progress: AnalyticsProgress): Promise<Step> {
    const { backfillAt, backfillId } = progress;
    if (backfillAt === null || backfillId === null) return NOTHING;
    const calls = await callsBefore(tx, backfillAt, backfillId, this.#batch);
    const over = calls.filter(({ ended }) => ended).map(({ callId }) => callId);
    const made = await makeFacts(tx, over);
    const more = calls.length === this.#batch;
    const last = more ? calls.at(-1) : undefined;
    await noteProgress(tx, {
      ...progress,
      backfillAt: last?.receivedAt ?? null,
      backfillId: last?.callId ?? null,
    });
    return { calls: made, more };
  }

  /** One transaction; nothing while another node is at it. */
  #step(work: (tx: Queryable, progress: AnalyticsProgress) => Promise<Step>): Promise<Step> {
    return this.#database.transaction(async (tx) => {
      const progress = await claimProgress(tx);
      return progress ? work(tx, progress) : NOTHING;
    });
  }
}

/** Sums of days that there were not before an upgrade, one day of them. */
async function fillDays(tx: Queryable, progress: AnalyticsProgress): Promise<Step> {
  if (progress.daysAt === null) return NOTHING;
  const daysAt = await fillZoneDays(tx, progress.daysAt);
  await noteProgress(tx, { ...progress, daysAt });
  return { calls: 0, more: daysAt !== null };
}
