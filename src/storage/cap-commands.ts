import type { Redis } from 'ioredis';
import type { CapCounter, CapLimit, CapOutcome } from '../domain';
import { NEVER_CONNECTED } from '../domain';
import { EPOCH_ERROR, RAISE, RELEASE, RENEW, RESERVE, SPEND } from './cap-scripts';
import type { SpentUnits } from './local-reservations';

interface ScriptedRedis extends Redis {
  dceReserve(keys: number, ...args: (string | number)[]): Promise<number>;
  dceRelease(keys: number, ...args: (string | number)[]): Promise<number>;
  dceRenew(keys: number, ...args: (string | number)[]): Promise<number>;
  dceSpend(keys: number, ...args: (string | number)[]): Promise<number>;
  dceRaise(keys: number, ...args: (string | number)[]): Promise<number>;
}

/** A concurrent unit: its limit and who holds it. */
export type Lease = readonly [key: string, callId: string];

const SCRIPTS = {
  dceReserve: RESERVE,
  dceRelease: RELEASE,
  dceRenew: RENEW,
  dceSpend: SPEND,
  dceRaise: RAISE,
} as const;
const EPOCH = 'caps:epoch';
const BATCH = 500;
const SCAN_COUNT = 1_000;

/** The commands of limits, as functions. Each throws an Error when Redis is away. */
export class CapCommands {
  readonly #redis: ScriptedRedis;

  constructor(redis: Redis) {
    for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { lua });
    this.#redis = redis as ScriptedRedis;
  }

  /**
   * Makes a connection ready: a script that Redis did not know would be sent a second time, behind
   * what was to come after it.
   *
   * @returns the name of this run of Redis, which a restart changes
   */
  async prepare(): Promise<string> {
    const [info] = await Promise.all([
      this.#redis.info('server'),
      ...Object.values(SCRIPTS).map((lua) => this.#redis.script('LOAD', lua)),
    ]);
    const run = /^run_id:(\w+)/m.exec(info)?.[1];
    if (run === undefined) throw new Error('this Redis does not tell its run');
    return run;
  }

  /** The run of Redis whose counters hold. */
  epoch(): Promise<string | null> {
    return this.#redis.get(EPOCH);
  }

  async setEpoch(run: string): Promise<void> {
    await this.#redis.set(EPOCH, run);
  }

  /**
   * @param epoch - undefined: takes without asking whether there is room
   * @returns 0, or the number of the first exhausted limit, negative when that lasts
   */
  reserve(
    callId: string,
    limits: readonly CapLimit[],
    leaseMs: number,
    epoch: string | undefined,
  ): Promise<number> {
    const args: (string | number)[] = [EPOCH, heldKey(callId), ...limits.map(redisKey)];
    args.push(callId, leaseMs, epoch ?? '');
    for (const { counter, limit, amount, resetsAt } of limits) {
      args.push(counter, limit, Math.ceil(amount), Math.floor(resetsAt));
    }
    return this.#redis.dceReserve(limits.length + 2, ...args);
  }

  /**
   * @param limits - undefined: every unit that is known of the call besides its concurrent ones
   * @param outcome - `undo`: as if nothing had been taken
   */
  async release(
    callId: string,
    limits: readonly CapLimit[] | undefined,
    outcome: CapOutcome | 'undo',
  ): Promise<void> {
    const keys = limits?.map(redisKey) ?? (await this.#redis.hkeys(heldKey(callId)));
    if (keys.length === 0) return;
    const [undo, { connected, converted, revenue }] =
      outcome === 'undo' ? [1, NEVER_CONNECTED] : [0, outcome];
    await this.#redis.dceRelease(
      keys.length + 1,
      heldKey(callId),
      ...keys,
      callId,
      undo,
      connected ? 1 : 0,
      converted ? 1 : 0,
      revenue,
    );
  }

  /** @returns how many leases had lapsed, and are there again */
  async renew(leases: readonly Lease[], leaseMs: number, epoch: string | undefined): Promise<number> {
    const keys = leases.map(([key]) => redisKey({ key, counter: 'concurrent' }));
    const calls = leases.map(([, callId]) => callId);
    return this.#redis.dceRenew(keys.length + 1, EPOCH, ...keys, leaseMs, epoch ?? '', ...calls);
  }

  /** Counts units that were used for good. */
  async spend(units: readonly SpentUnits[]): Promise<void> {
    await this.#count('dceSpend', units);
  }

  /** Sees to it that counters know of at least these units. */
  async raise(units: readonly SpentUnits[]): Promise<void> {
    await this.#count('dceRaise', units);
  }

  /** Units of a limit in use. */
  async inUse(limit: Pick<CapLimit, 'key' | 'counter'>): Promise<number> {
    const key = redisKey(limit);
    if (limit.counter === 'concurrent') return this.#redis.zcount(key, await this.#now(), '+inf');
    if (limit.counter === 'spacing') return this.#redis.exists(key);
    return Number((await this.#redis.hget(key, 'u')) ?? 0);
  }

  /** Keys of the units that a call holds, besides concurrent ones. */
  async heldBy(callId: string): Promise<string[]> {
    const keys = await this.#redis.hkeys(heldKey(callId));
    return keys.map((key) => key.slice('caps:n:'.length)).sort();
  }

  /** Concurrent units over all limits. Walks every key. */
  async totalConcurrent(): Promise<number> {
    const now = await this.#now();
    let total = 0;
    for await (const keys of this.#scan('caps:c:*')) {
      const counts = await Promise.all(keys.map((key) => this.#redis.zcount(key, now, '+inf')));
      total += counts.reduce((sum, count) => sum + count, 0);
    }
    return total;
  }

  async #count(command: 'dceSpend' | 'dceRaise', units: readonly SpentUnits[]): Promise<void> {
    for (let from = 0; from < units.length; from += BATCH) {
      const batch = units.slice(from, from + BATCH);
      const keys = batch.map(({ key }) => `caps:n:${key}`);
      const args = batch.flatMap(({ amount, resetsAt }) => [amount, Math.floor(resetsAt)]);
      await this.#redis[command](keys.length, ...keys, ...args);
    }
  }

  async *#scan(pattern: string): AsyncGenerator<string[]> {
    let cursor = '0';
    do {
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
      yield keys;
      cursor = next;
    } while (cursor !== '0');
  }

  async #now(): Promise<number> {
    const [seconds, micros] = await this.#redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }
}

/** True when Redis answered that it does not know what is used. */
export function hasForgotten(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith(EPOCH_ERROR);
}

const PREFIX: Readonly<Record<CapCounter, string>> = {
  attempts: 'caps:n:',
  connections: 'caps:n:',
  conversions: 'caps:n:',
  revenue: 'caps:n:',
  concurrent: 'caps:c:',
  spacing: 'caps:s:',
};

function redisKey({ key, counter }: Pick<CapLimit, 'key' | 'counter'>): string {
  return `${PREFIX[counter]}${key}`;
}

function heldKey(callId: string): string {
  return `caps:h:${callId}`;
}
