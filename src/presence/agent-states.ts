import type { Redis } from 'ioredis';
import type { Presence } from '../domain';
import { asError } from '../domain';
import type { AgentRelease, Binding, BindingStore } from '../signaling';
import type { AgentEvent, AgentRecord } from './agent-record';
import { change, isHeldBy, presenceOf, settle } from './agent-record';
import { LocalRecords } from './local-records';
import type { PresenceBus } from './presence-bus';
import { RecentBindings } from './recent-bindings';
import { RedisLink } from './redis-link';
import { RedisRecords } from './redis-records';
import type { RecordStore, Swap } from './record-store';
import { shareRecords } from './share-records';
import { Upkeep } from './upkeep';

export interface AgentStatesOptions {
  readonly redis: Redis;
  /** Over which nodes tell each other of changes; closed by who opened it, afterwards. */
  readonly bus: PresenceBus;
  readonly bindings: BindingStore;
  readonly nodeId: string;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds after which what a node that died held lapses. */
  readonly leaseMs?: number;
  /** Calls in a row that may ring at an agent in vain; with the last of them the agent is away. */
  readonly missedBeforeAway?: number;
  /** Milliseconds after which an agent whom a call left ringing is freed. */
  readonly maxRingMs?: number;
  /** Of every key and channel in Redis. */
  readonly prefix?: string;
  /** Redis went away, or is back: meanwhile this node rings its own agents, by what it knows. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
  /** Something could not be done, and is tried again. */
  readonly onError?: (error: Error) => void;
}

/** What an agent does, since when: UTC epoch milliseconds, 0 when nothing was ever known. */
export interface AgentPresence {
  readonly state: Presence;
  readonly since: number;
}

export interface PresenceChange extends AgentPresence {
  readonly agentId: string;
}

/** An agent who may be claimed. */
export interface FreeAgent {
  readonly agentId: string;
  /** UTC epoch milliseconds. */
  readonly idleSince: number;
}

/** Whom to claim. */
export interface ClaimOrder {
  /** Agents that would do, the best first. */
  readonly agentIds: readonly string[];
  /** How many of them at most. */
  readonly most: number;
}

export interface ClaimOptions {
  readonly callId: string;
  /** Everybody who could be rung: until when each has a phone registered, UTC epoch milliseconds. */
  readonly reachable: ReadonlyMap<string, number>;
  /** Of which the last agent rung is remembered. */
  readonly teamId?: string | undefined;
  /** Chooses among who is free. Called again when others were faster. */
  readonly choose: (free: readonly FreeAgent[], lastRung: string | undefined) => ClaimOrder;
}

export interface ClaimOutcome {
  readonly claimed: readonly string[];
  /** How many were free, whether chosen or not. */
  readonly free: number;
  /** Of who can be rung, how many are not away. */
  readonly atWork: number;
}

const LEASE_MS = 15_000;
const MISSED_BEFORE_AWAY = 3;
/** No phone rings for so long. */
const MAX_RING_MS = 600_000;
const PREFIX = 'dce:presence:';
/** Tries to claim before others are taken to be faster each time. */
const CLAIM_TRIES = 4;
/** Tries to change one agent; each fails only because somebody else changed that agent. */
const CHANGE_TRIES = 20;
const SWEEP = 2_000;
const REGISTRATIONS = 500;
/** Within which the nodes have told what they hold, after Redis was away. */
const SETTLE_MS = 2_000;

/** A call of this node that has an agent. */
interface Held {
  readonly callId: string;
  readonly task: 'ringing' | 'on_call';
  /** Monotonic milliseconds. */
  readonly since: number;
}

/**
 * What every agent does, over all nodes: in Redis, where each change is made only over what it was
 * made of, so that nobody is ever claimed twice. What a node holds lapses unless it says again that it
 * does. While Redis is away, a node goes by what it heard last, and rings its own agents.
 */
export class AgentStates {
  /** Whether Redis may be asked. */
  readonly link: RedisLink;
  /** Of every key and channel in Redis. */
  readonly prefix: string;
  /** What all nodes tell each other. */
  readonly bus: PresenceBus;
  readonly #options: AgentStatesOptions;
  readonly #leaseMs: number;
  readonly #shared: RedisRecords;
  readonly #local: LocalRecords;
  readonly #upkeep: Upkeep;
  readonly #handlers: ((change: PresenceChange) => void)[] = [];
  readonly #told = new Map<string, AgentPresence>();
  readonly #held = new Map<string, Held>();
  /** Agents with phones that registered at this node. */
  readonly #own = new Set<string>();
  /** Until when only those are rung: the other nodes are coming back too. Monotonic milliseconds. */
  #ownUntil = 0;
  /** Calls for which somebody is being claimed, how often each. */
  readonly #claiming = new Map<string, number>();
  /** What is under way for an agent: one thing after the other. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #wakes = new Map<string, NodeJS.Timeout>();
  /** What shows alone is told by these. */
  readonly #recent: RecentBindings;
  /** Agents whose registrations changed and are to be looked at. */
  readonly #registered = new Set<string>();
  /** Agents whose registrations could not be looked at. */
  readonly #unknown = new Set<string>();
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(options: AgentStatesOptions) {
    this.#options = options;
    const { redis, now, onError } = options;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    this.prefix = options.prefix ?? PREFIX;
    const channel = `${this.prefix}changes`;
    this.link = new RedisLink(redis, options.onDegraded, onError);
    this.#shared = new RedisRecords(redis, this.prefix, channel);
    this.#local = new LocalRecords(now, (agentId, record) => this.#tell(agentId, record));
    this.bus = options.bus;
    this.bus.listen(
      channel,
      (text) => this.#hear(text),
      () => void this.#catchUp(),
    );
    this.#upkeep = new Upkeep([() => this.#renew(), () => this.#sweep()], this.#leaseMs / 3, onError);
    this.link.onEnter(() => this.#share());
    this.link.onUp(() => {
      void this.#renew().catch((error: unknown) => options.onError?.(asError(error)));
      this.#lookSoon();
    });
    this.#recent = new RecentBindings(options.bindings, now);
    options.bindings.onChange((agentId) => this.#registrationChanged(agentId));
  }

  /** True while Redis is away: this node goes by what it knows. */
  get degraded(): boolean {
    return this.link.degraded;
  }

  /** True while only phones of this node may be rung: the others may be on calls that it does not know of. */
  get ownOnly(): boolean {
    return this.degraded || this.#options.bindings.degraded || performance.now() < this.#ownUntil;
  }

  /**
   * Frees whom a former start of this node held, and reads what everybody does. Resolves when that is
   * done, or Redis has been given up for now. Never rejects.
   */
  async start(): Promise<void> {
    await this.link.start();
    this.#upkeep.start();
  }

  /** What agents do; everyone asked for is told of. Never rejects. */
  async of(agentIds: readonly string[]): Promise<Map<string, AgentPresence>> {
    const [reading, registered] = await Promise.all([
      this.#with((store) => store.read(agentIds)),
      this.#recent.ofAll(agentIds),
    ]);
    return new Map(
      agentIds.map((agentId) => {
        const { record } = reading.records.get(agentId) ?? this.#local.of(agentId);
        const seen = this.#knows(agentId, registered)
          ? change(record, { kind: 'reach', until: lastExpiry(registered.get(agentId)) }, reading.now)
          : record;
        if (seen !== record) this.#registrationChanged(agentId);
        return [agentId, { state: presenceOf(seen), since: seen.since }];
      }),
    );
  }

  /** The call that the agent is on, and the node that has it. Never rejects. */
  async callOf(agentId: string): Promise<{ readonly callId: string; readonly nodeId: string } | undefined> {
    const { now, records } = await this.#with((store) => store.read([agentId]));
    const { task } = settle((records.get(agentId) ?? this.#local.of(agentId)).record, now);
    return task?.kind === 'on_call' ? { callId: task.callId, nodeId: task.node } : undefined;
  }

  /** The agent wants calls, or none. Who wants some ends the wrap-up; during a call it counts after it. Never rejects. */
  async choose(agentId: string, status: 'available' | 'away'): Promise<AgentPresence> {
    await this.#inLine(agentId, () => this.#change(agentId, () => ({ kind: 'choose', status })));
    const seen = (await this.of([agentId])).get(agentId);
    return seen ?? { state: 'offline', since: 0 };
  }

  /** Told of every change that shows, on any node. */
  onChange(handler: (change: PresenceChange) => void): void {
    this.#handlers.push(handler);
  }

  /** Takes agents for a call: they ring, and no other call gets them. Never rejects. */
  async claim(options: ClaimOptions): Promise<ClaimOutcome> {
    const { callId } = options;
    this.#claiming.set(callId, (this.#claiming.get(callId) ?? 0) + 1);
    try {
      const outcome = await this.#with((store) => this.#claimIn(store, options));
      for (const agentId of outcome.claimed) {
        this.#held.set(agentId, { callId, task: 'ringing', since: performance.now() });
      }
      return outcome;
    } finally {
      const others = (this.#claiming.get(callId) ?? 1) - 1;
      if (others === 0) this.#claiming.delete(callId);
      else this.#claiming.set(callId, others);
    }
  }

  /** The agent is free again, for the reason given. */
  release(callId: string, agentId: string, why: AgentRelease): void {
    const missedBeforeAway = this.#options.missedBeforeAway ?? MISSED_BEFORE_AWAY;
    this.#letGo(callId, agentId, { kind: 'release', callId, why, missedBeforeAway });
  }

  /** The agent talks. */
  answered(callId: string, agentId: string): void {
    const held = this.#held.get(agentId);
    if (held && held.callId !== callId) return;
    this.#held.set(agentId, { callId, task: 'on_call', since: performance.now() });
    void this.#inLine(agentId, () => this.#change(agentId, (now) => this.#holding(agentId, now)));
  }

  /** The agent's call is over. @param wrapUpMs - milliseconds without calls from now on */
  ended(callId: string, agentId: string, wrapUpMs: number): void {
    this.#letGo(callId, agentId, { kind: 'end', callId, wrapUpMs });
  }

  /** Resolves when nothing of it is under way any more. Whom this node holds stays held until that lapses. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#upkeep.close();
    await Promise.all(this.#lines.values());
    await this.#looking;
    for (const wake of this.#wakes.values()) clearTimeout(wake);
    this.#wakes.clear();
    this.link.close();
  }

  async #with<T>(work: (store: RecordStore) => Promise<T>): Promise<T> {
    const shared = await this.link.attempt(() => work(this.#shared));
    return shared.ok ? shared.value : work(this.#local);
  }

  async #claimIn(
    store: RecordStore,
    { callId, reachable, teamId, choose }: ClaimOptions,
  ): Promise<ClaimOutcome> {
    const agentIds = [...reachable.keys()];
    const node = this.#options.nodeId;
    const claimed: string[] = [];
    for (let tries = 1; ; tries++) {
      const { now, records, lastRung } = await store.read(agentIds, teamId);
      const until = now + this.#leaseMs;
      const claims = new Map<string, Swap>();
      const free: FreeAgent[] = [];
      let atWork = 0;
      for (const [agentId, { record, text: expected }] of records) {
        const reachableUntil = reachable.get(agentId) ?? 0;
        const held = this.#held.get(agentId);
        const seen = change(record, { kind: 'reach', until: reachableUntil }, now);
        if (isAtWork(seen)) atWork++;
        // Redis may have forgotten what a call of this node has: it is told of it soon.
        if (held && held.callId !== callId) continue;
        const taken = change(record, { kind: 'claim', callId, node, until, reachableUntil }, now);
        if (!isHeldBy(taken, callId) || isHeldBy(seen, callId)) continue;
        free.push({ agentId, idleSince: seen.idleSince });
        claims.set(agentId, { agentId, expected, record: taken });
      }
      const order = choose(free, lastRung);
      const most = order.most - claimed.length;
      const swaps = order.agentIds.flatMap((agentId) => claims.get(agentId) ?? []);
      const wanted = Math.min(most, swaps.length);
      const done = wanted > 0 ? await store.swap(swaps, most, teamId) : [];
      claimed.push(...done);
      // Whoever could not be taken may only have registered anew: they are looked at again.
      if (done.length >= wanted || tries === CLAIM_TRIES) {
        return { claimed, free: claimed.length + free.length - done.length, atWork };
      }
    }
  }

  #letGo(callId: string, agentId: string, event: AgentEvent): void {
    const held = this.#held.get(agentId);
    if (held?.callId !== callId) return;
    this.#held.delete(agentId);
    void this.#inLine(agentId, () => this.#change(agentId, () => event));
  }

  /** That this node's call goes on having the agent; undefined when it no longer does. */
  #holding(agentId: string, now: number): AgentEvent | undefined {
    const held = this.#held.get(agentId);
    if (!held) return undefined;
    const { task, callId } = held;
    return { kind: 'hold', task, callId, node: this.#options.nodeId, until: now + this.#leaseMs };
  }

  async #inLine(agentId: string, work: () => Promise<void>): Promise<void> {
    const before = this.#lines.get(agentId);
    const done = (before ?? Promise.resolve()).then(work).catch((error: unknown) => {
      this.#options.onError?.(asError(error));
    });
    this.#lines.set(agentId, done);
    await done;
    if (this.#lines.get(agentId) === done) this.#lines.delete(agentId);
  }

  /** @param eventAt - what happened, by the clock of the store; undefined: nothing, after all */
  async #change(agentId: string, eventAt: (now: number) => AgentEvent | undefined): Promise<void> {
    const record = await this.#with(async (store) => {
      for (let tries = 0; tries < CHANGE_TRIES; tries++) {
        const { now, records } = await store.read([agentId]);
        const { record: before, text: expected } = records.get(agentId) ?? this.#local.of(agentId);
        const event = eventAt(now);
        const after = event ? change(before, event, now) : settle(before, now);
        if (after === before) return undefined;
        const [done] = await store.swap([{ agentId, expected, record: after }], 1);
        if (done !== undefined) return { after, now };
      }
      throw new Error(`agent ${agentId} was changed by others ${CHANGE_TRIES} times in a row`);
    });
    if (record) this.#wakeAfter(agentId, record.after, record.now);
  }

  /** Wrap-up ends by itself: who began it wakes, so that it shows at once. */
  #wakeAfter(agentId: string, { task }: AgentRecord, now: number): void {
    clearTimeout(this.#wakes.get(agentId));
    this.#wakes.delete(agentId);
    if (task?.kind !== 'wrap_up' || this.#closed) return;
    const wake = setTimeout(
      () => {
        this.#wakes.delete(agentId);
        void this.#inLine(agentId, () => this.#change(agentId, () => undefined));
      },
      Math.max(0, task.until - now) + 1,
    );
    wake.unref();
    this.#wakes.set(agentId, wake);
  }

  /**
   * Changes many agents, each by what it is.
   * @param look - reads what the events are made of, after the states over which they are made: what was true
   *   before somebody else's change is never written over it. `unknown`: the agent is left as it is
   * @returns whom somebody else changed meanwhile, who are left as they are
   */
  async #changeAll(
    agentIds: readonly string[],
    look: () => Promise<(agentId: string, now: number) => AgentEvent | 'unknown' | undefined>,
  ): Promise<readonly string[]> {
    if (agentIds.length === 0) return [];
    return this.#with(async (store) => {
      const { now, records } = await store.read(agentIds);
      const eventAt = await look();
      const swaps = [...records].flatMap(([agentId, { record, text: expected }]) => {
        const event = eventAt(agentId, now);
        if (event === 'unknown') return [];
        const after = event ? change(record, event, now) : settle(record, now);
        return after === record ? [] : [{ agentId, expected, record: after }];
      });
      const done = new Set(swaps.length > 0 ? await store.swap(swaps, swaps.length) : []);
      return swaps.map(({ agentId }) => agentId).filter((agentId) => !done.has(agentId));
    });
  }

  /** What this node's calls hold, they go on holding. */
  async #renew(): Promise<void> {
    const longAgo = performance.now() - (this.#options.maxRingMs ?? MAX_RING_MS);
    for (const [agentId, { callId, task, since }] of this.#held) {
      if (task !== 'ringing' || since > longAgo) continue;
      this.#options.onError?.(new Error(`agent ${agentId} was left ringing by call ${callId}`));
      this.release(callId, agentId, 'failed');
    }
    await this.#changeAll([...this.#held.keys()], () =>
      Promise.resolve((agentId, now) => this.#holding(agentId, now)),
    );
    if (this.#local.unshared.size > 0) await this.link.attempt(() => this.#share());
  }

  /** What has lapsed is written, so that it shows; registrations that are about to lapse may have been renewed. */
  async #sweep(): Promise<void> {
    const found = await this.link.attempt(() => this.#shared.lapsing(this.#leaseMs / 2, SWEEP));
    const now = this.#options.now();
    const lapsed = found.ok
      ? found.value
      : this.#local.agentIds.filter((agentId) => {
          const { record } = this.#local.of(agentId);
          return settle(record, now) !== record;
        });
    await this.#lookAt(lapsed);
    if (!this.ownOnly) {
      for (const agentId of this.#unknown) this.#registered.add(agentId);
      this.#unknown.clear();
    }
    this.#lookSoon();
  }

  #registrationChanged(agentId: string): void {
    this.#registered.add(agentId);
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#closed || this.#registered.size === 0) return;
    this.#looking ??= this.#lookAtRegistrations().finally(() => {
      this.#looking = undefined;
      this.#lookSoon();
    });
  }

  async #lookAtRegistrations(): Promise<void> {
    // What comes in this turn is looked at together.
    await Promise.resolve();
    while (this.#registered.size > 0) {
      const agentIds = [...this.#registered].slice(0, REGISTRATIONS);
      for (const agentId of agentIds) this.#registered.delete(agentId);
      try {
        await this.#lookAt(agentIds);
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }

  async #lookAt(agentIds: readonly string[]): Promise<void> {
    if (agentIds.length === 0) return;
    let registered: ReadonlyMap<string, readonly Binding[]> = new Map();
    const missed = await this.#changeAll(agentIds, async () => {
      const found = await this.#options.bindings.ofAll(agentIds, this.#options.now());
      registered = found;
      return (agentId) =>
        this.#knows(agentId, found) ? { kind: 'reach', until: lastExpiry(found.get(agentId)) } : 'unknown';
    });
    for (const agentId of missed) this.#registered.add(agentId);
    for (const agentId of agentIds) {
      if (!this.#knows(agentId, registered)) {
        this.#unknown.add(agentId);
        continue;
      }
      if (registered.get(agentId)?.some(({ nodeId }) => nodeId === this.#options.nodeId))
        this.#own.add(agentId);
      else this.#own.delete(agentId);
    }
  }

  /** Whether it can be told. While Redis is away, only this node's own agents are known: of others, what was heard last stays. */
  #knows(agentId: string, registered: ReadonlyMap<string, readonly Binding[]>): boolean {
    return (
      !this.ownOnly || registered.has(agentId) || this.#own.has(agentId) || this.#local.unshared.has(agentId)
    );
  }

  /** Brings what this node knows and what all nodes share together. */
  async #share(): Promise<void> {
    const touched = await shareRecords({
      shared: this.#shared,
      local: this.#local,
      node: this.#options.nodeId,
      holds: (agentId, callId) => this.#held.get(agentId)?.callId === callId || this.#claiming.has(callId),
      onError: this.#options.onError,
    });
    // Looked at once Redis is asked again.
    for (const agentId of touched) this.#registered.add(agentId);
    if (this.degraded) this.#ownUntil = performance.now() + SETTLE_MS;
  }

  /** Messages were missed: everybody is looked at again, also who became known by one of them. */
  async #catchUp(): Promise<void> {
    await this.link.attempt(async () => {
      for await (const [agentId, text] of this.#shared.all()) {
        try {
          this.#local.learn(agentId, text);
        } catch (error) {
          this.#options.onError?.(asError(error));
        }
      }
    });
  }

  #hear(text: string): void {
    const space = text.indexOf(' ');
    this.#local.learn(text.slice(0, space), text.slice(space + 1));
  }

  #tell(agentId: string, record: AgentRecord): void {
    const seen = { state: presenceOf(record), since: record.since };
    const told = this.#told.get(agentId);
    if (told?.state === seen.state && told.since === seen.since) return;
    this.#told.set(agentId, seen);
    // That somebody is gone who was never seen is no news.
    if (!told && seen.state === 'offline') return;
    for (const handler of this.#handlers) {
      try {
        handler({ agentId, ...seen });
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }
}

/** Whether the agent takes calls, be it later. */
function isAtWork(record: AgentRecord): boolean {
  const state = presenceOf(record);
  return state !== 'offline' && state !== 'away';
}

function lastExpiry(bindings: readonly { readonly expiresAt: number }[] | undefined): number {
  return Math.max(0, ...(bindings ?? []).map(({ expiresAt }) => expiresAt));
}
