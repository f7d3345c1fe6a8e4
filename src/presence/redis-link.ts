import type { Redis } from 'ioredis';
import { asError } from '../domain';

const PROBE_MS = 500;
/** Longest that what comes first waits for the connection. */
const START_MS = 1_500;

/** What Redis says when it is there, and a script fails, or what it was to work on is something else. */
const OF_SCRIPT = /^(WRONGTYPE\b|ERR\b.*\buser_script\b)/s;
/** Within a script too these say that Redis takes nothing from anybody now. */
const OF_REDIS = /\b(OOM|READONLY|MISCONF|NOREPLICAS|LOADING|BUSY|MASTERDOWN|CLUSTERDOWN)\b/;

/** What came of asking Redis; not `ok`: nothing is known. */
export type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

/**
 * Knows whether Redis may be asked. After it was away, what happened meanwhile is told to it first; only
 * then is it asked again.
 */
export class RedisLink {
  readonly #redis: Redis;
  readonly #onDegraded: ((degraded: boolean, error?: Error) => void) | undefined;
  readonly #onError: ((error: Error) => void) | undefined;
  readonly #entries: (() => Promise<void>)[] = [];
  readonly #onUp: (() => void)[] = [];
  readonly #onClose = (): void => this.#lost(new Error('the connection to Redis was lost'));
  readonly #onReady = (): void => void this.#enter();
  #up = false;
  #starting: Promise<void> | undefined;
  #started: (() => void) | undefined;
  #startTimer: NodeJS.Timeout | undefined;
  #entering: Promise<void> | undefined;
  #probe: NodeJS.Timeout | undefined;
  /** Why the last try to enter failed. */
  #trouble: Error | undefined;
  #losses = 0;
  #degraded = false;
  #closed = false;

  /**
   * @param onDegraded - Redis went away, or is back
   * @param onError - Redis is there, and something cannot be done in it
   */
  constructor(
    redis: Redis,
    onDegraded?: (degraded: boolean, error?: Error) => void,
    onError?: (error: Error) => void,
  ) {
    this.#redis = redis;
    this.#onDegraded = onDegraded;
    this.#onError = onError;
  }

  /** True while this node goes by what it knows itself. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /** Work to be done each time before Redis is asked again, in the order in which it was given. */
  onEnter(work: () => Promise<void>): void {
    this.#entries.push(work);
  }

  /** Called each time that Redis is asked again. */
  onUp(handler: () => void): void {
    this.#onUp.push(handler);
  }

  /** Resolves when Redis is asked, or has been given up for now. */
  start(): Promise<void> {
    this.#starting ??= new Promise<void>((resolve) => {
      this.#started = () => {
        clearTimeout(this.#startTimer);
        this.#started = undefined;
        resolve();
      };
      this.#startTimer = setTimeout(() => {
        this.#lost(this.#trouble ?? new Error('Redis does not answer'));
      }, START_MS);
      this.#redis.on('close', this.#onClose);
      this.#redis.on('ready', this.#onReady);
      if (this.#redis.status === 'ready') void this.#enter();
      else this.#probeLater();
    });
    return this.#starting;
  }

  /**
   * Asks Redis; `ok: false` when it is away, or went away: it may have done it all the same; or when it
   * cannot be done, which says nothing of all else.
   */
  async attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
    if (this.#started) await this.#starting;
    if (!this.#up) return { ok: false };
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      if (!this.#isOfScript(error)) this.#lost(error);
      return { ok: false };
    }
  }

  /** The same as work to be done on entering, which goes on without what cannot be done. */
  async tryEntry(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!this.#isOfScript(error)) throw error;
      return false;
    }
  }

  close(): void {
    this.#closed = true;
    this.#up = false;
    this.#redis.off('close', this.#onClose);
    this.#redis.off('ready', this.#onReady);
    clearTimeout(this.#probe);
    this.#started?.();
  }

  /** One thing that a script cannot do does not make Redis go away for everybody. */
  #isOfScript(error: unknown): boolean {
    const { message } = asError(error);
    if (!OF_SCRIPT.test(message) || OF_REDIS.test(message)) return false;
    this.#onError?.(asError(error));
    return true;
  }

  #lost(error: unknown): void {
    this.#up = false;
    this.#losses++;
    if (this.#closed) return;
    if (!this.#degraded) {
      this.#degraded = true;
      this.#onDegraded?.(true, asError(error));
    }
    this.#started?.();
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closed || this.#probe !== undefined) return;
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      void this.#enter();
    }, PROBE_MS);
    this.#probe.unref();
  }

  /** Never rejects; tried again later when it failed. */
  #enter(): Promise<void> {
    if (this.#up || this.#closed) return Promise.resolve();
    this.#entering ??= this.#tell()
      .catch((error: unknown) => {
        this.#trouble = asError(error);
        // At the start the connection is still being made.
        if (this.#started) this.#probeLater();
        else this.#lost(error);
      })
      .finally(() => (this.#entering = undefined));
    return this.#entering;
  }

  async #tell(): Promise<void> {
    const losses = this.#losses;
    await this.#redis.ping();
    for (const entry of this.#entries) await this.tryEntry(entry);
    if (losses !== this.#losses || this.#closed) throw new Error('the connection to Redis was lost again');
    this.#up = true;
    this.#started?.();
    if (this.#degraded) {
      this.#degraded = false;
      this.#onDegraded?.(false);
    }
    for (const handler of this.#onUp) handler();
  }
}
