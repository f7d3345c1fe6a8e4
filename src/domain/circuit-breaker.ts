/** When a breaker opens and for how long. */
export interface BreakerSettings {
  /** Outcomes that are looked at, the latest; nothing is judged before there are so many. */
  readonly requests: number;
  /** Share of failures among them, 0 … 1, from which on it opens. */
  readonly failureRatio: number;
  /** Milliseconds it stays open before one request is let through as a probe. */
  readonly openMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half_open';

/** What an outcome is given back with: it belongs to the spell in which the request began. */
export type BreakerPass = number;

export const DEFAULT_BREAKER: BreakerSettings = { requests: 10, failureRatio: 0.5, openMs: 60_000 };

/**
 * Keeps requests from a peer that fails. It opens when so many of the latest requests failed; after a
 * while one probe is let through, whose outcome closes it or opens it anew. Outcomes of requests from
 * before it last changed say nothing about the peer as it is now, and are passed over.
 */
export class CircuitBreaker {
  readonly #settings: BreakerSettings;
  readonly #now: () => number;
  /** 1 for each failure, the latest requests in a ring. */
  readonly #outcomes: Uint8Array;
  #count = 0;
  #at = 0;
  #failures = 0;
  #state: BreakerState = 'closed';
  /** Since when it is open, or its probe is under way. */
  #since: number;
  #spell = 0;

  /**
   * @param now - monotonic milliseconds
   * @throws RangeError for settings that cannot be kept
   */
  constructor(settings: BreakerSettings, now: () => number) {
    const { requests, failureRatio, openMs } = settings;
    if (!Number.isSafeInteger(requests) || requests < 1 || requests > 10_000) {
      throw new RangeError(`a breaker looks at 1 to 10,000 requests, not ${requests}`);
    }
    if (!(failureRatio > 0 && failureRatio <= 1)) {
      throw new RangeError(`a share of failures is above 0 and at most 1, not ${failureRatio}`);
    }
    if (!(openMs > 0)) throw new RangeError(`a breaker is open for more than ${openMs} ms`);
    this.#settings = settings;
    this.#now = now;
    this.#outcomes = new Uint8Array(requests);
    this.#since = now();
  }

  get state(): BreakerState {
    return this.#state === 'open' && this.#now() - this.#since >= this.#settings.openMs
      ? 'half_open'
      : this.#state;
  }

  /** Whether a request may be sent now: a pass that {@link leave} takes back, or undefined. */
  enter(): BreakerPass | undefined {
    if (this.#state === 'closed') return this.#spell;
    const now = this.#now();
    // A probe whose outcome nobody told is taken for lost: it must not keep the peer out for ever.
    if (now - this.#since < this.#settings.openMs) return undefined;
    this.#change('half_open', now);
    return this.#spell;
  }

  /** Tells how a request ended; once for each pass. */
  leave(pass: BreakerPass, ok: boolean): void {
    if (pass !== this.#spell) return;
    if (this.#state === 'half_open') this.#change(ok ? 'closed' : 'open', this.#now());
    else this.#record(ok);
  }

  /** A request ended without saying anything about the peer: a probe leaves its place to the next one. */
  forget(pass: BreakerPass): void {
    if (pass === this.#spell && this.#state === 'half_open') {
      this.#change('open', this.#now() - this.#settings.openMs);
    }
  }

  #record(ok: boolean): void {
    const { requests, failureRatio } = this.#settings;
    const failed = ok ? 0 : 1;
    this.#failures += failed - (this.#count === requests ? (this.#outcomes[this.#at] as number) : 0);
    this.#outcomes[this.#at] = failed;
    this.#at = (this.#at + 1) % requests;
    this.#count = Math.min(this.#count + 1, requests);
    if (this.#count === requests && this.#failures >= requests * failureRatio) {
      this.#change('open', this.#now());
    }
  }

  #change(state: BreakerState, now: number): void {
    this.#state = state;
    this.#since = now;
    this.#spell++;
    this.#count = 0;
    this.#at = 0;
    this.#failures = 0;
  }
}
