import type { Redis } from 'ioredis';
import type { Binding, BindingChange, BindingStore, Flow } from '../signaling';
import { changedBindings, liveBindings, LocalBindings } from '../signaling';
import type { PresenceBus } from './presence-bus';
import { RedisBindingsCommands } from './redis-bindings-commands';
import { RedisLink } from './redis-link';

export interface RedisBindingsOptions {
  readonly nodeId: string;
  /** Of this start of this node, and of no other: what an earlier one held is gone with its connections. */
  readonly origin: string;
  /** Over which nodes tell each other of changes. */
  readonly bus: PresenceBus;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  readonly channel?: string;
  /** Milliseconds between looks for bindings whose time is over. */
  readonly sweepMs?: number;
  /** Redis went away, or is back. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
  /** Something of an agent's cannot be told to Redis, and is tried again. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Milliseconds that a phone has to come back whose connection is gone. */
  readonly graceMs?: number;
}

const CHANNEL = 'dce:bindings';
const SWEEP_MS = 1_000;
/** A page that lost its connection is back within a second or two. */
const GRACE_MS = 2_500;
/** Agents that are looked at in one sweep, or told to Redis at once. */
const BATCH = 200;
/** Agents told of between two turns of the event loop. */
const SLICE = 500;
/** Agents of other nodes that are known, so that whoever is gone after a silence is told of. */
const MAX_KNOWN = 100_000;
/** Longer is no notice of ours: an origin and an agent. */
const MAX_NOTICE = 256;

/**
 * The bindings of all nodes in Redis, and those of this node's phones in memory too: without Redis a node
 * goes by these, and tells it of them when it is back.
 */
export class RedisBindings implements BindingStore {
  readonly #options: RedisBindingsOptions;
  readonly #commands: RedisBindingsCommands;
  readonly #link: RedisLink;
  readonly #local: LocalBindings;
  readonly #handlers: ((agentId: string) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  /** Agents whose bindings changed here while Redis was not asked. */
  readonly #untold = new Set<string>();
  readonly #known = new Set<string>();
  /** Of connections that are gone, whose phones may come back. */
  readonly #graces = new Set<NodeJS.Timeout>();
  #sweeping = false;
  #closed = false;

  constructor(redis: Redis, options: RedisBindingsOptions) {
    const { nodeId, origin, bus, now, channel = CHANNEL, sweepMs = SWEEP_MS, onDegraded, onError } = options;
    this.#options = options;
    this.#commands = new RedisBindingsCommands(redis, { nodeId, origin, channel });
    this.#local = new LocalBindings({ now, sweepMs });
    this.#local.onChange((agentId) => this.#tell(agentId));
    this.#link = new RedisLink(redis, onDegraded, onError);
    this.#link.onEnter(() => this.#enter());
    this.#link.onUp(() => this.#tellUntold());
    bus.listen(
      channel,
      (text) => this.#hear(text),
      () => void this.#catchUp(),
    );
    this.#timer = setInterval(() => void this.#sweep(), sweepMs);
    this.#timer.unref();
  }

  /** True while this node knows of its own phones alone. */
  get degraded(): boolean {
    return this.#link.degraded;
  }

  /** Agents whose phones are on this node. */
  get held(): number {
    return this.#local.agents;
  }

  /** Resolves when Redis is asked, or has been given up for now. */
  start(): Promise<void> {
    return this.#link.start();
  }

  async of(agentId: string, now: number): Promise<readonly Binding[]> {
    const read = await this.#link.attempt(() => this.#commands.read(agentId));
    return read.ok ? liveBindings(read.value, now) : this.#local.live(agentId, now);
  }

  async ofAll(agentIds: readonly string[], now: number): Promise<ReadonlyMap<string, readonly Binding[]>> {
    // Commands of one turn travel together.
    const all = await Promise.all(agentIds.map(async (id) => [id, await this.of(id, now)] as const));
    return new Map(all.filter(([, bindings]) => bindings.length > 0));
  }

  async apply(
    agentId: string,
    expected: readonly Binding[],
    change: BindingChange,
    now: number,
  ): Promise<boolean> {
    const done = await this.#link.attempt(() => this.#commands.apply(agentId, expected, change, now));
    if (!done.ok) {
      this.#untold.add(agentId);
      return this.#local.apply(agentId, this.#ours(expected), change, now);
    }
    if (!done.value) return false;
    this.#local.keep(agentId, this.#ours(changedBindings(expected, change)));
    this.#tell(agentId);
    return true;
  }

  async drop(binding: Binding): Promise<void> {
    const { agentId } = binding;
    const now = this.#options.now();
    const done = await this.#link.attempt(() => this.#commands.drop(binding, now));
    if (!done.ok) this.#untold.add(agentId);
    await this.#local.drop(binding);
    if (done.ok && done.value) this.#tell(agentId);
  }

  agentOfFlow(flow: Flow, now: number): string | undefined {
    return this.#local.agentOfFlow(flow, now);
  }

  /**
   * Connections of this node are gone. Whoever registered on them and not anew since is dropped a little
   * later: most come back, and their agents were never away.
   */
  flowsClosed(flows: readonly Flow[]): void {
    const gone = flows.flatMap((flow) => this.#local.onFlow(flow));
    if (gone.length === 0 || this.#closed) return;
    const timer = setTimeout(() => {
      this.#graces.delete(timer);
      void this.#dropAll(gone);
    }, this.#options.graceMs ?? GRACE_MS);
    timer.unref();
    this.#graces.add(timer);
  }

  onChange(handler: (agentId: string) => void): void {
    this.#handlers.push(handler);
  }

  /** Bindings stay in Redis: a node that goes down takes no time to say so, and starts anew without them. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const timer of this.#graces) clearTimeout(timer);
    this.#local.close();
    this.#link.close();
  }

  async #dropAll(bindings: readonly Binding[]): Promise<void> {
    for (let from = 0; from < bindings.length && !this.#closed; from += BATCH) {
      await Promise.all(bindings.slice(from, from + BATCH).map((binding) => this.drop(binding)));
    }
  }

  #ours(bindings: readonly Binding[]): Binding[] {
    return bindings.filter(({ nodeId }) => nodeId === this.#options.nodeId);
  }

  /** Redis learns of every phone of this node, and that there are no others. */
  async #enter(): Promise<void> {
    await this.#commands.prepare();
    this.#untold.clear();
    const agentIds = [...new Set([...this.#local.agentIds(), ...(await this.#commands.ofThisNode())])];
    for (let from = 0; from < agentIds.length; from += BATCH) {
      await Promise.all(
        agentIds.slice(from, from + BATCH).map(async (agentId) => {
          if (!(await this.#link.tryEntry(() => this.#sync(agentId)))) this.#untold.add(agentId);
        }),
      );
    }
  }

  /** Sent in this turn: what phones do from now on travels behind it. */
  #tellUntold(): void {
    this.#tellAgain(this.#untold.size);
    void this.#catchUp();
  }

  #tellAgain(atMost: number): void {
    for (const agentId of [...this.#untold].slice(0, atMost)) {
      this.#untold.delete(agentId);
      void this.#link
        .attempt(() => this.#sync(agentId))
        .then(({ ok }) => {
          if (!ok) this.#untold.add(agentId);
        });
    }
  }

  async #sync(agentId: string): Promise<void> {
    const now = this.#options.now();
    const all = await this.#commands.sync(agentId, this.#local.live(agentId, now), now);
    // What changed here meanwhile is told next.
    if (!this.#untold.has(agentId)) this.#local.keep(agentId, this.#ours(all));
  }

  #hear(text: string): void {
    const space = text.indexOf(' ');
    if (text.length > MAX_NOTICE || space < 0 || text.slice(0, space) === this.#options.origin) return;
    const agentId = text.slice(space + 1);
    if (this.#known.size < MAX_KNOWN) this.#known.add(agentId);
    if (this.#local.live(agentId, 0).length > 0) void this.#refresh(agentId);
    this.#tell(agentId);
  }

  /** A phone of this node went to another one, or was thrown out there. */
  async #refresh(agentId: string): Promise<void> {
    const read = await this.#link.attempt(() => this.#commands.read(agentId));
    if (read.ok && !this.#untold.has(agentId)) this.#local.keep(agentId, this.#ours(read.value));
  }

  /** Nothing may have been heard for a while: everybody who is or was registered is told of. */
  async #catchUp(): Promise<void> {
    const read = await this.#link.attempt(() => this.#commands.registered(MAX_KNOWN));
    if (!read.ok) return;
    const all = new Set([...this.#known, ...this.#local.agentIds(), ...read.value]);
    this.#known.clear();
    for (const agentId of read.value) this.#known.add(agentId);
    let told = 0;
    for (const agentId of all) {
      if (this.#closed) return;
      this.#tell(agentId);
      if (++told % SLICE === 0) await new Promise((turn) => setImmediate(turn));
    }
  }

  /** Whichever node comes first lets go of what is over, and tells the others. */
  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const now = this.#options.now();
    await this.#link.attempt(async () => {
      const due = await this.#commands.due(now, BATCH);
      const gone = await Promise.all(due.map((agentId) => this.#commands.sweep(agentId, now)));
      due.forEach((agentId, at) => {
        if (gone[at]) this.#tell(agentId);
      });
    });
    if (!this.degraded) this.#tellAgain(BATCH);
    this.#sweeping = false;
  }

  #tell(agentId: string): void {
    if (this.#closed) return;
    for (const handler of this.#handlers) handler(agentId);
  }
}
