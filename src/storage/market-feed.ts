import type { Market, MarketEntity } from '../market';
import { ChangeListener } from './change-listener';
import type { Database } from './database';
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
/** More changes than this are not worth making one by one. */
const MAX_CHANGES = 10_000;

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
  readonly #listener: ChangeListener;

  constructor(
    database: Database,
    market: Market,
    events: MarketFeedEvents = {},
    options: MarketFeedOptions = {},
  ) {
    this.#database = database;
    this.#market = market;
    this.#events = events;
    this.#listener = new ChangeListener(
      database,
      {
        read: (anew) => (anew ? this.#load() : this.#follow()),
        onFresh: () => events.onFresh?.(),
        onStale: (error) => events.onStale?.(error),
      },
      { ...options, channel: CHANNEL },
    );
  }

  /** True while the market follows the database. */
  get fresh(): boolean {
    return this.#listener.fresh;
  }

  /** Loads everything and follows from there. @throws Error when the first load fails */
  start(): Promise<void> {
    return this.#listener.start();
  }

  close(): void {
    void this.#listener.close();
  }

  async #load(): Promise<void> {
    await openMarketEra(this.#database);
    await this.#reload();
  }

  async #follow(): Promise<void> {
    const changed = (await this.#catchUp()) ?? (await this.#reload());
    this.#events.onChanged?.(changed);
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
}

const ENTITIES: ReadonlySet<MarketEntity> = new Set<MarketEntity>(MARKET_ENTITIES);
