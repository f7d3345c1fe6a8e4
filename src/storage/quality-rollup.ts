import type { BidQuality } from '../domain';
import type { Database, Queryable } from './database';
import { forEndedCalls } from './ended-calls';
import type { EndedCall } from './ended-calls';
import { RecurringWork } from './recurring-work';
import type { BidSums } from './quality-record';
import { isMaterial, sumsOf, together } from './quality-record';

export interface QualityRollUpOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds from one run to the next; a minute when absent. */
  readonly everyMs?: number;
  /** Records of bids were written to the market. */
  readonly onPublished?: (bids: number) => void;
  readonly onError?: (error: Error) => void;
}

/** What a run came to. */
export interface QualityReport {
  readonly calls: number;
  /** Bids whose record the market was told. */
  readonly published: number;
}

const EVERY_MS = 60_000;
const BATCH = 2_000;
/** What a settlement that hangs does not hold up for longer. */
const SETTLEMENT_MS = 15 * 60_000;

const READ_SUMS = {
  name: 'quality-read',
  text: `select b.id, s.as_of as "asOf", s.rings, s.answers, s.conversions, s.connected_ms as "connectedMs", s.revenue,
      case when q.id is not null then json_build_object('rings', q.rings, 'answers', q.answers,
        'conversions', q.conversions, 'connectedMs', q.connected_ms, 'revenue', q.revenue) end as known
    from bids b left join bid_sums s on s.bid_id = b.id left join bid_qualities q on q.id = b.id
    where b.id = any($1)`,
};

const WRITE_SUMS = {
  name: 'quality-sums',
  text: `insert into bid_sums as s (bid_id, as_of, rings, answers, conversions, connected_ms, revenue)
    select id, "asOf", rings, answers, conversions, "connectedMs", revenue
    from json_to_recordset($1::json) as r(id text, "asOf" bigint, rings double precision, answers double precision,
      conversions double precision, "connectedMs" double precision, revenue double precision)
    on conflict (bid_id) do update set as_of = excluded.as_of, rings = excluded.rings, answers = excluded.answers,
      conversions = excluded.conversions, connected_ms = excluded.connected_ms, revenue = excluded.revenue`,
};

const PUBLISH = {
  name: 'quality-publish',
  text: `insert into bid_qualities as q (id, rings, answers, conversions, connected_ms, revenue)
    select id, rings, answers, conversions, "connectedMs"::bigint, revenue::bigint
    from json_to_recordset($1::json) as r(id text, rings double precision, answers double precision,
      conversions double precision, "connectedMs" double precision, revenue double precision)
    on conflict (id) do update set rings = excluded.rings, answers = excluded.answers,
      conversions = excluded.conversions, connected_ms = excluded.connected_ms, revenue = excluded.revenue,
      version = q.version + 1`,
};

type Known = Omit<BidQuality, 'id'>;
type SumsRow = { readonly id: string; readonly known: Known | null } & (BidSums | { readonly asOf: null });

/**
 * Keeps the record of each bid: what became of its calls, with old ones counting less and less. Any
 * number of nodes may run it; each call is counted once. The market is told of records that moved.
 */
export class QualityRollUp extends RecurringWork {
  readonly #database: Database;
  readonly #options: QualityRollUpOptions;

  constructor(database: Database, options: QualityRollUpOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /**
   * Counts every call that ended and is settled, batch by batch.
   * @throws Error when the database is away: what was not counted is counted the next time
   */
  async roll(stopped: () => boolean = () => false): Promise<QualityReport> {
    const report = { calls: 0, published: 0 };
    for (let more = true; more && !stopped();) {
      const options = { name: 'quality', limit: BATCH, settlementMs: SETTLEMENT_MS } as const;
      const batch = await forEndedCalls(this.#database, options, async (calls, tx) => {
        report.published += await this.#count(calls, tx);
      });
      report.calls += batch.calls;
      more = batch.more;
    }
    return report;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    const { published } = await this.roll(stopped);
    if (published > 0) this.#options.onPublished?.(published);
  }

  async #count(calls: readonly EndedCall[], tx: Queryable): Promise<number> {
    const added = sumsOf(calls, this.#options.now());
    if (added.size === 0) return 0;
    const { rows } = await tx.query<SumsRow>({ ...READ_SUMS, values: [[...added.keys()]] });
    const known = new Map(rows.map((row) => [row.id, row.known]));
    const sums = rows.map((row) => {
      const more = added.get(row.id) as BidSums;
      return { id: row.id, ...(row.asOf === null ? more : together(row, more)) };
    });
    if (sums.length === 0) return 0;
    await tx.query({ ...WRITE_SUMS, values: [JSON.stringify(sums)] });
    const moved = sums.filter((each) => isMaterial(known.get(each.id) ?? undefined, each));
    if (moved.length > 0) await tx.query({ ...PUBLISH, values: [JSON.stringify(moved)] });
    return moved.length;
  }
}
