import type { BidRequestRecord } from '../domain';
import type { Database, Queryable } from './database';

/** A bid request with what came of it. */
export interface BidLogRow {
  readonly id: number;
  readonly at: number;
  readonly sellerId: string;
  readonly campaignId: string | null;
  readonly number: string | null;
  readonly npa: string | null;
  readonly state: string | null;
  readonly code: number;
  readonly reason: string;
  readonly price: number | null;
  readonly currency: string | null;
  readonly latencyMs: number;
  readonly reservationId: string | null;
  readonly reservationState: string | null;
  readonly expiresAt: number | null;
  readonly callId: string | null;
  readonly callState: string | null;
  readonly endReason: string | null;
  readonly connectedMs: number | null;
  readonly payout: number | null;
}

export interface BidLogOptions {
  readonly nodeId: string;
  /** Records that wait for the database; more are dropped and counted. */
  readonly maxWaiting: number;
  /** Milliseconds that records are gathered. */
  readonly everyMs: number;
  readonly onDropped?: (count: number) => void;
}

const BATCH = 500;

/** Writes bid requests down, many at a time, without anybody waiting for it. What it is for is reports: it may lose some. */
export class BidRequestLog {
  readonly #database: Queryable;
  readonly #options: BidLogOptions;
  #waiting: BidRequestRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(database: Queryable, options: BidLogOptions) {
    this.#database = database;
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(record: BidRequestRecord): void {
    if (this.#waiting.length >= this.#options.maxWaiting || this.#closed) {
      this.#options.onDropped?.(1);
      return;
    }
    this.#waiting.push(record);
    this.#later();
  }

  /** Writes what waits, once. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    this.#closed = true;
    while (this.#waiting.length > 0) {
      if (!(await this.#write())) break;
    }
    const left = this.#waiting.length;
    this.#waiting = [];
    if (left > 0) this.#options.onDropped?.(left);
  }

  #later(): void {
    if (this.#closed || this.#writing) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().then(() => {
        this.#writing = undefined;
        if (this.#waiting.length > 0) this.#later();
      });
    }, this.#options.everyMs);
  }

  /** False when the database is away: they are tried again. */
  async #write(): Promise<boolean> {
    const batch = this.#waiting.slice(0, BATCH);
    try {
      await this.#database.query({
        name: 'rtb-log',
        text: `insert into rtb_bid_requests (at, seller_id, campaign_id, number, caller_hash, npa, state, code,
            reason, price, currency, latency_ms, reservation_id, node_id)
          select r.at, r."sellerId", r."campaignId", r.number, r."callerHash", r.npa, r.state, r.code,
            r.reason, r.price, r.currency, r."latencyMs", r."reservationId", $2
          from jsonb_to_recordset($1) as r(at bigint, "sellerId" text, "campaignId" text, number text,
            "callerHash" text, npa text, state text, code integer, reason text, price bigint, currency text,
            "latencyMs" integer, "reservationId" text)`,
        values: [JSON.stringify(batch), this.#options.nodeId],
      });
      this.#waiting.splice(0, batch.length);
      return true;
    } catch {
      return false;
    }
  }
}

/** Where a page of the log begins. */
export interface BidLogFilter {
  /** Undefined: of all sellers. */
  readonly sellerId?: string;
  readonly campaignId?: string;
  readonly code?: number;
  readonly callId?: string;
  /** UTC epoch milliseconds, inclusive and exclusive. */
  readonly fromTime?: number;
  readonly toTime?: number;
  readonly after?: { readonly at: number; readonly id: number };
  readonly limit: number;
}

/** Bid requests with what came of them, newest first. */
export async function listBidRequests(db: Queryable, filter: BidLogFilter): Promise<BidLogRow[]> {
  const { rows } = await db.query<BidLogRow>(
    `select id, at, seller_id as "sellerId", campaign_id as "campaignId", number, npa, state, code, reason, price,
       currency, latency_ms as "latencyMs", reservation_id as "reservationId",
       reservation_state as "reservationState", expires_at as "expiresAt", call_id as "callId",
       call_state as "callState", end_reason as "endReason", connected_ms as "connectedMs", payout
     from rtb_bid_log
     where ($1::text is null or seller_id = $1) and ($2::text is null or campaign_id = $2)
       and ($3::integer is null or code = $3) and ($4::text is null or call_id = $4)
       and ($5::bigint is null or at >= $5) and ($6::bigint is null or at < $6)
       and ($7::bigint is null or (at, id) < ($7, $8::bigint))
     order by at desc, id desc limit $9`,
    [
      filter.sellerId ?? null,
      filter.campaignId ?? null,
      filter.code ?? null,
      filter.callId ?? null,
      filter.fromTime ?? null,
      filter.toTime ?? null,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  );
  return rows;
}

const PRUNE_BATCH = 5_000;

/**
 * Lets go of bid requests and reservations from before an instant; those of calls stay as calls do.
 * @returns how many rows
 * @throws Error when the database is away
 */
export async function pruneBidLog(
  database: Database,
  before: number,
  stopped: () => boolean = () => false,
): Promise<number> {
  let pruned = 0;
  for (const statement of [
    `delete from rtb_bid_requests where id in (select id from rtb_bid_requests where at < $1 order by at limit $2)`,
    `delete from rtb_reservations where id in (select id from rtb_reservations
       where created_at < $1 and state <> 'reserved' order by created_at limit $2)`,
  ]) {
    for (;;) {
      if (stopped()) return pruned;
      const { rowCount } = await database.query(statement, [before, PRUNE_BATCH]);
      pruned += rowCount ?? 0;
      if ((rowCount ?? 0) < PRUNE_BATCH) break;
    }
  }
  return pruned;
}
