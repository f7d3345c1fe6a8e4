import type { Market, MarketChange, MarketContents, MarketEntity } from '../market';
import type { Database, Session } from './database';
import type { EntityStores } from './entity-store';
import { entityStores } from './entity-store';

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

const CHANNEL = 'market_changed';
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;
/** Changes that arrive within this time are read together. */
const COALESCE_MS = 5;
const MAX_PENDING = 10_000;

interface Pending {
  readonly entity: MarketEntity;
  readonly id: string;
}

/** Fills a market from PostgreSQL and keeps it abreast by LISTEN/NOTIFY. */
export class MarketFeed {
  readonly #database: Database;
  readonly #market: Market;
  readonly #events: MarketFeedEvents;
  readonly #stores: EntityStores;
  #session: Session | undefined;
  #closed = false;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  readonly #pending = new Map<string, Pending>();
  #flushTimer: NodeJS.Timeout | undefined;
  #flushing = false;
  #fresh = false;

  constructor(database: Database, market: Market, events: MarketFeedEvents = {}) {
    this.#database = database;
    this.#market = market;
    this.#events = events;
    this.#stores = entityStores(database);
  }

  /** True while the market follows the database. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Loads everything and follows from there. @throws Error when the first load fails */
  async start(): Promise<void> {
    await this.#follow();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#flushTimer);
    this.#session?.release();
    this.#session = undefined;
  }

  /** LISTEN first, then read: a change in between is read twice rather than missed. */
  async #follow(): Promise<void> {
    const session = await this.#database.session();
    this.#session = session;
    session.onNotification((payload) => this.#notified(payload));
    session.onLost((error) => this.#lost(session, error));
    await session.query(`listen ${CHANNEL}`);
    this.#load(await this.#readAll());
    this.#fresh = true;
    this.#retryMs = FIRST_RETRY_MS;
    this.#events.onFresh?.();
  }

  async #readAll(): Promise<MarketContents> {
    const { account, trunk, number, campaign, buyer, target, bid, dnc } = this.#stores;
    const [accounts, trunks, numbers, campaigns, buyers, targets, bids, entries] = await Promise.all([
      account.all(),
      trunk.all(),
      number.all(),
      campaign.all(),
      buyer.all(),
      target.all(),
      bid.all(),
      dnc.all(),
    ]);
    return { accounts, trunks, numbers, campaigns, buyers, targets, bids, dnc: entries };
  }

  #load(contents: MarketContents): void {
    this.#market.load({
      accounts: [],
      trunks: [],
      numbers: [],
      campaigns: [],
      buyers: [],
      targets: [],
      bids: [],
      dnc: [],
    });
    const put = <E extends MarketEntity>(entity: E, values: Iterable<unknown>): void => {
      for (const value of values)
        this.#apply({ entity, op: 'upsert', value } as unknown as MarketChange, entity, value);
    };
    put('account', contents.accounts);
    put('trunk', contents.trunks);
    put('number', contents.numbers);
    put('campaign', contents.campaigns);
    put('buyer', contents.buyers);
    put('target', contents.targets);
    put('bid', contents.bids);
    put('dnc', contents.dnc);
  }

  /** One bad row must not keep the rest of the market out. */
  #apply(change: MarketChange, entity: MarketEntity, value: unknown): void {
    try {
      this.#market.apply(change);
    } catch (error) {
      const id = (value as { id?: string }).id ?? '';
      this.#events.onBadRow?.(entity, id, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #notified(payload: string | undefined): void {
    const change = readPayload(payload);
    if (!change) return;
    this.#pending.set(`${change.entity}/${change.id}`, change);
    if (this.#pending.size > MAX_PENDING) {
      // More than is worth reading row by row: read everything anew.
      this.#pending.clear();
      void this.#readAll().then(
        (contents) => this.#load(contents),
        (error: unknown) => this.#events.onStale?.(error as Error),
      );
      return;
    }
    if (!this.#flushing) this.#flushTimer ??= setTimeout(() => void this.#flush(), COALESCE_MS);
  }

  async #flush(): Promise<void> {
    this.#flushTimer = undefined;
    this.#flushing = true;
    try {
      while (this.#pending.size > 0 && !this.#closed) {
        const batch = [...this.#pending.values()];
        this.#pending.clear();
        await this.#readBatch(batch);
        this.#events.onChanged?.(new Set(batch.map((change) => change.entity)));
      }
    } catch (error) {
      this.#events.onStale?.(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#flushing = false;
    }
  }

  async #readBatch(batch: readonly Pending[]): Promise<void> {
    for (const entity of new Set(batch.map((change) => change.entity))) {
      const ids = batch.filter((change) => change.entity === entity).map((change) => change.id);
      const rows = await this.#stores[entity].byIds(ids);
      const found = new Set(rows.map((row) => row.id));
      for (const row of rows)
        this.#apply({ entity, op: 'upsert', value: row } as unknown as MarketChange, entity, row);
      // An entry of a list is named by its number and source, in the table as in the market.
      for (const id of ids) if (!found.has(id)) this.#market.apply({ entity, op: 'remove', id });
    }
  }

  #lost(session: Session, error: Error): void {
    if (this.#session !== session || this.#closed) return;
    this.#session = undefined;
    this.#fresh = false;
    this.#events.onStale?.(error);
    this.#retry();
  }

  #retry(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#follow().catch(() => this.#retry());
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}

const ENTITIES = new Set<string>(['account', 'trunk', 'number', 'campaign', 'buyer', 'target', 'bid', 'dnc']);

function readPayload(payload: string | undefined): Pending | undefined {
  try {
    const { entity, id } = JSON.parse(payload ?? '') as { entity: string; id: string };
    return ENTITIES.has(entity) ? { entity: entity as MarketEntity, id } : undefined;
  } catch {
    return undefined;
  }
}
