import { asError } from '../domain';
import type { Market, MarketChange, MarketContents, MarketEntities, MarketEntity } from '../market';
import { EMPTY_MARKET } from '../market';
import type { Database, Session } from './database';
import type { EntityStores } from './entity-store';
import { entityStores } from './entity-store';
import { readMarket } from './market-contents';
import { CONTENTS_KEY, MARKET_ENTITIES } from './market-tables';

export interface MarketFeedEvents {
  /** The market follows the database again, or for the first time. */
  onFresh?(): void;
  /** The database is away: the market stays as it was last known. */
  onStale?(error: Error): void;
  /** A row that cannot be used: it is left out, the rest goes on. */
  onBadRow?(entity: MarketEntity, id: string, error: Error): void;
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
/** More changes than this are not worth reading row by row. */
const MAX_PENDING = 10_000;
const PULSE_MS = 15_000;

interface Pending {
  readonly entity: MarketEntity;
  readonly id: string;
}

/**
 * Fills a market from PostgreSQL and keeps it abreast by LISTEN/NOTIFY. Everything is read again when
 * the connection was lost, so no change is missed; reads follow each other, so that an older one never
 * overwrites a newer one.
 */
export class MarketFeed {
  readonly #database: Database;
  readonly #market: Market;
  readonly #events: MarketFeedEvents;
  readonly #stores: EntityStores;
  readonly #pulseMs: number;
  /** The connection that listens, once the market was loaded behind it. */
  #session: Session | undefined;
  #closed = false;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  #pulseTimer: NodeJS.Timeout | undefined;
  #flushTimer: NodeJS.Timeout | undefined;
  readonly #pending = new Map<string, Pending>();
  /** There were more changes than were remembered. */
  #overflown = false;
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
    this.#stores = entityStores(database);
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
      session.onNotification((payload) => this.#notified(payload));
      await session.query(`listen ${CHANNEL}`);
      await this.#flushing;
      this.#load(await this.#readAll());
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

  /** Everything as of one instant. */
  #readAll(): Promise<MarketContents> {
    return this.#database.transaction((tx) => readMarket(tx), 'snapshot');
  }

  #load(contents: MarketContents): void {
    this.#market.load(EMPTY_MARKET);
    for (const entity of MARKET_ENTITIES) {
      for (const value of contents[CONTENTS_KEY[entity]]) this.#upsert(entity, value);
    }
  }

  /** One bad row must not keep the rest of the market out, nor what it said before in. */
  #upsert<E extends MarketEntity>(entity: E, value: MarketEntities[E]): void {
    try {
      this.#market.apply({ entity, op: 'upsert', value } as unknown as MarketChange);
    } catch (error) {
      const { id } = value as unknown as Pending;
      this.#market.apply({ entity, op: 'remove', id });
      this.#events.onBadRow?.(entity, id, asError(error));
    }
  }

  #notified(payload: string | undefined): void {
    const change = readPayload(payload);
    if (!change || this.#overflown) return;
    this.#pending.set(`${change.entity}/${change.id}`, change);
    if (this.#pending.size > MAX_PENDING) {
      this.#pending.clear();
      this.#overflown = true;
    }
    this.#flushLater();
  }

  /** While everything is read anew, changes wait until that is done. */
  #flushLater(): void {
    if (!this.#session || this.#flushing || (this.#pending.size === 0 && !this.#overflown)) return;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      if (this.#session && !this.#flushing) this.#flushing = this.#flush(this.#session);
    }, COALESCE_MS);
  }

  /** Never rejects: what cannot be read one by one is read with everything else. */
  async #flush(session: Session): Promise<void> {
    try {
      while (this.#session === session && (this.#pending.size > 0 || this.#overflown)) {
        const changed = this.#overflown ? await this.#reload() : await this.#readPending();
        this.#events.onChanged?.(changed);
      }
    } catch (error) {
      this.#lost(session, asError(error));
    } finally {
      this.#flushing = undefined;
    }
    this.#flushLater();
  }

  async #reload(): Promise<ReadonlySet<MarketEntity>> {
    this.#overflown = false;
    this.#load(await this.#readAll());
    return ENTITIES;
  }

  async #readPending(): Promise<ReadonlySet<MarketEntity>> {
    const batch = [...this.#pending.values()];
    this.#pending.clear();
    const entities = new Set(batch.map((change) => change.entity));
    for (const entity of entities) {
      const ids = batch.filter((change) => change.entity === entity).map((change) => change.id);
      const rows = await this.#stores[entity].byIds(ids);
      const found = new Set(rows.map((row) => row.id));
      for (const row of rows) this.#upsert(entity, row);
      // An entry of a list is named by its number and source, in the table as in the market.
      for (const id of ids) if (!found.has(id)) this.#market.apply({ entity, op: 'remove', id });
    }
    return entities;
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

function readPayload(payload: string | undefined): Pending | undefined {
  try {
    const { entity, id } = JSON.parse(payload ?? '') as Pending;
    return ENTITIES.has(entity) && typeof id === 'string' ? { entity, id } : undefined;
  } catch {
    return undefined;
  }
}
