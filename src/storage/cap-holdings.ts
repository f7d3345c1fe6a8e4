import type { CapLimit } from '../domain';
import type { Lease } from './cap-commands';

/** What the calls of this node hold in Redis: renewed while it is here, and told again to a Redis that has forgotten. */
export class CapHoldings {
  /** Calls that hold a concurrent unit, by limit. */
  readonly #leases = new Map<string, Set<string>>();
  /** The other units, by call and key. */
  readonly #units = new Map<string, Map<string, CapLimit>>();

  /** Concurrent units of all limits. */
  get concurrent(): number {
    let held = 0;
    for (const calls of this.#leases.values()) held += calls.size;
    return held;
  }

  /** Concurrent units of one limit. */
  concurrentOf(key: string): number {
    return this.#leases.get(key)?.size ?? 0;
  }

  hold(callId: string, limits: readonly CapLimit[]): void {
    for (const limit of limits) {
      if (limit.counter === 'concurrent') {
        const calls = this.#leases.get(limit.key);
        if (calls) calls.add(callId);
        else this.#leases.set(limit.key, new Set([callId]));
      } else {
        const units = this.#units.get(callId);
        if (units) units.set(limit.key, limit);
        else this.#units.set(callId, new Map([[limit.key, limit]]));
      }
    }
  }

  letGo(callId: string, limits: readonly CapLimit[]): void {
    const units = this.#units.get(callId);
    for (const { key, counter } of limits) {
      if (counter !== 'concurrent') units?.delete(key);
      else {
        const calls = this.#leases.get(key);
        if (calls?.delete(callId) && calls.size === 0) this.#leases.delete(key);
      }
    }
    if (units?.size === 0) this.#units.delete(callId);
  }

  leases(): Lease[] {
    return [...this.#leases].flatMap(([key, calls]) => [...calls].map((callId): Lease => [key, callId]));
  }

  /** Every unit that is not a lease, call by call. */
  units(): (readonly [callId: string, limits: readonly CapLimit[]])[] {
    return [...this.#units].map(([callId, units]) => [callId, [...units.values()]] as const);
  }
}
