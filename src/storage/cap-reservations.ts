import type { Redis } from 'ioredis';
import type { CapLimit } from '../domain';

export type ReserveResult = { readonly ok: true } | { readonly ok: false; readonly exhausted: string };

/** What happens to limits while Redis is away. */
export type CapsFallback = 'local' | 'refuse';

export interface CapReservationsOptions {
  readonly fallback: CapsFallback;
  /** Milliseconds after which units held by a node that has died lapse. */
  readonly leaseMs: number;
  readonly now: () => number;
  /** Redis went away, or is back. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
}

/**
 * Keys: `caps:c:<limit>` is a sorted set of concurrent calls (member: call id, score: lease end);
 * `caps:p:<limit>` a counter of a period. `caps:h:<call>` names the units a call holds, so that taking
 * or giving back twice changes nothing.
 * ARGV: call id, now, lease end, then for each limit its kind, limit and reset instant.
 */
const RESERVE = `
local call, now, lease = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local held = KEYS[1]
local n = #KEYS - 1
for i = 1, n do
  local key = KEYS[i + 1]
  local kind, limit = ARGV[3 * i + 1], tonumber(ARGV[3 * i + 2])
  if redis.call('HEXISTS', held, key) == 0 then
    local used
    if kind == 'concurrent' then
      redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
      used = redis.call('ZCARD', key)
    else
      used = tonumber(redis.call('GET', key) or '0')
    end
    if used >= limit then return i end
  end
end
for i = 1, n do
  local key = KEYS[i + 1]
  local kind, reset = ARGV[3 * i + 1], tonumber(ARGV[3 * i + 3])
  if redis.call('HSETNX', held, key, kind) == 1 then
    if kind == 'concurrent' then
      redis.call('ZADD', key, lease, call)
    else
      redis.call('INCR', key)
      if reset > 0 then redis.call('PEXPIREAT', key, reset) end
    end
  end
end
redis.call('PEXPIRE', held, 86400000)
return 0`;

/** ARGV: call id, outcome. Units that the call does not hold are left alone. */
const RELEASE = `
local call, outcome = ARGV[1], ARGV[2]
local held = KEYS[1]
for i = 2, #KEYS do
  local key = KEYS[i]
  local kind = redis.call('HGET', held, key)
  if kind == 'concurrent' then
    redis.call('ZREM', key, call)
    redis.call('HDEL', held, key)
  elseif kind == 'period' and outcome == 'not_connected' then
    if redis.call('EXISTS', key) == 1 then redis.call('DECR', key) end
    redis.call('HDEL', held, key)
  end
end
if outcome == 'ended' then redis.call('DEL', held) end
return 0`;

/** ARGV: lease end, then call ids in the order of the keys. */
const RENEW = `
for i = 1, #KEYS do
  redis.call('ZADD', KEYS[i], 'XX', ARGV[1], ARGV[i + 1])
end
return 0`;

interface ScriptedRedis extends Redis {
  dceReserve(keys: number, ...args: (string | number)[]): Promise<number>;
  dceRelease(keys: number, ...args: (string | number)[]): Promise<number>;
  dceRenew(keys: number, ...args: (string | number)[]): Promise<number>;
}

const RENEW_BATCH = 500;

/** Limits reserved in Redis: all of an attempt's or none, over all nodes, in one round trip. */
export class RedisCapReservations {
  readonly #redis: ScriptedRedis;
  readonly #options: CapReservationsOptions;
  readonly #local = new LocalReservations();
  /** Concurrent units this node holds, to be renewed. */
  readonly #leases = new Map<string, { key: string; callId: string }>();
  #timer: NodeJS.Timeout | undefined;
  #degraded = false;

  constructor(redis: Redis, options: CapReservationsOptions) {
    redis.defineCommand('dceReserve', { lua: RESERVE });
    redis.defineCommand('dceRelease', { lua: RELEASE });
    redis.defineCommand('dceRenew', { lua: RENEW });
    this.#redis = redis as ScriptedRedis;
    this.#options = options;
    this.#timer = setInterval(() => void this.#renew(), options.leaseMs / 3);
    this.#timer.unref();
  }

  /** True while limits are kept by this node alone. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /** Takes one unit of every limit, or none of them. Never rejects. */
  async reserve(callId: string, limits: readonly CapLimit[]): Promise<ReserveResult> {
    if (limits.length === 0) return { ok: true };
    const now = this.#options.now();
    const args: (string | number)[] = [heldKey(callId), ...limits.map(redisKey)];
    args.push(callId, now, now + this.#options.leaseMs);
    for (const limit of limits) args.push(limit.kind, limit.limit, Math.floor(limit.resetsAt));
    try {
      const refused = await this.#redis.dceReserve(limits.length + 1, ...args);
      this.#healthy();
      if (refused > 0) return { ok: false, exhausted: limits[refused - 1]?.key ?? '' };
      for (const limit of limits) {
        if (limit.kind === 'concurrent')
          this.#leases.set(`${limit.key}|${callId}`, { key: redisKey(limit), callId });
      }
      return { ok: true };
    } catch (error) {
      this.#unhealthy(error);
      if (this.#options.fallback === 'refuse') return { ok: false, exhausted: limits[0]?.key ?? '' };
      return this.#local.reserve(callId, limits);
    }
  }

  /** Gives units back; `ended` keeps the periods' units. Never rejects: what stays in Redis lapses. */
  async release(
    callId: string,
    limits: readonly CapLimit[],
    outcome: 'not_connected' | 'ended',
  ): Promise<void> {
    if (limits.length === 0) return;
    for (const limit of limits) this.#leases.delete(`${limit.key}|${callId}`);
    this.#local.release(callId, limits, outcome);
    try {
      await this.#redis.dceRelease(
        limits.length + 1,
        heldKey(callId),
        ...limits.map(redisKey),
        callId,
        outcome,
      );
    } catch (error) {
      this.#unhealthy(error);
    }
  }

  /** Units of a limit in use now, over all nodes. */
  async inUse(limit: Pick<CapLimit, 'key' | 'kind'>): Promise<number> {
    if (limit.kind === 'period') return Number((await this.#redis.get(redisKey(limit))) ?? 0);
    await this.#redis.zremrangebyscore(redisKey(limit), '-inf', this.#options.now());
    return this.#redis.zcard(redisKey(limit));
  }

  /** Concurrent units that this node holds; zero when no call is up. */
  get held(): number {
    return this.#leases.size + this.#local.held;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #renew(): Promise<void> {
    const leases = [...this.#leases.values()];
    const end = this.#options.now() + this.#options.leaseMs;
    for (let at = 0; at < leases.length; at += RENEW_BATCH) {
      const batch = leases.slice(at, at + RENEW_BATCH);
      try {
        await this.#redis.dceRenew(
          batch.length,
          ...batch.map(({ key }) => key),
          end,
          ...batch.map(({ callId }) => callId),
        );
      } catch (error) {
        this.#unhealthy(error);
        return;
      }
    }
  }

  #healthy(): void {
    if (!this.#degraded) return;
    this.#degraded = false;
    this.#options.onDegraded?.(false);
  }

  #unhealthy(error: unknown): void {
    if (this.#degraded) return;
    this.#degraded = true;
    this.#options.onDegraded?.(true, error instanceof Error ? error : new Error(String(error)));
  }
}

function heldKey(callId: string): string {
  return `caps:h:${callId}`;
}

function redisKey(limit: Pick<CapLimit, 'key' | 'kind'>): string {
  return `caps:${limit.kind === 'concurrent' ? 'c' : 'p'}:${limit.key}`;
}

const MAX_LOCAL_COUNTERS = 100_000;

/** Limits as one node alone can keep them. */
class LocalReservations {
  readonly #used = new Map<string, number>();
  readonly #holders = new Set<string>();

  get held(): number {
    return this.#holders.size;
  }

  reserve(callId: string, limits: readonly CapLimit[]): ReserveResult {
    const full = limits.find((limit) => (this.#used.get(limit.key) ?? 0) >= limit.limit);
    if (full) return { ok: false, exhausted: full.key };
    if (this.#used.size > MAX_LOCAL_COUNTERS) return { ok: false, exhausted: limits[0]?.key ?? '' };
    for (const { key } of limits) {
      if (this.#holders.has(`${key}|${callId}`)) continue;
      this.#holders.add(`${key}|${callId}`);
      this.#used.set(key, (this.#used.get(key) ?? 0) + 1);
    }
    return { ok: true };
  }

  release(callId: string, limits: readonly CapLimit[], outcome: 'not_connected' | 'ended'): void {
    for (const { key, kind } of limits) {
      if (!this.#holders.delete(`${key}|${callId}`)) continue;
      if (outcome === 'ended' && kind === 'period') continue;
      const left = (this.#used.get(key) ?? 1) - 1;
      if (left > 0) this.#used.set(key, left);
      else this.#used.delete(key);
    }
  }
}
