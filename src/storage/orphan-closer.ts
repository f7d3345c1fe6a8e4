import type { CallEndedRecord } from '../domain';
import { soldIn } from './call-entries';
import type { Database } from './database';
import { nodeIsGone, NodeSilence } from './node-silence';

const BATCH = 500;
const EVERY_MS = 10_000;

/**
 * The orphans are picked and locked first, so that of several nodes each call has one, and closed from
 * their last checkpoint, with the event that settlement starts from, in the same statement.
 */
const CLOSE = {
  name: 'orphans-close',
  text: `with orphans as (
      select c.id from calls c left join nodes n on n.id = c.node_id
      where c.state in ('deciding', 'attended', 'ringing', 'answered')
        and ${nodeIsGone('c')}
      order by c.id limit $3
      for update of c skip locked),
    closed as (
      update calls c set
        state = case when coalesce(c.answered_at, c.attended_at) is null then 'failed' else 'completed' end,
        end_reason = 'node_lost',
        sip_status = case when coalesce(c.answered_at, c.attended_at) is null then 503 else 200 end,
        detail = 'the node went away; closed from the last checkpoint',
        ended_at = greatest(coalesce(c.answered_at + c.connected_ms, c.attended_at, c.received_at),
          (select max((leg ->> 'answeredAt')::bigint + (leg ->> 'durationMs')::bigint)
            from jsonb_array_elements(c.carried) leg))
      from orphans o where c.id = o.id
      returning c.id, c.connected_ms, c.sale, ${soldIn('c')} as sold),
    told as (
      insert into outbox (type, subject, payload)
      select 'call.ended', id, json_build_object('callId', id, 'connectedMs', connected_ms, 'sold', sold)
      from closed on conflict (type, subject) do nothing)
    select id as "callId", connected_ms as "connectedMs", sale from closed`,
};

/** A call that was closed for its node. */
export interface OrphanedCall {
  readonly callId: string;
  /** Milliseconds, up to the last checkpoint. */
  readonly connectedMs: number;
  /** Null when nobody had answered. */
  readonly sale: CallEndedRecord['sale'] | null;
}

/**
 * Closes calls whose node is gone: it came back with another boot, or has died (no heartbeat). Each
 * call is closed once, whichever node finds it.
 */
export class OrphanCloser {
  readonly #database: Database;
  readonly #silence: NodeSilence;
  readonly #onClosed: (count: number, calls: readonly OrphanedCall[]) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param deadAfterMs - milliseconds without a heartbeat after which a node is taken for dead
   * @param onClosed - told how many were closed, and which: what their nodes reserved is theirs no more
   * @param monotonic - milliseconds of a clock that never jumps
   */
  constructor(
    database: Database,
    deadAfterMs: number,
    onClosed: (count: number, calls: readonly OrphanedCall[]) => void = () => undefined,
    monotonic?: () => number,
  ) {
    this.#database = database;
    this.#silence = new NodeSilence(deadAfterMs, monotonic);
    this.#onClosed = onClosed;
  }

  /** Closes what is orphaned now, and looks again every ten seconds. */
  async start(): Promise<void> {
    await this.closeOrphans();
    this.#timer = setInterval(() => void this.closeOrphans().catch(() => undefined), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * @returns number of calls closed
   * @throws Error when the database is away
   */
  async closeOrphans(): Promise<number> {
    const closed: OrphanedCall[] = [];
    try {
      for (;;) {
        const batch = await this.#closeBatch();
        closed.push(...batch);
        if (batch.length < BATCH) break;
      }
    } catch (error) {
      this.#silence.unanswered();
      throw error;
    } finally {
      if (closed.length > 0) this.#onClosed(closed.length, closed);
    }
    return closed.length;
  }

  async #closeBatch(): Promise<readonly OrphanedCall[]> {
    const { rows } = await this.#database.query<OrphanedCall>({
      ...CLOSE,
      values: [...this.#silence.values(), BATCH],
    });
    this.#silence.answered();
    return rows;
  }
}
