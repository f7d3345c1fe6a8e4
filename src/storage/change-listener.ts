import { asError } from '../domain';
import type { Database, Session } from './database';

export interface ChangeListenerEvents {
  /**
   * Told when the channel is listened to, the first time and after each loss, and when something came: what
   * changed since the last time is to be read. Never called again before it is done. When it rejects, the
   * connection is taken for lost.
   *
   * @param anew - the first reading of a connection: what came before it was not heard
   */
  read(anew: boolean): Promise<void>;
  /** It follows, for the first time or again. */
  onFresh?(): void;
  onStale?(error: Error): void;
}

export interface ChangeListenerOptions {
  readonly channel: string;
  /** Milliseconds between looks whether the connection that listens still lives. */
  readonly pulseMs?: number;
  /** Reads at each of these looks as well, told or not. */
  readonly readAtPulse?: boolean;
  /** The longest wait, in milliseconds, before a lost connection is tried again. */
  readonly maxRetryMs?: number;
}

const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;
/** What arrives within this time is read together. */
const COALESCE_MS = 5;
const PULSE_MS = 15_000;

/**
 * A connection that listens on a channel, replaced when it is lost. It listens first and lets read then,
 * so that a change in between is read twice rather than missed.
 */
export class ChangeListener {
  readonly #database: Database;
  readonly #events: ChangeListenerEvents;
  readonly #channel: string;
  readonly #pulseMs: number;
  readonly #readAtPulse: boolean;
  readonly #maxRetryMs: number;
  #session: Session | undefined;
  #closed = false;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  #pulseTimer: NodeJS.Timeout | undefined;
  #readTimer: NodeJS.Timeout | undefined;
  #told = false;
  /** Reads follow each other, over connections as well. */
  #reading: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(database: Database, events: ChangeListenerEvents, options: ChangeListenerOptions) {
    this.#database = database;
    this.#events = events;
    this.#channel = options.channel;
    this.#pulseMs = options.pulseMs ?? PULSE_MS;
    this.#readAtPulse = options.readAtPulse ?? false;
    this.#maxRetryMs = options.maxRetryMs ?? MAX_RETRY_MS;
  }

  /** True while changes are followed. */
  get fresh(): boolean {
    return this.#session !== undefined;
  }

  /** Listens, reads, and follows from there. @throws Error when the first reading fails */
  async start(): Promise<void> {
    await this.#follow();
  }

  /** Resolves when nothing is being read any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of [this.#retryTimer, this.#pulseTimer, this.#readTimer]) clearTimeout(timer);
    this.#session?.release();
    this.#session = undefined;
    await this.#reading.catch(() => undefined);
  }

  async #follow(): Promise<void> {
    const session = await this.#database.session();
    let broken: Error | undefined;
    try {
      session.onLost((error) => {
        broken = error;
        this.#lost(session, error);
      });
      session.onNotification(() => this.#notified());
      await session.query(`listen ${this.#channel}`);
      this.#told = false;
      await this.#read(true);
      // It may have broken while everything was read over other connections.
      if (broken) throw broken as Error;
      if (this.#closed) throw new Error('the feed is closed');
    } catch (error) {
      session.release();
      throw error;
    }
    this.#session = session;
    this.#retryMs = FIRST_RETRY_MS;
    this.#pulseLater(session);
    this.#readLater();
    this.#events.onFresh?.();
  }

  #read(anew: boolean): Promise<void> {
    const done = this.#reading
      .catch(() => undefined)
      .then(async () => {
        this.#busy = true;
        try {
          await this.#events.read(anew);
        } finally {
          this.#busy = false;
        }
      });
    this.#reading = done;
    return done;
  }

  #notified(): void {
    this.#told = true;
    this.#readLater();
  }

  #readLater(): void {
    if (!this.#session || !this.#told || this.#busy) return;
    this.#readTimer ??= setTimeout(() => {
      this.#readTimer = undefined;
      const session = this.#session;
      if (!session) return;
      this.#told = false;
      this.#read(false).then(
        () => this.#readLater(),
        (error: unknown) => this.#lost(session, asError(error)),
      );
    }, COALESCE_MS);
  }

  /** A connection that nobody closed may still be dead: whoever only listens would wait for ever. */
  #pulseLater(session: Session): void {
    this.#pulseTimer = setTimeout(() => {
      session.query('select 1').then(
        () => {
          if (this.#session !== session) return;
          if (this.#readAtPulse) this.#notified();
          this.#pulseLater(session);
        },
        (error: unknown) => this.#lost(session, asError(error)),
      );
    }, this.#pulseMs);
  }

  #lost(session: Session, error: Error): void {
    if (this.#session !== session || this.#closed) return;
    this.#session = undefined;
    clearTimeout(this.#pulseTimer);
    session.release();
    this.#events.onStale?.(error);
    this.#retry();
  }

  #retry(): void {
    if (this.#closed) return;
    this.#retryTimer = setTimeout(() => {
      this.#follow().catch(() => this.#retry());
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, this.#maxRetryMs);
  }
}
