import type { Database } from './database';

const BATCH = 500;
const EVERY_MS = 10_000;

/**
 * Closes calls whose node is gone: it died (no heartbeat), or came back with another boot. Each call is
 * closed once, whichever node finds it, from its last checkpoint, with its outbox row in the same
 * transaction.
 */
export class OrphanCloser {
  readonly #database: Database;
  readonly #deadAfterMs: number;
  readonly #onClosed: (count: number) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param deadAfterMs - milliseconds without a heartbeat after which a node is taken for dead */
  constructor(database: Database, deadAfterMs: number, onClosed: (count: number) => void = () => undefined) {
    this.#database = database;
    this.#deadAfterMs = deadAfterMs;
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

  /** @returns number of calls closed */
  async closeOrphans(): Promise<number> {
    let closed = 0;
    for (;;) {
      const count = await this.#closeBatch();
      closed += count;
      if (count < BATCH) break;
    }
    if (closed > 0) this.#onClosed(closed);
    return closed;
  }

  async #closeBatch(): Promise<number> {
    const { rows } = await this.#database.query<{ count: number }>(
      `with orphans as (
         select c.id from calls c left join nodes n on n.id = c.node_id
         where c.state in ('deciding', 'ringing', 'answered')
           and (n.id is null or n.boot_id <> c.boot_id or n.heartbeat_at < now() - $1 * interval '1 millisecond')
         order by c.id limit $2
         for update of c skip locked),
       closed as (
         update calls c set
           state = case when c.answered_at is null then 'failed' else 'completed' end,
           end_reason = 'node_lost',
           sip_status = case when c.answered_at is null then 503 else 200 end,
           detail = 'the node went away; closed from the last checkpoint',
           ended_at = coalesce(c.answered_at + c.connected_ms, c.received_at)
         from orphans o where c.id = o.id
         returning c.id, c.connected_ms, c.sale),
       told as (
         insert into outbox (type, subject, payload)
         select 'call.ended', id, json_build_object('callId', id, 'connectedMs', connected_ms, 'sold', sale is not null)
         from closed on conflict (type, subject) do nothing)
       select count(*)::integer as count from closed`,
      [this.#deadAfterMs, BATCH],
    );
    return rows[0]?.count ?? 0;
  }
}
