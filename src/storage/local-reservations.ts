import type { CapLimit } from '../domain';

export type ReserveResult = { readonly ok: true } | { readonly ok: false; readonly exhausted: string };

interface Counter {
  readonly resetsAt: number;
  used: number;
}

const MAX_COUNTERS = 100_000;

/**
 * Limits as one node alone can keep them. Periods count from zero: what other nodes took, or this one
 * took through Redis, is not known here.
 */
export class LocalReservations {
  readonly #concurrent = new Map<string, Set<string>>();
  readonly #periods = new Map<string, Counter>();
  /** Period units that can still be given back, by limit and call. */
  readonly #held = new Set<string>();
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
    const full = limits.find((limit) => !this.#has(callId, limit) && this.#used(limit) >= limit.limit);
    if (full) return { ok: false, exhausted: full.key };
    if (this.#periods.size + limits.length > MAX_COUNTERS) this.#sweep();
    if (this.#periods.size + limits.length > MAX_COUNTERS) {
      return { ok: false, exhausted: limits[0]?.key ?? '' };
    }
    for (const limit of limits) {
      if (this.#has(callId, limit)) continue;
      if (limit.kind === 'concurrent') {
        const calls = this.#concurrent.get(limit.key);
        if (calls) calls.add(callId);
        else this.#concurrent.set(limit.key, new Set([callId]));
      } else {
        this.#held.add(unit(callId, limit.key));
        const counter = this.#periods.get(limit.key);
        if (counter) counter.used++;
        else this.#periods.set(limit.key, { resetsAt: limit.resetsAt, used: 1 });
      }
    }
    return { ok: true };
  }

  release(callId: string, limits: readonly CapLimit[], outcome: 'not_connected' | 'ended'): void {
    for (const { key, kind } of limits) {
      if (kind === 'concurrent') {
        const calls = this.#concurrent.get(key);
        if (calls?.delete(callId) && calls.size === 0) this.#concurrent.delete(key);
      } else if (this.#held.delete(unit(callId, key)) && outcome === 'not_connected') {
        const counter = this.#periods.get(key);
        if (counter) counter.used--;
      }
    }
  }

  /** Hands over every concurrent unit: Redis keeps them from now on. */
  takeConcurrent(): { readonly key: string; readonly callId: string }[] {
    const units = [...this.#concurrent].flatMap(([key, calls]) =>
      [...calls].map((callId) => ({ key, callId })),
    );
    this.#concurrent.clear();
    return units;
  }

  #has(callId: string, { key, kind }: CapLimit): boolean {
    return kind === 'concurrent'
      ? (this.#concurrent.get(key)?.has(callId) ?? false)
      : this.#held.has(unit(callId, key));
  }

  #used({ key, kind }: CapLimit): number {
    return kind === 'concurrent'
      ? (this.#concurrent.get(key)?.size ?? 0) + this.#heldElsewhere(key)
      : (this.#periods.get(key)?.used ?? 0);
  }

  /** Forgets periods that are over. */
  #sweep(): void {
    const now = this.#now();
    for (const [key, { resetsAt, used }] of this.#periods) {
      if (used <= 0 || (resetsAt > 0 && resetsAt <= now)) this.#periods.delete(key);
    }
  }
}

function unit(callId: string, key: string): string {
  return `${key}|${callId}`;
}
