import { asError } from '../domain';
import type { Market, MarketEntity } from '../market';
import type { Database, Session } from './database';
import { readMarket } from './market-contents';
import type { OnBadRow } from './market-fill';
import { applyChanges, fillMarket } from './market-fill';
import { changesSince, currentPosition, openMarketEra } from './market-history';
import { readPosition, writePosition } from './market-position';
import { MARKET_ENTITIES } from './market-tables';

export interface MarketFeedEvents {
  /** The market follows the database again, or for the first time. */
  onFresh?(): void;
  /** The database is away: the market stays as it was last known. */
  onStale?(error: Error): void;
  /** A row that cannot be used: it is left out, the rest goes on. */
  onBadRow?: OnBadRow;
  /** Changes were applied. */
  onChanged?(entities: ReadonlySet<MarketEntity>): void;
}

export interface MarketFeedOptions {
  /** Milliseconds between looks whether the connection that listens still lives. */
  readonly pulseMs?: number;
}

const CHANNEL = 'market_changed';
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;
/** Changes that arrive within this time are read together. */
const COALESCE_MS = 5;
/** More changes than this are not worth making one by one. */
const MAX_CHANGES = 10_000;
const PULSE_MS = 15_000;

/**
 * Fills a market from PostgreSQL and keeps it abreast. The market goes from one snapshot of the database
 * to a later one, by what the history says was changed between them, and is therefore always exactly
 * what `market.position` names. Notifications only say that there is something to read. Everything is
 * read again when the connection was lost.
 */
export class MarketFeed {
  readonly #database: Database;
  readonly #market: Market;
  readonly #events: MarketFeedEvents;
  readonly #pulseMs: number;
  /** The connection that listens, once the market was loaded behind it. */
  #session: Session | undefined;
  #closed = false;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  #pulseTimer: NodeJS.Timeout | undefined;
  #flushTimer: NodeJS.Timeout | undefined;
  /** Something was changed since the market was last read. */
  #behind = false;
  #flushing: Promise<void> | undefined;

  constructor(
    database: Database,
    market: Market,
    events: MarketFeedEvents = {},
    { pulseMs = PULSE_MS }: MarketFeedOptions = {},
  ) {
    this.#database = database;
    this.#market = market;
    this.#events = events;
    this.#pulseMs = pulseMs;
  }

  /** True while the market follows the database. */
  get fresh(): boolean {
    return this.#session !== undefined;
  }

  /** Loads everything and follows from there. @throws Error when the first load fails */
  async start(): Promise<void> {
    await this.#follow();
  }

  close(): void {
    this.#closed = true;
    for (const timer of [this.#retryTimer, this.#pulseTimer, this.#flushTimer]) clearTimeout(timer);
    this.#session?.release();
    this.#session = undefined;
  }

  /** LISTEN first, then read: a change in between is read twice rather than missed. */
  async #follow(): Promise<void> {
    const session = await this.#database.session();
    let broken: Error | undefined;
    try {
      session.onLost((error) => {
        broken = error;
        this.#lost(session, error);
      });
      session.onNotification(() => {
        this.#behind = true;
        this.#flushLater();
      });
      await session.query(`listen ${CHANNEL}`);
      await this.#flushing;
      await openMarketEra(this.#database);
      await this.#reload();
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
    this.#flushLater();
    this.#events.onFresh?.();
  }

  /** While everything is read anew, changes wait until that is done. */
  #flushLater(): void {
    if (!this.#session || this.#flushing || !this.#behind) return;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      if (this.#session && !this.#flushing) this.#flushing = this.#flush(this.#session);
    }, COALESCE_MS);
  }

  /** Never rejects: what cannot be read change by change is read with everything else. */
  async #flush(session: Session): Promise<void> {
    try {
      while (this.#session === session && this.#behind) {
        this.#behind = false;
        const changed = (await this.#catchUp()) ?? (await this.#reload());
        this.#events.onChanged?.(changed);
      }
    } catch (error) {
      this.#lost(session, asError(error));
    } finally {
      this.#flushing = undefined;
    }
    this.#flushLater();
  }

  /** @returns undefined when it is too far behind */
  async #catchUp(): Promise<ReadonlySet<MarketEntity> | undefined> {
    const here = readPosition(this.#market.position ?? '');
    if (!here) return undefined;
    const { position, changes } = await changesSince(this.#database, here, MAX_CHANGES);
    if (!changes) return undefined;
    applyChanges(this.#market, changes, this.#events.onBadRow);
    this.#market.position = position;
    return new Set(changes.map(({ entity }) => entity));
  }

  /** Everything as of one instant. */
  async #reload(): Promise<ReadonlySet<MarketEntity>> {
    const { position, contents } = await this.#database.transaction(
      async (tx) => ({ position: await currentPosition(tx), contents: await readMarket(tx) }),
      'snapshot',
    );
    fillMarket(this.#market, contents, this.#events.onBadRow);
    this.#market.position = writePosition(position);
    return ENTITIES;
  }

  /** A connection that nobody closed may still be dead: whoever only listens would wait for ever. */
  #pulseLater(session: Session): void {
    this.#pulseTimer = setTimeout(() => {
      session.query('select 1').then(
        () => {
          if (this.#session === session) this.#pulseLater(session);
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
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}

const ENTITIES: ReadonlySet<MarketEntity> = new Set<MarketEntity>(MARKET_ENTITIES);
