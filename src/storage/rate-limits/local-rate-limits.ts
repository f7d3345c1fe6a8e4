import type { RateLimit, RateLimiter, Taken } from './rate-limit';
import { intervalOf } from './rate-limit';

/** Who was quiet for longest is forgotten first. */
const MAX_NAMES = 10_000;

/**
 * Limits of one process by the generic cell rate algorithm (ITU-T I.371, annex A): of each name one instant is
 * kept, that at which its bucket would be full again.
 */
export class LocalRateLimits implements RateLimiter {
  readonly #full = new Map<string, number>();
  readonly #now: () => number;
  readonly #maxNames: number;

  /**
   * @param now - monotonic milliseconds
   * @param maxNames - that are remembered at once
   */
  constructor(now: () => number, maxNames = MAX_NAMES) {
    this.#now = now;
    this.#maxNames = maxNames;
  }

  /** Names that are remembered. */
  get size(): number {
    return this.#full.size;
  }

  take(name: string, limit: RateLimit): Taken {
    const interval = intervalOf(limit);
    const room = interval * limit.burst;
    const now = this.#now();
    const before = Math.max(this.#full.get(name) ?? now, now);
    const after = before + interval;
    const over = after - room - now;
    // What floating point adds up to is not held against anybody.
    if (over > 1e-6 * room) {
      return { allowed: false, remaining: 0, retryAfterMs: over, resetMs: before - now };
    }
    this.#full.delete(name);
    if (this.#full.size >= this.#maxNames) {
      const [quietest] = this.#full.keys();
      if (quietest !== undefined) this.#full.delete(quietest);
    }
    this.#full.set(name, after);
    const remaining = Math.max(0, Math.floor((now + room - after) / interval + 1e-6));
    return { allowed: true, remaining, retryAfterMs: 0, resetMs: after - now };
  }

  /** Forgets everybody. */
  clear(): void {
    this.#full.clear();
  }
}
