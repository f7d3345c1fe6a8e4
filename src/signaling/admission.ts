import type { Clock, Trunk } from '../domain';

/** Bounds on what one node takes in. Zero means no bound. */
export interface AdmissionLimits {
  /** Calls up at once on this node. */
  readonly maxCalls: number;
  /** New calls per second on this node. */
  readonly maxCps: number;
  /** Event-loop delay in milliseconds over which new calls are refused. */
  readonly maxEventLoopDelayMs: number;
  /** Resident memory in bytes over which new calls are refused. */
  readonly maxRssBytes: number;
}

/** How loaded the process is; sampled, so reading it costs nothing. */
export interface LoadProbe {
  eventLoopDelayMs(): number;
  rssBytes(): number;
}

export type Admission =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: 'overload' | 'trunk_limit';
      readonly detail: string;
      /** Seconds for the Retry-After header (RFC 3261 §20.33). */
      readonly retryAfter: number;
    };

const OVERLOAD_RETRY_AFTER = 5;
const LIMIT_RETRY_AFTER = 1;
const ADMITTED: Admission = { ok: true };

interface TrunkUse {
  channels: number;
  readonly bucket: TokenBucket;
}

/** Decides whether there is room for one more call, and counts the calls that are up. */
export class AdmissionControl {
  readonly #limits: AdmissionLimits;
  readonly #probe: LoadProbe;
  readonly #clock: Clock;
  readonly #node: TokenBucket;
  readonly #trunks = new Map<string, TrunkUse>();
  #calls = 0;
  #draining = false;

  constructor(limits: AdmissionLimits, probe: LoadProbe, clock: Clock) {
    this.#limits = limits;
    this.#probe = probe;
    this.#clock = clock;
    this.#node = new TokenBucket(clock.monotonic());
  }

  /** From now on every call is refused; those that are up go on. */
  drain(): void {
    this.#draining = true;
  }

  get calls(): number {
    return this.#calls;
  }

  /** Takes a place for a call of this trunk. Give it back with {@link release}. */
  admit(trunk: Trunk): Admission {
    const limits = this.#limits;
    if (this.#draining) return refuse('overload', 'the node is draining', OVERLOAD_RETRY_AFTER);
    if (limits.maxCalls > 0 && this.#calls >= limits.maxCalls) {
      return refuse('overload', `the node carries ${this.#calls} calls`, OVERLOAD_RETRY_AFTER);
    }
    if (limits.maxEventLoopDelayMs > 0 && this.#probe.eventLoopDelayMs() > limits.maxEventLoopDelayMs) {
      return refuse('overload', 'the node is busy', OVERLOAD_RETRY_AFTER);
    }
    if (limits.maxRssBytes > 0 && this.#probe.rssBytes() > limits.maxRssBytes) {
      return refuse('overload', 'the node is short of memory', OVERLOAD_RETRY_AFTER);
    }
    const use = this.#useOf(trunk.id);
    if (trunk.maxChannels > 0 && use.channels >= trunk.maxChannels) {
      return refuse('trunk_limit', `trunk ${trunk.name} has ${use.channels} calls up`, LIMIT_RETRY_AFTER);
    }
    const now = this.#clock.monotonic();
    if (trunk.maxCps > 0 && !use.bucket.has(now, trunk.maxCps)) {
      return refuse('trunk_limit', `trunk ${trunk.name} is over ${trunk.maxCps} calls/s`, LIMIT_RETRY_AFTER);
    }
    if (limits.maxCps > 0 && !this.#node.has(now, limits.maxCps)) {
      return refuse('overload', `the node is over ${limits.maxCps} calls/s`, LIMIT_RETRY_AFTER);
    }
    use.bucket.take();
    this.#node.take();
    use.channels++;
    this.#calls++;
    return ADMITTED;
  }

  /** Gives back the place that {@link admit} took. */
  release(trunkId: string): void {
    const use = this.#trunks.get(trunkId);
    if (!use || use.channels === 0) throw new Error(`no call of trunk ${trunkId} is up`);
    use.channels--;
    this.#calls--;
  }

  #useOf(trunkId: string): TrunkUse {
    let use = this.#trunks.get(trunkId);
    if (!use) {
      use = { channels: 0, bucket: new TokenBucket(this.#clock.monotonic()) };
      this.#trunks.set(trunkId, use);
    }
    return use;
  }
}

/** Tokens that refill continuously, up to one second's worth (at least one). */
class TokenBucket {
  #tokens = Number.POSITIVE_INFINITY;
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  has(now: number, perSecond: number): boolean {
    const refilled = this.#tokens + ((now - this.#at) / 1000) * perSecond;
    this.#tokens = Math.min(Math.max(1, perSecond), refilled);
    this.#at = now;
    return this.#tokens >= 1;
  }

  take(): void {
    this.#tokens -= 1;
  }
}

function refuse(reason: 'overload' | 'trunk_limit', detail: string, retryAfter: number): Admission {
  return { ok: false, reason, detail, retryAfter };
}
