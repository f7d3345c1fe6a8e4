import type { BreakerPass, BreakerSettings } from '../domain';
import { CircuitBreaker } from '../domain';
import { LatencyQuantile } from './latency-quantile';
import { TokenBucket } from './token-bucket';

export interface EndpointSettings {
  readonly breaker: BreakerSettings;
  /** No buyer is given less than so many milliseconds, however fast it usually is. */
  readonly minTimeoutMs: number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
}

/** Observations before a buyer's habits are relied on. */
const ENOUGH = 20;
const USUAL = 0.95;
/** A buyer that is as slow as it ever is should still make it. */
const SLACK = 1.25;

/** What is known of one URL of a buyer: how fast it is, whether it works, how often it was asked. */
export class Endpoint {
  readonly #settings: EndpointSettings;
  readonly #latency = new LatencyQuantile();
  readonly #breaker: CircuitBreaker;
  readonly #bucket = new TokenBucket();

  constructor(settings: EndpointSettings) {
    this.#settings = settings;
    this.#breaker = new CircuitBreaker(settings.breaker, settings.monotonic);
  }

  get open(): boolean {
    return this.#breaker.state !== 'closed';
  }

  /**
   * A pass for one request, which {@link record} or {@link forget} must take back, or why there is none.
   * @param perSecond - 0 = no limit
   */
  take(perSecond: number): BreakerPass | 'rtb_circuit_open' | 'rtb_budget' {
    // Of an open circuit the one request that may try is not refused for the budget.
    if (!this.open && perSecond > 0 && !this.#bucket.take(perSecond, this.#settings.monotonic())) {
      return 'rtb_budget';
    }
    return this.#breaker.enter() ?? 'rtb_circuit_open';
  }

  /** Milliseconds to wait for a reply: as long as this buyer usually needs and a bit, at most the ceiling. */
  timeout(ceilingMs: number): number {
    if (this.#latency.count < ENOUGH) return ceilingMs;
    const usual = this.#latency.quantile(USUAL) * SLACK;
    return Math.min(ceilingMs, Math.max(this.#settings.minTimeoutMs, Math.ceil(usual)));
  }

  /**
   * A request ended.
   * @param ok - with a reply that can be used, in the time that was agreed upon
   * @param latencyMs - until the reply, or until it was given up
   */
  record(pass: BreakerPass, ok: boolean, latencyMs: number): void {
    this.#latency.observe(latencyMs);
    this.#breaker.leave(pass, ok);
  }

  /** A request ended without saying anything about the peer. */
  forget(pass: BreakerPass): void {
    this.#breaker.forget(pass);
  }
}

const MAX_ENDPOINTS = 10_000;

/** Endpoints by their URL; those that were not asked for longest are forgotten first. */
export class Endpoints {
  readonly #settings: EndpointSettings;
  readonly #byUrl = new Map<string, Endpoint>();

  constructor(settings: EndpointSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#byUrl.size;
  }

  /** Endpoints that are not asked at present. */
  get open(): number {
    let open = 0;
    for (const endpoint of this.#byUrl.values()) if (endpoint.open) open++;
    return open;
  }

  of(url: string): Endpoint {
    let endpoint = this.#byUrl.get(url);
    if (endpoint) this.#byUrl.delete(url);
    else {
      endpoint = new Endpoint(this.#settings);
      if (this.#byUrl.size >= MAX_ENDPOINTS) {
        const [oldest] = this.#byUrl.keys();
        if (oldest !== undefined) this.#byUrl.delete(oldest);
      }
    }
    this.#byUrl.set(url, endpoint);
    return endpoint;
  }
}
