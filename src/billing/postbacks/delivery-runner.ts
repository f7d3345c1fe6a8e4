import { randomUUID } from 'node:crypto';
import type { BreakerSettings } from '../../domain';
import { asError } from '../../domain';
import type { Database } from '../../storage';
import { Breakers, POSTBACK_BREAKER } from './breakers';
import type { Deliverer } from './deliverer';
import { wantsTags } from './deliverer';
import type { AttemptRecord, ClaimedDelivery, SentRequest } from './delivery-queue';
import { claimDeliveries, readPersons, recordAttempts, releaseDeliveries } from './delivery-queue';
import { isLeftByCall } from './events';
import type { CallPersons } from './fields';
import type { Judgement } from './judge-reply';
import { judgeReply } from './judge-reply';
import { retryDelay } from './retry';

export interface DeliveryRunnerOptions {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** The same to one host. */
  readonly perHost: number;
  /** Milliseconds after which deliveries of a worker that was killed are taken by another; longer than any request takes. */
  readonly leaseMs: number;
  /** Milliseconds between looks for what is due. */
  readonly pollMs?: number | undefined;
  readonly breaker?: BreakerSettings | undefined;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds. */
  readonly monotonic: () => number;
  /** 0 … 1. */
  readonly random: () => number;
  /** A postback was paused because its receiver is gone. */
  readonly onPaused?: ((postbackId: string) => void) | undefined;
  readonly onError: (error: Error) => void;
}

const POLL_MS = 500;
/** Something ended: there may be room, or the next of its subject. */
const AGAIN_MS = 20;
const MAX_CLAIM = 50;
/** Outcomes are written together that come within so many milliseconds. */
const GATHER_MS = 10;
const MAX_GATHERED = 100;
/** Outcomes that wait for a database that is away, and how long until it is tried again. */
const MAX_KEPT = 1_000;
const KEPT_MS = 1_000;
/** Milliseconds that requests under way have to end when the worker does. */
const GRACE_MS = 3_000;
/** A delivery that cannot be made into a request is tried as often as any: its templates may be mended. */
const UNSENT: Omit<Judgement, 'error' | 'outcome' | 'retryMs'> = {
  works: undefined,
  restMs: 0,
  status: null,
  response: null,
};

/**
 * Sends deliveries that are due, so many at once and so many to one host. What fails is tried again later;
 * a receiver that keeps failing is left alone for a while, so that it does not take the place of others.
 */
export class DeliveryRunner {
  readonly #database: Database;
  readonly #deliverer: Deliverer;
  readonly #options: DeliveryRunnerOptions;
  readonly #breakers: Breakers;
  /** Whose deliveries these are, in the table. */
  readonly #claim = randomUUID();
  readonly #underWay = new Set<Promise<void>>();
  readonly #hosts = new Map<string, number>();
  readonly #stop = new AbortController();
  #records: AttemptRecord[] = [];
  #flushTimer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  /** Something ended during a turn. */
  #again = false;
  #turning: Promise<void> | undefined;
  #closed = false;

  constructor(database: Database, deliverer: Deliverer, options: DeliveryRunnerOptions) {
    this.#database = database;
    this.#deliverer = deliverer;
    this.#options = options;
    this.#breakers = new Breakers(options.breaker ?? POSTBACK_BREAKER, options.monotonic);
  }

  start(): void {
    this.#schedule(0);
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#turning) this.#again = true;
    else this.#schedule(AGAIN_MS);
  }

  /** Resolves when nothing is under way any more; what was not sent is due at once, for others. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#turning;
    const grace = setTimeout(() => this.#stop.abort(), GRACE_MS);
    await Promise.all(this.#underWay);
    clearTimeout(grace);
    await this.#flush();
  }

  #schedule(ms: number): void {
    // One that comes sooner is not put off.
    const dueAt = this.#options.monotonic() + ms;
    if (this.#closed || this.#turning || (this.#timer !== undefined && this.#dueAt <= dueAt)) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#turning = this.#turn()
        .catch((error: unknown) => this.#options.onError(asError(error)))
        .finally(() => {
          this.#turning = undefined;
          this.#schedule(this.#again ? AGAIN_MS : (this.#options.pollMs ?? POLL_MS));
          this.#again = false;
        });
    }, ms);
  }

  async #turn(): Promise<void> {
    for (let full = true; full && !this.#closed;) {
      const { concurrency, leaseMs, perHost } = this.#options;
      const wanted = Math.min(concurrency - this.#underWay.size, MAX_CLAIM);
      if (wanted <= 0) return;
      const claimed = await claimDeliveries(this.#database, this.#claim, {
        total: wanted,
        perPostback: perHost,
        perHost,
        ofPostback: this.#breakers.limits(),
        ofHost: new Map([...this.#hosts].map(([host, count]) => [host, perHost - count])),
        leaseMs,
      });
      full = claimed.length === wanted;
      if (claimed.length > 0) await this.#sendAll(claimed);
    }
  }

  async #sendAll(claimed: readonly ClaimedDelivery[]): Promise<void> {
    let persons: Map<string, CallPersons>;
    try {
      const withPersons = claimed.filter(({ event }) => !isLeftByCall(event));
      const calls = [...new Set(withPersons.flatMap(({ callId }) => callId ?? []))];
      persons = await readPersons(this.#database, calls, withPersons.some(wantsTags));
    } catch (error) {
      await releaseDeliveries(
        this.#database,
        this.#claim,
        claimed.map(({ id }) => id),
      ).catch(() => undefined);
      throw error;
    }
    for (const delivery of claimed) {
      const { host } = delivery;
      this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1);
      const told = isLeftByCall(delivery.event) ? undefined : persons.get(delivery.callId ?? '');
      const sent = this.#deliver(delivery, told).finally(() => {
        const left = (this.#hosts.get(host) ?? 1) - 1;
        if (left > 0) this.#hosts.set(host, left);
        else this.#hosts.delete(host);
        this.#underWay.delete(sent);
        this.wake();
      });
      this.#underWay.add(sent);
    }
  }

  /** Never rejects. */
  async #deliver(delivery: ClaimedDelivery, persons: CallPersons | undefined): Promise<void> {
    const { id, postbackId, attempts } = delivery;
    const pass = this.#breakers.enter(postbackId);
    if (pass === undefined) {
      await this.#release(id);
      return;
    }
    let request: SentRequest | null = null;
    let tookMs = 0;
    let judgement: Judgement;
    const { now, random } = this.#options;
    try {
      const written = this.#deliverer.write(delivery, persons);
      if (written.ok) {
        ({ request } = written);
        const attempt = await this.#deliverer.send(delivery, request, this.#stop.signal);
        ({ tookMs } = attempt);
        judgement = judgeReply(attempt.reply, attempts, now(), random());
        if (!attempt.reply.ok && attempt.reply.why === 'aborted') {
          this.#breakers.leave(postbackId, pass, undefined);
          await this.#release(id);
          return;
        }
      } else {
        judgement = { ...UNSENT, outcome: 'dead', retryMs: 0, error: written.problem.slice(0, 500) };
      }
    } catch (error) {
      // Its secret cannot be opened here: another node may have the key.
      this.#options.onError(asError(error));
      const retryMs = retryDelay(attempts, random());
      judgement = { ...UNSENT, outcome: 'failed', retryMs, error: 'it could not be signed' };
    }
    const { works, ...verdict } = judgement;
    this.#breakers.leave(postbackId, pass, works);
    this.#note({ ...verdict, id, attempts, tookMs, request });
  }

  async #release(id: number): Promise<void> {
    await releaseDeliveries(this.#database, this.#claim, [id]).catch((error: unknown) =>
      this.#options.onError(asError(error)),
    );
  }

  #note(record: AttemptRecord): void {
    this.#records.push(record);
    if (this.#records.length >= MAX_GATHERED) void this.#flush();
    else this.#flushTimer ??= setTimeout(() => void this.#flush(), GATHER_MS);
  }

  /** Writes what was noted. Never rejects. */
  #flush(): Promise<void> {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const records = this.#records;
    this.#records = [];
    this.#flushing = this.#flushing.then(async () => {
      try {
        const paused = await recordAttempts(this.#database, this.#claim, records);
        for (const id of paused) this.#options.onPaused?.(id);
        if (records.length > 0) this.wake();
      } catch (error) {
        this.#options.onError(asError(error));
        this.#keep(records);
      }
    });
    return this.#flushing;
  }

  /** What could not be written is written later; of what is never written the lease ends, and it is sent once more. */
  #keep(records: readonly AttemptRecord[]): void {
    if (this.#closed || this.#records.length + records.length > MAX_KEPT) return;
    this.#records.unshift(...records);
    this.#flushTimer ??= setTimeout(() => void this.#flush(), KEPT_MS);
  }
}
