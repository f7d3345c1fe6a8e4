/** When a circuit opens, and for how long. */
export interface BreakerSettings {
  /** Outcomes that are looked at: the latest so many, and not before there are as many. */
  readonly requests: number;
  /** Share of failures among them (0 … 1) from which on it opens. */
  readonly failures: number;
  /** Milliseconds it stays open; then one request may try. */
  readonly openMs: number;
}

export const DEFAULT_BREAKER: BreakerSettings = { requests: 10, failures: 0.5, openMs: 60_000 };

/**
 * Keeps requests from a peer that fails. Closed until too many of the latest requests have failed;
 * then open for a while; then one probe at a time, which closes it or opens it anew.
 */
export class CircuitBreaker {
  readonly #settings: BreakerSettings;
  readonly #outcomes: boolean[] = [];
  #next = 0;
  #failed = 0;
  /** Monotonic milliseconds until which nothing is let through; undefined while closed. */
  #openUntil: number | undefined;
  #probing = false;

  constructor(settings: BreakerSettings = DEFAULT_BREAKER) {
    this.#settings = settings;
  }

  get open(): boolean {
    return this.#openUntil !== undefined;
  }

  /** Asks leave for one request, whose end must be told by {@link record}. @param now - monotonic milliseconds */
  take(now: number): boolean {
    if (this.#openUntil === undefined) return true;
    if (this.#probing || now < this.#openUntil) return false;
    this.#probing = true;
    return true;
  }

  /** A request that was let through ended without saying anything about the peer. */
  forget(): void {
    this.#probing = false;
  }

  /** What became of a request that was let through. @param now - monotonic milliseconds */
  record(ok: boolean, now: number): void {
    if (this.#openUntil !== undefined) {
      // Requests from before it opened say nothing new.
      if (!this.#probing) return;
      this.#probing = false;
      if (ok) this.#close();
      else this.#openUntil = now + this.#settings.openMs;
      return;
    }
    const { requests, failures, openMs } = this.#settings;
    if (this.#outcomes[this.#next] === false) this.#failed--;
    this.#outcomes[this.#next] = ok;
    if (!ok) this.#failed++;
    this.#next = (this.#next + 1) % requests;
    if (this.#outcomes.length === requests && this.#failed >= requests * failures) {
      this.#openUntil = now + openMs;
    }
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#outcomes.length = 0;
    this.#next = 0;
    this.#failed = 0;
  }
}
