import type { Redis } from 'ioredis';
import type { CapLimit, CapOutcome } from '../domain';
import { asError } from '../domain';
import { CapCommands, hasForgotten } from './cap-commands';
import { CapHoldings } from './cap-holdings';
import type { CapRecords } from './cap-epoch';
import { CapEpoch } from './cap-epoch';
import type { ReserveResult, SpentUnits } from './local-reservations';
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
  /** From which a Redis that has forgotten learns; without them it starts from zero. */
  readonly records?: CapRecords;
  /** Redis went away, or is back. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
  /** Leases of calls that are up had lapsed, because this node stood still: others may have taken their places. */
  readonly onLapsed?: (leases: number) => void;
}

interface PendingRelease {
  readonly callId: string;
  /** Undefined: all that Redis knows of. */
  readonly limits: readonly CapLimit[] | undefined;
  /** `undo`: a reservation that may or may not have been made is to be as if it had not. */
  readonly outcome: CapOutcome | 'undo';
}

const RENEW_BATCH = 500;
const PROBE_MS = 500;
/** Longest waits of the start: for the connection, and for what Redis knows. */
const START_MS = 1_000;
const START_RETRY_MS = 50;
/** Releases that wait for Redis; beyond, concurrent units lapse by themselves and periods stay counted. */
const MAX_PENDING_RELEASES = 20_000;

/** Limits reserved in Redis: all of an attempt's or none, over all nodes, in one round trip. */
export class RedisCapReservations {
  readonly #redis: Redis;
  readonly #commands: CapCommands;
  readonly #memory: CapEpoch;
  readonly #options: CapReservationsOptions;
  readonly #held = new CapHoldings();
  readonly #local: LocalReservations;
  readonly #renewTimer: NodeJS.Timeout;
  readonly #onClose = (): void => this.#lost(new Error('the connection to Redis was lost'));
  /** Of the Redis that is asked; undefined while none can be. */
  #epoch: string | undefined;
  /** The start, which reservations wait for. */
  #starting: Promise<void> | undefined;
  #entering: Promise<void> | undefined;
  /** Why the last try to enter failed. */
  #trouble: Error | undefined;
  #probeTimer: NodeJS.Timeout | undefined;
  #pendingReleases: PendingRelease[] = [];
  /** Used up without Redis, and not yet counted there. */
  #unspent: SpentUnits[] = [];
  #losses = 0;
  #renewing = false;
  #degraded = false;
  #closed = false;

  constructor(redis: Redis, options: CapReservationsOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#commands = new CapCommands(redis);
    // Who does not reserve learns from its renewals that Redis has forgotten.
    this.#memory = new CapEpoch(redis, this.#commands, options.records, options.leaseMs / 3 + 1_000);
    this.#local = new LocalReservations((key) => this.#held.concurrentOf(key), options.now);
    this.#renewTimer = setInterval(() => void this.#renew(), options.leaseMs / 3);
    this.#renewTimer.unref();
    redis.on('close', this.#onClose);
    this.#starting = this.#start();
  }

  /** True while Redis is away: limits are kept by this node alone, or calls refused. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /** Concurrent units that this node holds; zero when no call is up. */
  get held(): number {
    return this.#local.held + this.#held.concurrent;
  }

  /** Resolves when Redis is asked, or has been given up for now. */
  async started(): Promise<void> {
    await this.#starting;
  }

  /** Takes the units of every limit, or of none of them. Taking again what the call holds changes nothing. Never rejects. */
  async reserve(callId: string, limits: readonly CapLimit[]): Promise<ReserveResult> {
    if (limits.length === 0) return { ok: true };
    if (this.#starting) await this.#starting;
    if (this.#epoch === undefined) return this.#reserveWithout(callId, limits);
    try {
      const refused = await this.#commands.reserve(callId, limits, this.#options.leaseMs, this.#epoch);
      if (refused !== 0) {
        return { ok: false, exhausted: limits[Math.abs(refused) - 1]?.key ?? '', lasting: refused < 0 };
      }
      this.#held.hold(callId, limits);
      return { ok: true };
    } catch (error) {
      // It may have taken them all the same.
      if (!hasForgotten(error)) this.#releaseLater({ callId, limits, outcome: 'undo' });
      this.#lost(error);
      return this.#reserveWithout(callId, limits);
    }
  }

  /**
   * Gives back what the call took and did not use. Idempotent. Never rejects: it is done when Redis is
   * back.
   */
  async release(callId: string, limits: readonly CapLimit[], outcome: CapOutcome): Promise<void> {
    if (limits.length === 0) return;
    this.#held.letGo(callId, limits);
    this.#local.release(callId, limits, outcome);
    await this.#releaseOrQueue({ callId, limits, outcome });
  }

  /**
   * Corrects what a call of a node that died took and did not use, whichever limits those were. Its
   * concurrent units have lapsed by themselves. Idempotent. Never rejects: it is done when Redis is back.
   */
  async settleReservation(callId: string, outcome: CapOutcome): Promise<void> {
    await this.#releaseOrQueue({ callId, limits: undefined, outcome });
  }

  /** Units of a limit in use now, over all nodes. @throws Error when Redis is away */
  inUse(limit: Pick<CapLimit, 'key' | 'counter'>): Promise<number> {
    return this.#commands.inUse(limit);
  }

  /** Keys of the units, besides concurrent ones, that a call holds and could still give back. @throws Error when Redis is away */
  reservationsOf(callId: string): Promise<string[]> {
    return this.#commands.heldBy(callId);
  }

  /** Concurrent units in use over all nodes. Walks every key: for tests and for people. @throws Error when Redis is away */
  totalReserved(): Promise<number> {
    return this.#commands.totalConcurrent();
  }

  close(): void {
    this.#closed = true;
    this.#redis.off('close', this.#onClose);
    clearInterval(this.#renewTimer);
    clearTimeout(this.#probeTimer);
  }

  #reserveWithout(callId: string, limits: readonly CapLimit[]): ReserveResult {
    if (this.#options.fallback === 'refuse') return { ok: false, exhausted: limits[0]?.key ?? '' };
    return this.#local.reserve(callId, limits);
  }

  async #releaseOrQueue(release: PendingRelease): Promise<void> {
    if (this.#epoch === undefined) {
      this.#releaseLater(release);
      return;
    }
    try {
      await this.#send(release);
    } catch (error) {
      this.#releaseLater(release);
      this.#lost(error);
    }
  }

  #releaseLater(release: PendingRelease): void {
    if (this.#pendingReleases.length < MAX_PENDING_RELEASES) this.#pendingReleases.push(release);
  }

  #send({ callId, limits, outcome }: PendingRelease): Promise<void> {
    return this.#commands.release(callId, limits, outcome);
  }

  async #renew(): Promise<void> {
    const epoch = this.#epoch;
    if (this.#renewing || epoch === undefined) return;
    this.#renewing = true;
    try {
      const lapsed = await this.#renewAll(epoch);
      if (lapsed > 0) this.#options.onLapsed?.(lapsed);
    } catch (error) {
      this.#lost(error);
    } finally {
      this.#renewing = false;
    }
  }

  /** Sent in this turn: what is given back from now on is given back behind it. Gives how many had lapsed. */
  async #renewAll(epoch: string | undefined): Promise<number> {
    const leases = this.#held.leases();
    const sent: Promise<number>[] = [];
    // At least one, by which also who holds no lease learns that Redis has forgotten.
    for (let from = 0; from === 0 || from < leases.length; from += RENEW_BATCH) {
      sent.push(this.#commands.renew(leases.slice(from, from + RENEW_BATCH), this.#options.leaseMs, epoch));
    }
    return (await Promise.all(sent)).reduce((sum, lapsed) => sum + lapsed, 0);
  }

  #lost(error: unknown): void {
    this.#epoch = undefined;
    this.#losses++;
    if (this.#closed) return;
    if (!this.#degraded) {
      this.#degraded = true;
      this.#options.onDegraded?.(true, asError(error));
    }
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closed || this.#probeTimer !== undefined) return;
    this.#probeTimer = setTimeout(() => {
      this.#probeTimer = undefined;
      void this.#tryToEnter();
    }, PROBE_MS);
    this.#probeTimer.unref();
  }

  /** Calls that come first wait for Redis, but not for long: another node may be having it counted anew. */
  async #start(): Promise<void> {
    const deadline = performance.now() + START_MS;
    await ready(this.#redis, START_MS);
    for (;;) {
      const left = deadline - performance.now();
      await within(this.#tryToEnter(), left);
      if (this.#epoch !== undefined || this.#degraded || left < START_RETRY_MS) break;
      await pause(START_RETRY_MS);
    }
    this.#starting = undefined;
    if (this.#epoch === undefined) this.#lost(this.#trouble ?? new Error('Redis does not answer'));
  }

  /** Never rejects; tried again later when it failed. */
  #tryToEnter(): Promise<void> {
    this.#entering ??= this.#enter()
      .catch((error: unknown) => {
        this.#trouble = asError(error);
        if (!this.#starting) this.#lost(error);
      })
      .finally(() => (this.#entering = undefined));
    return this.#entering;
  }

  /** Redis learns what was given back and what is up; from then on it is asked again. */
  async #enter(): Promise<void> {
    const losses = this.#losses;
    const epoch = await this.#memory.enter(() => this.#tellAll());
    if (epoch === undefined) throw new Error('another node has Redis count what is used');
    for (;;) {
      const release = this.#pendingReleases[0];
      if (!release) break;
      await this.#send(release);
      this.#pendingReleases.shift();
    }
    if (losses !== this.#losses || this.#closed) throw new Error('the connection to Redis was lost again');
    const { held, spent } = this.#local.handOver();
    for (const { callId, limit } of held) this.#held.hold(callId, [limit]);
    this.#unspent.push(...spent);
    // What is reserved or given back from here on travels behind what is told now.
    this.#epoch = epoch;
    await Promise.all([this.#tellAll(), this.#spend()]);
    if (!this.#degraded) return;
    this.#degraded = false;
    this.#options.onDegraded?.(false);
  }

  /** Tells Redis of every unit that this node holds, whether there is room or not. Sent in this turn. */
  async #tellAll(): Promise<void> {
    const { leaseMs } = this.#options;
    const told: Promise<unknown>[] = [];
    for (const { callId, limits, outcome } of this.#pendingReleases) {
      // What it has forgotten it could not settle.
      if (limits && outcome !== 'undo') told.push(this.#commands.reserve(callId, limits, leaseMs, undefined));
    }
    for (const [callId, limits] of this.#held.units()) {
      told.push(this.#commands.reserve(callId, limits, leaseMs, undefined));
    }
    told.push(this.#renewAll(undefined));
    await Promise.all(told);
  }

  async #spend(): Promise<void> {
    const spent = this.#unspent;
    if (spent.length === 0) return;
    await this.#commands.spend(spent);
    this.#unspent = [];
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Waits until a client is connected, for so many milliseconds at most. */
async function ready(redis: Redis, ms: number): Promise<void> {
  if (redis.status === 'ready') return;
  const settled = new Promise<void>((done) => {
    redis.once('ready', done);
    redis.once('close', done);
  });
  await within(settled, ms);
}

/** Waits for something that never rejects, for so many milliseconds at most. */
async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((done) => {
    timer = setTimeout(done, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
