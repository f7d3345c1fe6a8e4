import type { Database } from './database';
import { RecurringWork } from './recurring-work';

const EVERY_MS = 5_000;
const HOST = /^sip:(?:\[([^\]]+)\]|([^:;]+))/;

export interface NodeAddressesOptions {
  /** This node, which is left out. */
  readonly nodeId: string;
  /** Milliseconds without a heartbeat after which a node is taken for dead. */
  readonly deadAfterMs: number;
  readonly onError?: ((error: Error) => void) | undefined;
  readonly everyMs?: number;
}

/** Where the SIP servers of the other nodes are reached: as last read, also while the database is away. */
export class NodeAddresses extends RecurringWork {
  readonly #database: Database;
  readonly #options: NodeAddressesOptions;
  readonly #handlers: (() => void)[] = [];
  #addresses: ReadonlyMap<string, string> = new Map();

  constructor(database: Database, options: NodeAddressesOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /** URI of a live node's SIP server; undefined when it has none, or has died. */
  of(nodeId: string): string | undefined {
    return this.#addresses.get(nodeId);
  }

  /** Hosts from which the other nodes send: to be admitted as trunks are. */
  hosts(): string[] {
    const hosts = [...this.#addresses.values()].map((uri) => {
      const [, v6, other] = HOST.exec(uri) ?? [];
      return v6 ?? other ?? '';
    });
    return [...new Set(hosts)].sort();
  }

  /** Calls when nodes came, went or moved. */
  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }

  protected override async run(): Promise<void> {
    const { nodeId, deadAfterMs } = this.#options;
    const { rows } = await this.#database.query<{ id: string; address: string }>(
      `select id, sip_address as address from nodes
        where id <> $1 and sip_address is not null and heartbeat_at > now() - $2 * interval '1 millisecond'
        order by id`,
      [nodeId, deadAfterMs],
    );
    const before = JSON.stringify([...this.#addresses]);
    this.#addresses = new Map(rows.map(({ id, address }) => [id, address]));
    if (JSON.stringify([...this.#addresses]) !== before) for (const handler of this.#handlers) handler();
  }
}
