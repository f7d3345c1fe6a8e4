import type { CapLimit, Decision, E164 } from '../domain';
import { hashId } from './bits';
import { CapBlocks } from './cap-blocks';
import { capReason, parseCapKey } from './cap-keys';
import { CallerVelocity } from './caller-velocity';
import type { Market } from './market';

/** What a decision reads of the calls before this one. */
export interface ActivityView {
  /** Calls of this caller in the last hour. */
  attemptsInLastHour(caller: E164, now: number): number;
  /** Buyers this caller was connected to at or after an instant. */
  buyersConnectedSince(caller: E164, since: number): readonly string[];
  /** Where the round robin of a campaign stands: hash of the bid that went first last time. */
  cursorOf(campaignId: string): number;
  readonly blocks: CapBlocks;
}

/** Bounds of what is remembered. */
export interface ActivityLimits {
  /** Callers whose attempts are counted. */
  readonly callers: number;
  /** Callers whose connections are remembered. */
  readonly connectedCallers: number;
  /** Counters whose use is remembered. */
  readonly counters: number;
}

const DEFAULT_LIMITS: ActivityLimits = { callers: 65_536, connectedCallers: 200_000, counters: 200_000 };
/** Buyers remembered for one caller. */
const MAX_CONNECTIONS = 16;
/** Another node gave the refusal, and its releases are not heard here: look again soon. */
const CONCURRENCY_RETRY_MS = 1_000;

interface Connection {
  readonly buyerId: string;
  readonly at: number;
}

interface Use {
  count: number;
  /** UTC epoch milliseconds after which the count means nothing; Infinity = never. */
  readonly resetsAt: number;
}

/**
 * The live side of the market as this node sees it: velocity and duplicates of callers, the use of
 * caps, the turn of each round robin. Bounded; what is forgotten is the longest unused.
 */
export class Activity implements ActivityView {
  readonly blocks: CapBlocks;
  readonly #limits: ActivityLimits;
  readonly #velocity: CallerVelocity;
  readonly #connections = new Map<E164, Connection[]>();
  readonly #uses = new Map<string, Use>();
  readonly #cursors = new Map<string, number>();

  constructor(market: Market, limits: Partial<ActivityLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#velocity = new CallerVelocity(this.#limits.callers);
    this.blocks = new CapBlocks(market.ordinals);
  }

  /** A caller called: counted against its velocity from the next call on. */
  recordAttempt(caller: E164, at: number): void {
    this.#velocity.record(caller, at);
  }

  /** A decision was made: counts its caller's attempt and moves the round robin on. */
  recordDecision(decision: Decision): void {
    const { attempt, campaignId } = decision.trace;
    if (attempt.from !== undefined) this.recordAttempt(attempt.from, attempt.receivedAt);
    const first = decision.ok ? decision.plan[0] : undefined;
    if (first && campaignId !== undefined) this.#cursors.set(campaignId, hashId(first.bidId));
  }

  /** A caller was connected to a buyer. */
  recordConnected(caller: E164, buyerId: string, at: number): void {
    const known = this.#connections.get(caller) ?? [];
    const others = known.filter((connection) => connection.buyerId !== buyerId);
    this.#connections.delete(caller);
    this.#connections.set(caller, [...others.slice(1 - MAX_CONNECTIONS), { buyerId, at }]);
    forgetOldest(this.#connections, this.#limits.connectedCallers);
  }

  attemptsInLastHour(caller: E164, now: number): number {
    return this.#velocity.countAt(caller, now);
  }

  buyersConnectedSince(caller: E164, since: number): readonly string[] {
    const known = this.#connections.get(caller);
    if (!known) return NOBODY;
    return known.filter(({ at }) => at >= since).map(({ buyerId }) => buyerId);
  }

  cursorOf(campaignId: string): number {
    return this.#cursors.get(campaignId) ?? 0;
  }

  /** Units of a counter in use, as far as this node knows. */
  inUse(key: string): number {
    return this.#uses.get(key)?.count ?? 0;
  }

  /** Units were reserved for a ring attempt. */
  noteReserved(limits: readonly CapLimit[]): void {
    for (const limit of limits) {
      const use = this.#uses.get(limit.key);
      const count = (use?.count ?? 0) + 1;
      this.#setUse(limit, count);
      if (count >= limit.limit) this.#block(limit, blockedUntil(limit));
    }
  }

  /** Units were given back: see CapLimit for which of them go back when. */
  noteReleased(limits: readonly CapLimit[], outcome: 'not_connected' | 'ended'): void {
    for (const limit of limits) {
      if (limit.kind === 'period' && outcome === 'ended') continue;
      const use = this.#uses.get(limit.key);
      if (!use) continue;
      const count = Math.max(0, use.count - 1);
      this.#setUse(limit, count);
      const key = parseCapKey(limit.key);
      if (key && count < limit.limit) this.blocks.lift(key.subject, key.id, capReason(key.scope));
    }
  }

  /** A reservation was refused: this counter is full over all nodes. */
  noteExhausted(limit: CapLimit, now: number): void {
    this.#block(limit, limit.kind === 'concurrent' ? now + CONCURRENCY_RETRY_MS : blockedUntil(limit));
  }

  /** Forgets counters and caps that have lapsed. Call it now and then, e.g. each minute. */
  sweep(now: number): void {
    for (const [key, use] of this.#uses) if (use.resetsAt <= now || use.count === 0) this.#uses.delete(key);
    this.blocks.sweep(now);
  }

  #setUse(limit: CapLimit, count: number): void {
    this.#uses.delete(limit.key);
    this.#uses.set(limit.key, { count, resetsAt: limit.resetsAt > 0 ? limit.resetsAt : Infinity });
    forgetOldest(this.#uses, this.#limits.counters);
  }

  #block(limit: CapLimit, until: number): void {
    const key = parseCapKey(limit.key);
    if (key) this.blocks.block(key.subject, key.id, capReason(key.scope), until);
  }
}

const NOBODY: readonly string[] = [];

function blockedUntil(limit: CapLimit): number {
  return limit.kind === 'period' && limit.resetsAt > 0 ? limit.resetsAt : Infinity;
}

/** Maps keep the order of insertion, and entries are put in anew when used. */
function forgetOldest<Key>(map: Map<Key, unknown>, most: number): void {
  if (map.size <= most) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
