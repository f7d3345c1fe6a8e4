import { ChangeListener } from '../change-listener';
import type { Database } from '../database';

/** A version of a plan that was published. */
export interface PublishedDialplan {
  readonly id: string;
  /** Whose numbers take it; undefined: the exchange's, for any number and campaign. */
  readonly accountId: string | undefined;
  readonly name: string;
  /** Of the version, from 1. */
  readonly number: number;
  readonly yaml: string;
}

export interface DialplanFeedEvents {
  /** Every plan that is live, as of one instant: at first, and whenever that is another. */
  onPlans(plans: readonly PublishedDialplan[]): Promise<void>;
  /** Plans follow the database again, or for the first time. */
  onFresh?(): void;
  /** The database is away: plans stay as they were last known. */
  onStale?(error: Error): void;
}

export interface DialplanFeedOptions {
  /** Milliseconds between looks whether the connection that listens still lives, and what is live. */
  readonly pulseMs?: number;
}

/** Plans that a node takes at most: of those of the largest ids it hears nothing. */
const MOST_PLANS = 20_000;

type Row = Omit<PublishedDialplan, 'accountId' | 'yaml'> & {
  readonly accountId: string | null;
  readonly yaml: string | null;
};

/** Tells a node of the plans that are live in PostgreSQL, and of every publication. Texts are read once. */
export class DialplanFeed {
  readonly #database: Database;
  readonly #events: DialplanFeedEvents;
  readonly #listener: ChangeListener;
  #known: ReadonlyMap<string, PublishedDialplan> = new Map();

  constructor(database: Database, events: DialplanFeedEvents, options: DialplanFeedOptions = {}) {
    this.#database = database;
    this.#events = events;
    this.#listener = new ChangeListener(
      database,
      {
        read: () => this.#read(),
        onFresh: () => events.onFresh?.(),
        onStale: (error) => events.onStale?.(error),
      },
      { ...options, channel: 'dialplans_changed', readAtPulse: true },
    );
  }

  /** True while plans follow the database. */
  get fresh(): boolean {
    return this.#listener.fresh;
  }

  /** Reads what is live, and follows from there. @throws Error when it cannot be read */
  start(): Promise<void> {
    return this.#listener.start();
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  /**
   * Versions of a plan that were live before, those lately published first.
   * @param than - the version that is not wanted
   */
  async before(id: string, than: number): Promise<Pick<PublishedDialplan, 'number' | 'yaml'>[]> {
    const { rows } = await this.#database.query<Pick<PublishedDialplan, 'number' | 'yaml'>>(
      `select number, yaml from dialplan_versions where dialplan_id = $1 and number <> $2 and published_at is not null
       order by published_at desc, number desc limit 5`,
      [id, than],
    );
    return rows;
  }

  async #read(): Promise<void> {
    const known = [...this.#known.values()];
    const { rows } = await this.#database.query<Row>({
      name: 'dialplans-live',
      text: `select d.id, d.account_id as "accountId", d.name, d.live as number,
          case when k.id is null then v.yaml end as yaml
        from dialplans d join dialplan_versions v on v.dialplan_id = d.id and v.number = d.live
        left join unnest($1::text[], $2::integer[]) as k (id, number) on k.id = d.id and k.number = d.live
        where d.live is not null order by d.id limit $3`,
      values: [known.map(({ id }) => id), known.map(({ number }) => number), MOST_PLANS],
    });
    const live = new Map<string, PublishedDialplan>();
    for (const { accountId, yaml, ...row } of rows) {
      const before = this.#known.get(row.id);
      const text = yaml ?? before?.yaml;
      if (text !== undefined) live.set(row.id, { ...row, accountId: accountId ?? undefined, yaml: text });
    }
    if (rows.length === known.length && rows.every(({ yaml }) => yaml === null) && known.length > 0) return;
    await this.#events.onPlans([...live.values()]);
    // Only now: what could not be taken is told of again.
    this.#known = live;
  }
}
