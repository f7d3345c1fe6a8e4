import type { Redis } from 'ioredis';
import { asError, inTime } from '../../domain';
import { LocalRateLimits } from './local-rate-limits';
import type { RateLimit, RateLimiter, Taken } from './rate-limit';
import { intervalOf } from './rate-limit';

/** No request waits longer than this for Redis. */
const WAIT_MS = 50;
/** So long after a failure nobody asks Redis. */
const REST_MS = 1_000;
/** Who was quiet for longest is forgotten first, with what was taken for them. */
const MAX_NAMES = 10_000;
/** Of the burst, this much is taken at once: most requests then ask nobody. */
const AT_ONCE = 0.01;

/**
 * The generic cell rate algorithm (ITU-T I.371, annex A), by the clock of Redis, so that nodes need not agree on
 * the time. KEYS: the name. ARGV: microseconds that one takes, the burst, how many are wanted. Returns how many
 * were given, how many are left, and the microseconds until one more, and until all, may come.
 */
const TAKE = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
if full < now then full = now end
local left = math.floor((now + burst * interval - full) / interval + 1e-6)
local given = math.min(wanted, math.max(left, 0))
if given == 0 then
  return {0, 0, math.ceil(full + interval - burst * interval - now), math.ceil(full - now)}
end
full = full + given * interval
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return {given, left - given, 0, math.ceil(full - now)}`;

interface Commands {
  dceTake(
    keys: number,
    name: string,
    interval: number,
    burst: number,
    wanted: number,
  ): Promise<[given: number, left: number, retryAfter: number, reset: number]>;
}

/** What was taken for a name and not used yet. */
interface InHand {
  count: number;
  left: number;
  resetMs: number;
  /** Until then there is none, and nobody has to be asked to know it. */
  refusedUntil: number;
  asking: Promise<Taken> | undefined;
}

/** Of what was not counted by Redis: it is counted here. */
const UNCOUNTED: Taken = { allowed: true, remaining: 0, retryAfterMs: 0, resetMs: 0 };

export interface RedisRateLimitsOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Told when limits are counted here for want of Redis, and when it is back. */
  readonly onDegraded: (degraded: boolean, error?: Error) => void;
  readonly waitMs?: number;
}

/**
 * Limits that all nodes count together. A node takes a few at once and hands them out by itself: what it has in
 * hand is paid for, so that together they never allow more. While Redis is away each node counts for itself.
 */
export class RedisRateLimits implements RateLimiter {
  readonly #redis: Redis & Commands;
  readonly #options: RedisRateLimitsOptions;
  readonly #local: LocalRateLimits;
  readonly #inHand = new Map<string, InHand>();
  /** When Redis is asked again. */
  #restUntil = 0;
  #away = false;

  constructor(redis: Redis, options: RedisRateLimitsOptions) {
    redis.defineCommand('dceTake', { lua: TAKE });
    this.#redis = redis as Redis & Commands;
    this.#options = options;
    this.#local = new LocalRateLimits(options.now);
  }

  /** Names that are remembered, for tests and metrics. */
  get size(): number {
    return this.#inHand.size + this.#local.size;
  }

  take(name: string, limit: RateLimit): Taken | Promise<Taken> {
    const now = this.#options.now();
    if (this.#away && now < this.#restUntil) return this.#local.take(name, limit);
    const held = this.#inHand.get(name) ?? this.#remember(name);
    if (held.count > 0) return handOut(held);
    const { refusedUntil, resetMs } = held;
    if (now < refusedUntil) {
      return { allowed: false, remaining: 0, retryAfterMs: refusedUntil - now, resetMs };
    }
    return this.#fetch(name, limit, held);
  }

  /** One asks for all who come meanwhile; who gets none of what was given asks again. */
  async #fetch(name: string, limit: RateLimit, held: InHand): Promise<Taken> {
    const wanted = Math.max(1, Math.floor(limit.burst * AT_ONCE));
    for (;;) {
      held.asking ??= this.#ask(name, limit, wanted, held).finally(() => (held.asking = undefined));
      const taken = await held.asking;
      if (!taken.allowed) return taken;
      if (held.count > 0) return handOut(held);
      if (this.#away) return this.#local.take(name, limit);
    }
  }

  #remember(name: string): InHand {
    if (this.#inHand.size >= MAX_NAMES) {
      const [oldest] = this.#inHand.keys();
      if (oldest !== undefined) this.#inHand.delete(oldest);
    }
    const held: InHand = { count: 0, left: 0, resetMs: 0, refusedUntil: 0, asking: undefined };
    this.#inHand.set(name, held);
    return held;
  }

  /** What is given goes into the hand. */
  async #ask(name: string, limit: RateLimit, wanted: number, held: InHand): Promise<Taken> {
    // Until it has answered nobody else is kept waiting for one that was away.
    if (this.#away) this.#restUntil = this.#options.now() + REST_MS;
    try {
      if (this.#redis.status !== 'ready') throw new Error('Redis is away');
      const interval = intervalOf(limit) * 1_000;
      const asked = this.#redis.dceTake(1, `rate:${name}`, interval, limit.burst, wanted);
      const [given, left, retryAfter, reset] = await inTime(
        asked,
        this.#options.waitMs ?? WAIT_MS,
        () => new Error('Redis takes too long'),
      );
      this.#isBack();
      held.count += given;
      held.left = left;
      held.resetMs = reset / 1_000;
      const retryAfterMs = retryAfter / 1_000;
      if (given === 0) held.refusedUntil = this.#options.now() + retryAfterMs;
      return { allowed: given > 0, remaining: left, retryAfterMs, resetMs: held.resetMs };
    } catch (error) {
      this.#isAway(asError(error));
      return UNCOUNTED;
    }
  }

  #isAway(error: Error): void {
    this.#restUntil = this.#options.now() + REST_MS;
    if (this.#away) return;
    this.#away = true;
    this.#options.onDegraded(true, error);
  }

  #isBack(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#local.clear();
    this.#options.onDegraded(false);
  }
}

function handOut(held: InHand): Taken {
  held.count--;
  return { allowed: true, remaining: held.left + held.count, retryAfterMs: 0, resetMs: held.resetMs };
}
