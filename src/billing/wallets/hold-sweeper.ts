import type { Currency, Micros } from '../../domain';
import type { Database, Queryable } from '../../storage';
import { nodeIsGone, NodeSilence, RecurringWork } from '../../storage';
import { releasePosting } from './hold-postings';
import { postAll } from './post-all';

export interface HoldSweeperOptions {
  /** Milliseconds without a heartbeat after which a node is taken for dead. */
  readonly nodeDeadAfterMs: number;
  /** Milliseconds from one run to the next. */
  readonly everyMs?: number;
  /** Milliseconds for which holds are remembered that are over. */
  readonly retentionMs?: number;
  readonly onReleased?: (holds: readonly SweptHold[]) => void;
  readonly onError?: (error: Error) => void;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic?: () => number;
}

/** A hold that was given back because nobody else would. */
export interface SweptHold {
  readonly id: string;
  readonly callId: string;
  readonly accountId: string;
  readonly currency: Currency;
  readonly amount: Micros;
}

const EVERY_MS = 2_000;
const BATCH = 500;
const RETENTION_MS = 90 * 86_400_000;
const FORGET_BATCH = 5_000;

/**
 * Holds of calls that are over: settled, or not sold to that account. And holds of calls of which nothing was
 * ever stored, whose node is gone: it came back with another boot, or has died. While a node lives its records
 * may lie in its journal; when it is gone and they come after all, settlement charges the wallet by itself.
 * Calls that were stored and whose node is gone are closed by others, and then over.
 *
 * In the order of the index of open holds, or all holds that ever were would be read for it. Whoever passes
 * over what is locked waits for nobody, whatever the order.
 */
const FIND = {
  name: 'holds-orphaned',
  text: `select h.id, h.call_id as "callId", h.account_id as "accountId", h.currency, h.amount
    from holds h left join calls c on c.id = h.call_id left join nodes n on n.id = h.node_id
    where h.state = 'open' and (
      (c.ended_at is not null and h.account_id is distinct from c.sale -> 'target' ->> 'buyerAccountId')
      or exists (select 1 from settlements s where s.call_id = h.call_id)
      or (c.id is null and ${nodeIsGone('h')}))
    order by h.call_id limit $3
    for update of h skip locked`,
};

const CLOSE = {
  name: 'holds-close',
  text: `update holds set state = 'released', closed_at = now() where id = any($1)`,
};

const FORGET = {
  name: 'holds-forget',
  text: `delete from holds where id in (
    select id from holds where state <> 'open' and closed_at < now() - $1 * interval '1 millisecond'
    order by closed_at limit $2 for update skip locked)`,
};

/**
 * Gives back what is held for calls that will never take it, so that what is held is always that of calls
 * which ring, are up, or wait for their settlement. Any number of nodes may run it; each hold is given back
 * once, whoever finds it.
 */
export class HoldSweeper extends RecurringWork {
  readonly #database: Database;
  readonly #options: HoldSweeperOptions;
  readonly #silence: NodeSilence;

  constructor(database: Database, options: HoldSweeperOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
    this.#silence = new NodeSilence(options.nodeDeadAfterMs, options.monotonic);
  }

  /**
   * Gives back what is orphaned now, batch by batch.
   * @returns how many holds that were
   * @throws Error when the database is away: the next run does it
   */
  async sweep(stopped: () => boolean = () => false): Promise<number> {
    let count = 0;
    try {
      for (;;) {
        const swept = await this.#database.transaction((tx) => this.#sweepBatch(tx));
        this.#silence.answered();
        if (swept.length > 0) this.#options.onReleased?.(swept);
        count += swept.length;
        if (swept.length < BATCH || stopped()) return count;
      }
    } catch (error) {
      this.#silence.unanswered();
      throw error;
    }
  }

  protected async run(stopped: () => boolean): Promise<void> {
    await this.sweep(stopped);
    await this.#forget();
  }

  async #sweepBatch(tx: Queryable): Promise<readonly SweptHold[]> {
    const { rows } = await tx.query<SweptHold>({ ...FIND, values: [...this.#silence.values(), BATCH] });
    if (rows.length === 0) return rows;
    await tx.query({ ...CLOSE, values: [rows.map(({ id }) => id)] });
    await postAll(
      tx,
      rows.map((hold) => releasePosting(hold, hold.amount)),
    );
    return rows;
  }

  async #forget(): Promise<void> {
    await this.#database.query({
      ...FORGET,
      values: [this.#options.retentionMs ?? RETENTION_MS, FORGET_BATCH],
    });
  }
}
