/** So many in so many seconds, and so many at once after a rest. */
export interface RateLimit {
  readonly count: number;
  readonly seconds: number;
  readonly burst: number;
}

/** What became of one request to go on. */
export interface Taken {
  readonly allowed: boolean;
  /** How many more may come at once. */
  readonly remaining: number;
  /** Milliseconds until one more may come; 0 when it may at once. */
  readonly retryAfterMs: number;
  /** Milliseconds until all of the burst may come again. */
  readonly resetMs: number;
}

/** Who counts. It never fails: what cannot be counted elsewhere is counted here. */
export interface RateLimiter {
  /** Takes one of what a name may do. At once where nobody has to be asked. */
  take(name: string, limit: RateLimit): Taken | Promise<Taken>;
}

/** Milliseconds that one takes, at the steady rate. */
export function intervalOf({ count, seconds }: RateLimit): number {
  return (seconds * 1_000) / count;
}
