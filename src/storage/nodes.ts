import type { Database } from './database';

const BEAT_MS = 5_000;

/** Tells the other nodes that this one lives, and which start of it this is. */
export class NodeHeartbeat {
  readonly #database: Database;
  readonly #nodeId: string;
  readonly #bootId: string;
  #sipAddress: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, nodeId: string, bootId: string) {
    this.#database = database;
    this.#nodeId = nodeId;
    this.#bootId = bootId;
  }

  /** @throws Error when the first beat cannot be written */
  async start(): Promise<void> {
    await this.#beat();
    this.#timer = setInterval(() => void this.#beat().catch(() => undefined), BEAT_MS);
  }

  /**
   * Tells the others where they reach this node's SIP server, from now on.
   * @param sipAddress - e.g. `sip:192.0.2.7:5060;transport=tcp`
   * @throws Error when it cannot be written now; the next beat tells it
   */
  async announce(sipAddress: string | undefined): Promise<void> {
    this.#sipAddress = sipAddress;
    await this.#beat();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #beat(): Promise<void> {
    await this.#database.query(
      `insert into nodes (id, boot_id, heartbeat_at, sip_address) values ($1, $2, now(), $3)
       on conflict (id) do update set boot_id = excluded.boot_id, heartbeat_at = now(),
         sip_address = excluded.sip_address`,
      [this.#nodeId, this.#bootId, this.#sipAddress ?? null],
    );
  }
}
