import type { CapLimit, CapOutcome } from '../domain';
import { unusedUnits } from '../domain';

export type ReserveResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly exhausted: string;
      /** What is used of it is used for good: it has no room before its period ends. */
      readonly lasting?: boolean;
    };

interface Counter {
  readonly resetsAt: number;
  used: number;
}

/** A unit that a call holds. */
export interface HeldUnit {
  readonly callId: string;
  readonly limit: CapLimit;
}

/** Units of a counter that were used for good. */
export interface SpentUnits {
  readonly key: string;
  readonly amount: number;
  /** UTC epoch milliseconds at which the period ends; 0 for totals. */
  readonly resetsAt: number;
}

const MAX_COUNTERS = 100_000;

/**
 * Limits as one node alone can keep them. Periods count from zero: what other nodes took, or this one
 * took through Redis, is not known here.
 */
export class LocalReservations {
  readonly #concurrent = new Map<string, Set<string>>();
  readonly #counters = new Map<string, Counter>();
  /** Until when spacings last, UTC epoch milliseconds. */
  readonly #spacings = new Map<string, number>();
  /** Units that calls hold besides concurrent ones, by call and key. */
  readonly #held = new Map<string, Map<string, CapLimit>>();
  readonly #heldElsewhere: (key: string) => number;
  readonly #now: () => number;

  /**
   * @param heldElsewhere - concurrent units of a limit that this node holds in Redis
   * @param now - UTC epoch milliseconds
   */
  constructor(heldElsewhere: (key: string) => number, now: () => number) {
    this.#heldElsewhere = heldElsewhere;
    this.#now = now;
  }

  /** Concurrent units held here. */
  get held(): number {
    let held = 0;
    for (const calls of this.#concurrent.values()) held += calls.size;
    return held;
  }

  reserve(callId: string, limits: readonly CapLimit[]): ReserveResult {
    const full = limits.find((limit) => !this.#has(callId, limit) && !this.#hasRoom(limit));
    if (full) return { ok: false, exhausted: full.key };
    if (this.#counters.size + this.#spacings.size + limits.length > MAX_COUNTERS) this.#sweep();
    if (this.#counters.size + this.#spacings.size + limits.length > MAX_COUNTERS) {
      return { ok: false, exhausted: limits[0]?.key ?? '' };
    }
    for (const limit of limits) if (!this.#has(callId, limit)) this.#take(callId, limit);
    return { ok: true };
  }

  release(callId: string, limits: readonly CapLimit[], outcome: CapOutcome): void {
    const held = this.#held.get(callId);
    for (const limit of limits) {
      const { key, counter } = limit;
      if (counter === 'concurrent') {
        const calls = this.#concurrent.get(key);
        if (calls?.delete(callId) && calls.size === 0) this.#concurrent.delete(key);
      } else if (held?.delete(key)) {
        const counting = this.#counters.get(key);
        if (counting) counting.used -= unusedUnits(limit, outcome);
      }
    }
    if (held?.size === 0) this.#held.delete(callId);
  }

  /** Hands everything over: Redis keeps it from now on. */
  handOver(): { readonly held: HeldUnit[]; readonly spent: SpentUnits[] } {
    const held: HeldUnit[] = [];
    for (const [callId, limits] of this.#held) {
      for (const limit of limits.values()) {
        held.push({ callId, limit });
        const counting = this.#counters.get(limit.key);
        if (counting) counting.used -= limit.amount;
      }
    }
    for (const [key, calls] of this.#concurrent) {
      const limit: CapLimit = { key, counter: 'concurrent', limit: calls.size, amount: 1, resetsAt: 0 };
      for (const callId of calls) held.push({ callId, limit });
    }
    const spent = [...this.#counters].flatMap(([key, { used, resetsAt }]) =>
      used > 0 ? [{ key, amount: used, resetsAt }] : [],
    );
    for (const map of [this.#held, this.#concurrent, this.#counters, this.#spacings]) map.clear();
    return { held, spent };
  }

  #has(callId: string, { key, counter }: CapLimit): boolean {
    return counter === 'concurrent'
      ? (this.#concurrent.get(key)?.has(callId) ?? false)
      : (this.#held.get(callId)?.has(key) ?? false);
  }

  #hasRoom({ key, counter, amount, limit }: CapLimit): boolean {
    if (counter === 'spacing') return (this.#spacings.get(key) ?? 0) <= this.#now();
    const used =
      counter === 'concurrent'
        ? (this.#concurrent.get(key)?.size ?? 0) + this.#heldElsewhere(key)
        : (this.#counters.get(key)?.used ?? 0);
    return used + amount <= limit;
  }

  #take(callId: string, limit: CapLimit): void {
    const { key, counter, amount, resetsAt } = limit;
    if (counter === 'concurrent') {
      const calls = this.#concurrent.get(key);
      if (calls) calls.add(callId);
      else this.#concurrent.set(key, new Set([callId]));
      return;
    }
    const held = this.#held.get(callId);
    if (held) held.set(key, limit);
    else this.#held.set(callId, new Map([[key, limit]]));
    const counting = this.#counters.get(key);
    if (counter === 'spacing') this.#spacings.set(key, this.#now() + amount);
    else if (counting) counting.used += amount;
    else this.#counters.set(key, { resetsAt, used: amount });
  }

  /** Forgets periods and spacings that are over. */
  #sweep(): void {
    const now = this.#now();
    for (const [key, { resetsAt, used }] of this.#counters) {
      if (used <= 0 || (resetsAt > 0 && resetsAt <= now)) this.#counters.delete(key);
    }
    for (const [key, until] of this.#spacings) if (until <= now) this.#spacings.delete(key);
  }
}
