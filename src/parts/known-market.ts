import type { Redis } from 'ioredis';
import type { ActivityEvent, Clock } from '../domain';
import { FraudState, ModelShelf } from '../fraud';
import { Activity, Market } from '../market';
import type { Database, Vault } from '../storage';
import { ActivityBus, ConsentFeed, MarketFeed, NumberListFeed, tellPastActivity } from '../storage';
import type { Logger } from '../telemetry';

/** Says that a part works in its fallback, or does so no more. */
export type Degraded = (part: string) => (yes: boolean, error?: Error) => void;

export interface KnownMarketParts {
  /** Of this start of this node. */
  readonly bootId: string;
  readonly database: Database;
  readonly redis: Redis;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly degraded: Degraded;
  /** Trunks have changed, or were read for the first time. */
  readonly onTrunks: () => void;
}

const SWEEP_MS = 60_000;
/** Longest a start waits for the news of the last hour. */
const HISTORY_WAIT_MS = 2_000;

/**
 * What a node knows in memory: the market with its lists and consents, which follow the database, and
 * the calls lately, of this node and of the others. Decisions read nothing else.
 */
export class KnownMarket {
  readonly market = new Market();
  readonly activity: Activity;
  readonly fraud = new FraudState();
  readonly shelf: ModelShelf;
  readonly #feed: MarketFeed;
  readonly #consents: ConsentFeed;
  readonly #lists: NumberListFeed;
  readonly #bus: ActivityBus;
  readonly #database: Database;
  readonly #now: () => number;
  readonly #sweep: NodeJS.Timeout;
  /** UTC epoch milliseconds up to which calls were read from the database. */
  #recalledUntil = 0;

  constructor({ bootId, database, redis, vault, clock, log, degraded, onTrunks }: KnownMarketParts) {
    const { market } = this;
    this.#database = database;
    this.#now = () => clock.now();
    const followed = (part: string) => ({
      onFresh: () => degraded(part)(false),
      onStale: (error: Error) => degraded(part)(true, error),
    });
    this.activity = new Activity(market);
    this.shelf = new ModelShelf((id, reason) =>
      log.error({ model: id, reason }, 'a fraud model cannot be used: rules score'),
    );
    this.#feed = new MarketFeed(database, market, {
      ...followed('market'),
      onFresh: () => {
        degraded('market')(false);
        onTrunks();
      },
      onBadRow: (entity, id, error) =>
        log.error({ entity, id, error: error.message }, 'a row cannot be used'),
      onChanged: (entities) => {
        if (entities.has('trunk')) onTrunks();
      },
    });
    this.#consents = new ConsentFeed(database, market, vault, {
      ...followed('consents'),
      onBadRow: (id, error) => log.error({ consent: id, error: error.message }, 'a consent cannot be used'),
      onFull: (left) =>
        log.error({ left }, 'consents do not fit into memory: calls that need them are refused'),
    });
    this.#lists = new NumberListFeed(database, market.lists, {
      ...followed('number_lists'),
      onChanged: (name) => log.info({ list: name }, 'another version of a list of numbers is in use'),
      onBadList: (name, error) =>
        log.error({ list: name, error: error.message }, 'a list of numbers is damaged: the one before stays'),
    });
    this.#bus = new ActivityBus(redis, {
      origin: bootId,
      onEvent: (event) => this.#take(event),
      now: () => clock.now(),
      onDegraded: degraded('activity'),
      onBad: (error) => log.warn({ error: error.message }, 'news of calls of another node cannot be read'),
    });
    this.#sweep = setInterval(() => this.activity.sweep(clock.now()), SWEEP_MS);
  }

  /** True while the market follows the database. */
  get fresh(): boolean {
    return this.#feed.fresh;
  }

  /** Reads everything, and follows from there. @throws Error when it cannot be read */
  async start(): Promise<void> {
    await Promise.all([this.#feed.start(), this.#consents.start(), this.#lists.start()]);
    const now = this.#now();
    await tellPastActivity(this.#database, (event) => this.activity.hear(event), { now });
    this.#recalledUntil = now;
    await this.#bus.start(HISTORY_WAIT_MS);
  }

  /** Something happened to a call of this node: kept here, and told to the others. */
  tell(event: ActivityEvent): void {
    this.#take(event);
    this.#bus.publish(event);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    this.#feed.close();
    await Promise.all([this.#consents.close(), this.#lists.close(), this.#bus.close()]);
  }

  #take(event: ActivityEvent): void {
    // What the database told of at the start is not counted twice.
    if (event.kind !== 'attempt' || event.at >= this.#recalledUntil) this.activity.hear(event);
    if (event.kind === 'attempt') this.fraud.recordAttempt(event);
    else if (event.kind === 'ended') this.fraud.recordEnd(event);
  }
}
