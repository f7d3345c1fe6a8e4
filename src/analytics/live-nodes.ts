import type { Redis } from 'ioredis';
import { asError } from '../domain';
import { PeriodicJob } from '../storage';
import type { LiveNumbers } from './live-counts';
import { LIVE_NUMBERS } from './live-counts';

export interface LiveNodesOptions {
  readonly nodeId: string;
  /** What this node has to tell. */
  readonly own: () => ReadonlyMap<string, LiveNumbers>;
  readonly everyMs?: number;
  /** What keys begin with. */
  readonly prefix?: string;
  /** Redis went away, or is back. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
}

const EVERY_MS = 1_000;
/** A node that says nothing for so long counts no more. */
const LASTS_MS = 5_000;
const MOST_NODES = 256;

/** The numbers of a scope as they go over the wire: in the order of {@link LIVE_NUMBERS}. */
type Written = Readonly<Record<string, readonly number[]>>;

/**
 * What the nodes tell each other of their live calls: each keeps one key in Redis, which expires by itself,
 * and reads those of the others. While Redis is away a node knows of itself alone.
 */
export class LiveNodes {
  readonly #redis: Redis;
  readonly #options: LiveNodesOptions;
  readonly #job: PeriodicJob;
  readonly #prefix: string;
  #others: readonly Written[] = [];
  #degraded = false;

  constructor(redis: Redis, options: LiveNodesOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#prefix = options.prefix ?? 'dce:live:';
    this.#job = new PeriodicJob(() => this.exchange(), {
      everyMs: options.everyMs ?? EVERY_MS,
      onError: (error) => this.#setDegraded(true, error),
    });
  }

  /** True while the other nodes are not heard. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /** Nodes heard besides this one. */
  get size(): number {
    return this.#others.length;
  }

  start(): void {
    this.#job.start();
  }

  async close(): Promise<void> {
    await this.#job.close();
    await this.#redis.del(this.#key(this.#options.nodeId)).catch(() => undefined);
  }

  /** What the other nodes last said of a scope, added up. */
  numbers(scope: string): LiveNumbers | undefined {
    let found = false;
    const sums: number[] = LIVE_NUMBERS.map(() => 0);
    for (const node of this.#others) {
      const numbers = Object.hasOwn(node, scope) ? node[scope] : undefined;
      if (!numbers) continue;
      found = true;
      numbers.forEach((value, n) => {
        sums[n] = (sums[n] ?? 0) + value;
      });
    }
    if (!found) return undefined;
    return Object.fromEntries(
      LIVE_NUMBERS.map((field, n) => [field, sums[n] ?? 0]),
    ) as unknown as LiveNumbers;
  }

  /** Tells and hears once. @throws Error while Redis is away */
  async exchange(): Promise<void> {
    const { nodeId, own } = this.#options;
    const names = `${this.#prefix}nodes`;
    try {
      await this.#redis.set(this.#key(nodeId), JSON.stringify(written(own())), 'PX', LASTS_MS);
      await this.#redis.sadd(names, nodeId);
      const others = (await this.#redis.smembers(names))
        .filter((name) => name !== nodeId)
        .slice(0, MOST_NODES);
      const texts = others.length === 0 ? [] : await this.#redis.mget(others.map((name) => this.#key(name)));
      const gone = others.filter((_, n) => texts[n] === null);
      if (gone.length > 0) await this.#redis.srem(names, ...gone);
      this.#others = texts.flatMap((text) => (text === null ? [] : [read(text)]));
      this.#setDegraded(false);
    } catch (error) {
      this.#others = [];
      throw asError(error);
    }
  }

  #key(nodeId: string): string {
    return `${this.#prefix}node:${nodeId}`;
  }

  #setDegraded(degraded: boolean, error?: Error): void {
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    this.#options.onDegraded?.(degraded, error);
  }
}

function written(own: ReadonlyMap<string, LiveNumbers>): Written {
  return Object.fromEntries(
    [...own].map(([scope, numbers]) => [scope, LIVE_NUMBERS.map((field) => numbers[field])]),
  );
}

/** What another version of the program says in another way counts nothing. */
function read(text: string): Written {
  const said = JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(said).filter(
      (entry): entry is [string, number[]] =>
        Array.isArray(entry[1]) &&
        entry[1].length === LIVE_NUMBERS.length &&
        entry[1].every((value) => typeof value === 'number'),
    ),
  );
}
