import { availableBytes, connectionsOfProcess, isMemoryShort } from './limits';
import type { FromClients, FromServer, ToClients, ToServer } from './messages';
import { Peer } from './peer';

/** A node, and the process whose clients are connected to it. */
interface Pair {
  readonly node: Peer<ToServer, FromServer>;
  readonly clients: Peer<ToClients, FromClients>;
  readonly emptyBytes: number;
  held: number;
}

/** How late events came, over all clients. */
export interface FanOut {
  /** Milliseconds within which a share of all had it. */
  readonly within: (share: number) => number;
  readonly missing: number;
  /** Microseconds of processors for each event that a client had: of the nodes, and of the clients. */
  readonly nodeMicros: number;
  readonly clientMicros: number;
}

const START_MS = 30_000;
const FIGURES_MS = 20_000;
/** Connections are opened so many at a time; then limits are looked at. */
const AT_ONCE = 2_000;
/** What is told late is waited for so long. */
const LATE_MS = 15_000;

/** Nodes with their clients, on one machine: as many as the limit of open files asks for. */
export class Cluster {
  readonly #redisUrl: string;
  readonly #pairs: Pair[] = [];
  readonly #availableAtFirst = availableBytes();
  readonly perNode = connectionsOfProcess();

  constructor(redisUrl: string) {
    this.#redisUrl = redisUrl;
  }

  get nodes(): number {
    return this.#pairs.length;
  }

  get held(): number {
    return this.#pairs.reduce((sum, { held }) => sum + held, 0);
  }

  /** Bytes that the machine has less of for each connection: of both its ends, and of the kernel for them. */
  get machineBytes(): number {
    return (this.#availableAtFirst - availableBytes()) / this.held;
  }

  /**
   * Opens connections until there are so many, evenly over so many nodes.
   * @returns why there are not more
   */
  async grow(total: number, nodes: number, withinMs: number): Promise<string | undefined> {
    const deadline = performance.now() + withinMs;
    while (this.#pairs.length < nodes) await this.#start();
    const shares = this.#shares(total, nodes);
    const limits = await Promise.all(
      this.#pairs.slice(0, nodes).map(async (pair, index) => {
        const share = shares[index] ?? 0;
        while (pair.held < share) {
          if (isMemoryShort()) return 'the memory of the machine';
          const left = deadline - performance.now();
          if (left <= 0) return 'the time it may take';
          const count = Math.min(AT_ONCE, share - pair.held);
          const { connected = 0, error } = await pair.clients.ask(
            { kind: 'open', count, withinMs: left },
            left + LATE_MS + 5_000,
          );
          pair.held = connected;
          if (error !== undefined) return error;
        }
        return undefined;
      }),
    );
    const limit = limits.find((one) => one !== undefined);
    if (limit !== undefined || this.held >= total) return limit;
    return `the limit of open files, ${this.perNode} for connections of each process`;
  }

  /** How many each of so many nodes is to hold: as many as the others, but never fewer than it does. */
  #shares(total: number, nodes: number): number[] {
    const held = this.#pairs.slice(0, nodes).map((pair) => pair.held);
    const shares = [...held];
    const fullestFirst = held.map((_, index) => index).sort((a, b) => (held[b] ?? 0) - (held[a] ?? 0));
    let left = total;
    for (const [place, index] of fullestFirst.entries()) {
      const even = Math.min(this.perNode, Math.ceil(left / (nodes - place)));
      shares[index] = Math.max(held[index] ?? 0, even);
      left -= shares[index] ?? 0;
    }
    return shares;
  }

  /** Bytes of a node for each of its connections. */
  async bytesEach(): Promise<number> {
    const sizes = await Promise.all(
      this.#pairs.map(async ({ node, emptyBytes }) => {
        const { rssBytes = 0 } = await node.ask({ kind: 'memory' }, FIGURES_MS);
        return rssBytes - emptyBytes;
      }),
    );
    return sizes.reduce((sum, bytes) => sum + bytes, 0) / this.held;
  }

  /**
   * Tells events at one node, and waits until everybody has had them.
   * @param bare - the same bytes straight into the sockets, on each node by itself
   */
  async fanOut(events: number, everyMs: number, bare: boolean): Promise<FanOut> {
    const withinMs = events * everyMs + LATE_MS;
    const before = await this.#nodeMicros();
    const heard = this.#pairs.map(({ clients }) =>
      clients.ask({ kind: 'listen', events, withinMs }, withinMs + FIGURES_MS),
    );
    const [first, ...others] = this.#pairs;
    const telling = bare ? [first, ...others] : [first];
    await Promise.all([
      ...heard,
      ...telling.map((pair) => pair?.node.ask({ kind: 'tell', events, everyMs, bare }, withinMs)),
    ]);
    const answers = await Promise.all(heard);
    const spent = (await this.#nodeMicros()) - before;
    const missing = answers.reduce((sum, one) => sum + (one.missing ?? 0), 0);
    const delivered = events * this.held - missing;
    const counts = new Map<number, number>();
    for (const { heard: some = [] } of answers) {
      for (const [tenths, count] of some) counts.set(tenths, (counts.get(tenths) ?? 0) + count);
    }
    const sorted = [...counts].sort(([a], [b]) => a - b);
    return {
      within: (share) => {
        let seen = 0;
        for (const [tenths, count] of sorted) {
          seen += count;
          if (seen >= delivered * share) return tenths / 10;
        }
        return NaN;
      },
      missing,
      nodeMicros: spent / delivered,
      clientMicros: answers.reduce((sum, { cpuMicros = 0 }) => sum + cpuMicros, 0) / delivered,
    };
  }

  stop(): void {
    for (const { node, clients } of this.#pairs) {
      clients.stop();
      node.stop();
    }
  }

  async #start(): Promise<void> {
    const index = this.#pairs.length;
    const node = new Peer<ToServer, FromServer>('server.js', [
      this.#redisUrl,
      index === 0 ? 'first' : 'more',
    ]);
    const { port, token, rssBytes = 0 } = await node.answer(START_MS);
    const args = [String(port), String(token), String(index)];
    const clients = new Peer<ToClients, FromClients>('clients.js', args);
    this.#pairs.push({ node, clients, emptyBytes: rssBytes, held: 0 });
    await clients.answer(START_MS);
  }

  async #nodeMicros(): Promise<number> {
    const all = await Promise.all(this.#pairs.map(({ node }) => node.ask({ kind: 'processor' }, FIGURES_MS)));
    return all.reduce((sum, { cpuMicros = 0 }) => sum + cpuMicros, 0);
  }
}
