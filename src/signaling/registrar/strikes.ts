export interface StrikesPolicy {
  /** Failures that cost nothing. */
  readonly free: number;
  /** Milliseconds of the pause after the first one more; each further doubles it. */
  readonly firstPauseMs: number;
  /** Milliseconds of the longest pause. */
  readonly maxPauseMs: number;
  /** Milliseconds without a failure after which all are forgotten; longer than the longest pause. */
  readonly forgetMs: number;
  /** Names that are remembered; who failed longest ago is forgotten first. */
  readonly maxNames: number;
}

/** Instants are milliseconds of the clock that callers go by. */
interface Strike {
  count: number;
  lastAt: number;
  pausedUntil: number;
}

/**
 * Counts failures by name, for a bounded number of names, and makes each wait longer than the one before.
 * `now` is milliseconds of any one clock that does not go back.
 */
export class Strikes {
  readonly #policy: StrikesPolicy;
  readonly #names = new Map<string, Strike>();

  constructor(policy: StrikesPolicy) {
    this.#policy = policy;
  }

  /** Milliseconds that are left of the pause; 0 when there is none. */
  left(name: string, now: number): number {
    return Math.max(0, (this.#names.get(name)?.pausedUntil ?? 0) - now);
  }

  /** One failure more. @returns true when a pause begins */
  add(name: string, now: number): boolean {
    const { free, firstPauseMs, maxPauseMs, forgetMs, maxNames } = this.#policy;
    const found = this.#names.get(name);
    const strike = found && now - found.lastAt < forgetMs ? found : { count: 0, lastAt: now, pausedUntil: 0 };
    strike.count++;
    strike.lastAt = now;
    const over = strike.count - free;
    if (over > 0) strike.pausedUntil = now + Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(over - 1, 30));
    // Who failed last stands last.
    this.#names.delete(name);
    this.#names.set(name, strike);
    const [oldest] = this.#names.keys();
    if (this.#names.size > maxNames && oldest !== undefined) this.#names.delete(oldest);
    return over > 0;
  }
}
