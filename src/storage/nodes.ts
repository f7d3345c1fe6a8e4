import type { Database } from './database';

const BEAT_MS = 5_000;

/** Tells the other nodes that this one lives, and which start of it this is. */
export class NodeHeartbeat {
  readonly #database: Database;
  readonly #nodeId: string;
  readonly #bootId: string;
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

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #beat(): Promise<void> {
    await this.#database.query(
      `insert into nodes (id, boot_id, heartbeat_at) values ($1, $2, now())
       on conflict (id) do update set boot_id = excluded.boot_id, heartbeat_at = now()`,
      [this.#nodeId, this.#bootId],
    );
  }
}
