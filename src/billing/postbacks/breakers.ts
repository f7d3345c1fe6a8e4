import type { BreakerPass, BreakerSettings } from '../../domain';
import { CircuitBreaker } from '../../domain';

/** Ten failures of the last ten; then one request every half a minute finds out whether it is back. */
export const POSTBACK_BREAKER: BreakerSettings = { requests: 10, failureRatio: 0.8, openMs: 30_000 };

const MAX_BREAKERS = 10_000;

/** One circuit breaker for each postback that was heard of lately. */
export class Breakers {
  readonly #settings: BreakerSettings;
  readonly #monotonic: () => number;
  readonly #breakers = new Map<string, CircuitBreaker>();

  constructor(settings: BreakerSettings, monotonic: () => number) {
    this.#settings = settings;
    this.#monotonic = monotonic;
  }

  /** How many requests may go where not any number may: none while a breaker is open, then one. */
  limits(): Map<string, number> {
    const limits = new Map<string, number>();
    for (const [id, { state }] of this.#breakers) {
      if (state === 'open') limits.set(id, 0);
      else if (state === 'half_open') limits.set(id, 1);
    }
    return limits;
  }

  enter(id: string): BreakerPass | undefined {
    return this.#of(id).enter();
  }

  /** @param works - undefined when it was not found out */
  leave(id: string, pass: BreakerPass, works: boolean | undefined): void {
    const breaker = this.#of(id);
    if (works === undefined) breaker.forget(pass);
    else breaker.leave(pass, works);
  }

  /** Who was not heard of for longest is forgotten. */
  #of(id: string): CircuitBreaker {
    const breaker = this.#breakers.get(id) ?? new CircuitBreaker(this.#settings, this.#monotonic);
    this.#breakers.delete(id);
    this.#breakers.set(id, breaker);
    if (this.#breakers.size > MAX_BREAKERS) {
      const [oldest] = this.#breakers.keys();
      if (oldest !== undefined) this.#breakers.delete(oldest);
    }
    return breaker;
  }
}
