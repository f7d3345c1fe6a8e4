import type { Redis } from 'ioredis';
import type { CapLimit } from '../domain';
import { asError } from '../domain';
import { RELEASE, RENEW, RESERVE } from './cap-scripts';
import type { ReserveResult } from './local-reservations';
import { LocalReservations } from './local-reservations';

export type { ReserveResult } from './local-reservations';

/** What happens to limits while Redis is away. */
export type CapsFallback = 'local' | 'refuse';

export interface CapReservationsOptions {
  readonly fallback: CapsFallback;
  /** Milliseconds after which units held by a node that has died lapse. */
  readonly leaseMs: number;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Redis went away, or is back. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
}

type Outcome = 'not_connected' | 'ended';

interface ScriptedRedis extends Redis {
  dceReserve(keys: number, ...args: (string | number)[]): Promise<number>;
  dceRelease(keys: number, ...args: (string | number)[]): Promise<number>;
  dceRenew(keys: number, ...args: (string | number)[]): Promise<number>;
}

const RENEW_BATCH = 500;
const PROBE_MS = 500;
/** Releases that wait for Redis; beyond, concurrent units lapse by themselves and periods stay counted. */
const MAX_PENDING_RELEASES = 20_000;
const SCAN_COUNT = 1_000;

/** Limits reserved in Redis: all of an attempt's or none, over all nodes, in one round trip. */
export class RedisCapReservations {
  readonly #redis: ScriptedRedis;
  readonly #options: CapReservationsOptions;
  /** Concurrent units this node holds in Redis, by limit: renewed as long as they are here. */
  readonly #leases = new Map<string, Set<string>>();
  readonly #local: LocalReservations;
  readonly #renewTimer: NodeJS.Timeout;
  #probeTimer: NodeJS.Timeout | undefined;
  #pendingReleases: { callId: string; limits: readonly CapLimit[]; outcome: Outcome }[] = [];
  #renewing = false;
  #degraded = false;
  #closed = false;

  constructor(redis: Redis, options: CapReservationsOptions) {
    redis.defineCommand('dceReserve', { lua: RESERVE });
    redis.defineCommand('dceRelease', { lua: RELEASE });
    redis.defineCommand('dceRenew', { lua: RENEW });
    this.#redis = redis as ScriptedRedis;
    this.#options = options;
    this.#local = new LocalReservations((key) => this.#leases.get(key)?.size ?? 0, options.now);
    this.#renewTimer = setInterval(() => void this.#renew(), options.leaseMs / 3);
    this.#renewTimer.unref();
  }

  /** True while Redis is away: limits are kept by this node alone, or calls refused. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /** Concurrent units that this node holds; zero when no call is up. */
  get held(): number {
    let held = this.#local.held;
    for (const calls of this.#leases.values()) held += calls.size;
    return held;
  }

  /** Takes one unit of every limit, or none of them. Taking again what the call holds changes nothing. Never rejects. */
  async reserve(callId: string, limits: readonly CapLimit[]): Promise<ReserveResult> {
    if (limits.length === 0) return { ok: true };
    if (this.#degraded) return this.#reserveWithout(callId, limits);
    const args: (string | number)[] = [
      heldKey(callId),
      ...limits.map(redisKey),
      callId,
      this.#options.leaseMs,
    ];
    for (const limit of limits) args.push(limit.kind, limit.limit, Math.floor(limit.resetsAt));
    try {
      const refused = await this.#redis.dceReserve(limits.length + 1, ...args);
      if (refused > 0) return { ok: false, exhausted: limits[refused - 1]?.key ?? '' };
      for (const { key, kind } of limits) if (kind === 'concurrent') this.#lease(key, callId);
      return { ok: true };
    } catch (error) {
      this.#lost(error);
      return this.#reserveWithout(callId, limits);
    }
  }

  /** Gives units back; `ended` keeps the periods' units. Idempotent. Never rejects: it is done when Redis is back. */
  async release(callId: string, limits: readonly CapLimit[], outcome: Outcome): Promise<void> {
    if (limits.length === 0) return;
    for (const { key, kind } of limits) if (kind === 'concurrent') this.#unlease(key, callId);
    this.#local.release(callId, limits, outcome);
    if (this.#degraded) {
      this.#releaseLater(callId, limits, outcome);
      return;
    }
    try {
      await this.#release(callId, limits, outcome);
    } catch (error) {
      this.#lost(error);
      this.#releaseLater(callId, limits, outcome);
    }
  }

  /** Units of a limit in use now, over all nodes. @throws Error when Redis is away */
  async inUse({ key, kind }: Pick<CapLimit, 'key' | 'kind'>): Promise<number> {
    if (kind === 'period') return Number((await this.#redis.get(redisKey({ key, kind }))) ?? 0);
    return this.#redis.zcount(redisKey({ key, kind }), await this.#redisNow(), '+inf');
  }

  /** Keys of the period units that a call holds and could still give back. @throws Error when Redis is away */
  async reservationsOf(callId: string): Promise<string[]> {
    const keys = await this.#redis.hkeys(heldKey(callId));
    return keys.map((key) => key.slice('caps:p:'.length)).sort();
  }

  /** Concurrent units in use over all nodes. Walks every key: for tests and for people. @throws Error when Redis is away */
  async totalReserved(): Promise<number> {
    const now = await this.#redisNow();
    let total = 0;
    let cursor = '0';
    do {
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', 'caps:c:*', 'COUNT', SCAN_COUNT);
      const counts = await Promise.all(keys.map((key) => this.#redis.zcount(key, now, '+inf')));
      total += counts.reduce((sum, count) => sum + count, 0);
      cursor = next;
    } while (cursor !== '0');
    return total;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#renewTimer);
    clearTimeout(this.#probeTimer);
  }

  #reserveWithout(callId: string, limits: readonly CapLimit[]): ReserveResult {
    if (this.#options.fallback === 'refuse') return { ok: false, exhausted: limits[0]?.key ?? '' };
    return this.#local.reserve(callId, limits);
  }

  async #release(callId: string, limits: readonly CapLimit[], outcome: Outcome): Promise<void> {
    const kinds = limits.map(({ kind }) => (kind === 'period' && outcome === 'ended' ? 'kept' : kind));
    await this.#redis.dceRelease(
      limits.length + 1,
      heldKey(callId),
      ...limits.map(redisKey),
      callId,
      ...kinds,
    );
  }

  #releaseLater(callId: string, limits: readonly CapLimit[], outcome: Outcome): void {
    if (this.#pendingReleases.length < MAX_PENDING_RELEASES) {
      this.#pendingReleases.push({ callId, limits, outcome });
    }
  }

  #lease(key: string, callId: string): void {
    const calls = this.#leases.get(key);
    if (calls) calls.add(callId);
    else this.#leases.set(key, new Set([callId]));
  }

  #unlease(key: string, callId: string): void {
    const calls = this.#leases.get(key);
    if (calls?.delete(callId) && calls.size === 0) this.#leases.delete(key);
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#degraded) return;
    this.#renewing = true;
    try {
      await this.#renewAll();
    } catch (error) {
      this.#lost(error);
    } finally {
      this.#renewing = false;
    }
  }

  /** Each batch is read when it is sent: what was given back meanwhile must not be taken again. */
  async #renewAll(): Promise<void> {
    const keys = [...this.#leases.keys()];
    let batch: [key: string, callId: string][] = [];
    const send = async (): Promise<void> => {
      const still = batch.filter(([key, callId]) => this.#leases.get(key)?.has(callId));
      batch = [];
      if (still.length === 0) return;
      await this.#redis.dceRenew(
        still.length,
        ...still.map(([key]) => redisKey({ key, kind: 'concurrent' })),
        this.#options.leaseMs,
        ...still.map(([, callId]) => callId),
      );
    };
    for (const key of keys) {
      for (const callId of this.#leases.get(key) ?? []) {
        batch.push([key, callId]);
        if (batch.length === RENEW_BATCH) await send();
      }
    }
    await send();
  }

  #lost(error: unknown): void {
    if (this.#degraded || this.#closed) return;
    this.#degraded = true;
    this.#options.onDegraded?.(true, asError(error));
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closed) return;
    this.#probeTimer = setTimeout(() => {
      this.#recover().catch(() => this.#probeLater());
    }, PROBE_MS);
    this.#probeTimer.unref();
  }

  /** Redis learns what was given back and what is up; from then on it is asked again. */
  async #recover(): Promise<void> {
    await this.#redis.ping();
    for (;;) {
      const release = this.#pendingReleases[0];
      if (!release) break;
      await this.#release(release.callId, release.limits, release.outcome);
      this.#pendingReleases.shift();
    }
    for (const { key, callId } of this.#local.takeConcurrent()) this.#lease(key, callId);
    // Asked again from here on: what is reserved now is leased in order behind the renewal.
    this.#degraded = false;
    this.#options.onDegraded?.(false);
    await this.#renew();
  }

  async #redisNow(): Promise<number> {
    const [seconds, micros] = await this.#redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }
}

function heldKey(callId: string): string {
  return `caps:h:${callId}`;
}

function redisKey({ key, kind }: Pick<CapLimit, 'key' | 'kind'>): string {
  return `caps:${kind === 'concurrent' ? 'c' : 'p'}:${key}`;
}
