import type { Consent } from '../../domain';
import { asError } from '../../domain';
import type { ConsentSuppressions } from '../../market';
import { ConsentIndex } from '../../market';
import { ChangeListener } from '../change-listener';
import type { Database } from '../database';
import { shortHash } from '../privacy/vault';
import type { Vault } from '../privacy/vault';

/** What a feed fills. */
export interface ConsentMarket {
  readonly consents: ConsentIndex;
  readonly suppressions: ConsentSuppressions;
}

export interface ConsentFeedEvents {
  /** Consents are followed, for the first time or again. */
  onFresh?(): void;
  /** The database is away: consents stay as they were last known. */
  onStale?(error: Error): void;
  /** A consent that cannot be used is left out: a call that needs it is refused. */
  onBadRow?(id: string, error: Error): void;
  /** There is no more room: told once for each reading, with how many were left out. */
  onFull?(left: number): void;
}

export interface ConsentFeedOptions {
  /** Rows read at once. */
  readonly batch?: number;
  /** Milliseconds between looks whether the connection that listens still lives. */
  readonly pulseMs?: number;
  /** Away for longer than this, in milliseconds, everything is read anew. */
  readonly forgetAfterMs?: number;
}

const BATCH = 2_000;
/** Less than removals are remembered for. */
const FORGET_AFTER_MS = 86_400_000;

interface Row {
  readonly id: number;
  readonly at_tx: string;
  readonly at_id: number;
  readonly seller_id: string | null;
  readonly campaign_id: string | null;
  readonly scopes: Consent['scopes'][number][];
  readonly acted_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
  readonly certificate_issuer: NonNullable<Consent['certificate']>['issuer'] | null;
  readonly certificate_id: string | null;
  /** Null when the person's part is gone. */
  readonly number_sealed: Buffer | null;
}

const COLUMNS = `c.id, c.seller_id, c.campaign_id, c.scopes, c.acted_at, c.expires_at, rev.revoked_at,
  d.certificate_issuer, d.certificate_id, s.number_sealed`;
/** A consent as it is now, whichever of its records brought it up. */
const JOINED = `left join consent_subjects s on s.id = d.subject_id and s.erased_at is null
  left join lateral (select min(v.acted_at) as revoked_at from consent_records v where v.revokes = c.id) rev on true`;

/** Where to begin is told of both tables, so that neither is read from its start for each page. */
const READ_ALL = {
  name: 'consent-feed-all',
  text: `select ${COLUMNS}, '0' as at_tx, c.id as at_id from consent_records c
    left join consent_details d on d.record_id = c.id and d.record_id > $1 ${JOINED}
    where c.kind = 'given' and c.id > $1 order by c.id limit $2`,
};
/** Transactions that are to come have no rows yet; such numbers were brought here from another cluster. */
const READ_NEW = {
  name: 'consent-feed-new',
  text: `select ${COLUMNS}, r.tx::text as at_tx, r.id as at_id from (
      select id, tx, coalesce(revokes, id) as consent_id from consent_records
      where (tx, id) > ($1::xid8, $2::bigint) and tx < pg_snapshot_xmax(pg_current_snapshot())
      order by tx, id limit $3) r
    join consent_records c on c.id = r.consent_id left join consent_details d on d.record_id = c.id ${JOINED}
    order by r.tx, r.id`,
};

/**
 * Keeps the consents of a market abreast of PostgreSQL. Transactions end in another order than they
 * begin; so what is read each time is everything of transactions that were under way, or had not begun,
 * when it was read before: some of it twice, none of it never.
 */
export class ConsentFeed {
  readonly #database: Database;
  readonly #market: ConsentMarket;
  readonly #vault: Vault;
  readonly #events: ConsentFeedEvents;
  readonly #batch: number;
  readonly #forgetAfterMs: number;
  readonly #monotonic: () => number;
  readonly #listener: ChangeListener;
  /** Every transaction before this one has been read; undefined before the first load. */
  #seen: string | undefined;
  #readAt = 0;
  #closed = false;

  /** @param monotonic - milliseconds of a clock that never jumps */
  constructor(
    database: Database,
    market: ConsentMarket,
    vault: Vault,
    events: ConsentFeedEvents = {},
    { batch = BATCH, pulseMs, forgetAfterMs = FORGET_AFTER_MS }: ConsentFeedOptions = {},
    monotonic: () => number = () => performance.now(),
  ) {
    this.#database = database;
    this.#market = market;
    this.#vault = vault;
    this.#events = events;
    this.#batch = batch;
    this.#forgetAfterMs = forgetAfterMs;
    this.#monotonic = monotonic;
    market.suppressions.hashBy((number) => shortHash(vault.hashNumber(number)));
    this.#listener = new ChangeListener(
      database,
      {
        read: () => this.#read(),
        ...(events.onFresh ? { onFresh: events.onFresh } : {}),
        ...(events.onStale ? { onStale: events.onStale } : {}),
      },
      { channel: 'consents_changed', ...(pulseMs === undefined ? {} : { pulseMs }) },
    );
  }

  /** True while consents are followed. */
  get fresh(): boolean {
    return this.#listener.fresh;
  }

  /** Loads all consents and follows from there. @throws Error when the first load fails */
  start(): Promise<void> {
    return this.#listener.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#listener.close();
  }

  async #read(): Promise<void> {
    if (this.#seen !== undefined && this.#monotonic() - this.#readAt > this.#forgetAfterMs) {
      this.#seen = undefined;
    }
    const { rows } = await this.#database.query<{ next: string }>(
      'select pg_snapshot_xmin(pg_current_snapshot())::text as next',
    );
    const next = rows[0]?.next ?? '0';
    const left = this.#seen === undefined ? await this.#load(next) : await this.#followUp(this.#seen);
    this.#seen = next;
    this.#readAt = this.#monotonic();
    if (left > 0) this.#events.onFull?.(left);
  }

  /** Everything, and then what changed meanwhile. @returns how many found no room */
  async #load(next: string): Promise<number> {
    const { consents } = this.#market;
    // What is known is good until all is known anew.
    const into = consents.size === 0 ? consents : consents.emptyCopy();
    let left = 0;
    const page = (after: number): Promise<Row[]> => {
      const rows = this.#page({ ...READ_ALL, values: [after, this.#batch] });
      rows.catch(() => undefined);
      return rows;
    };
    for (let rows = await page(0); rows.length > 0;) {
      // The database is at the next page while this one is taken in.
      const following = page(rows.at(-1)?.at_id ?? 0);
      left += this.#take(rows, into);
      rows = await following;
    }
    left += await this.#readNew(next, into);
    await this.#readRemoved(next, into);
    if (into !== consents) consents.adopt(into);
    await this.#readSuppressed('0');
    return left;
  }

  async #followUp(since: string): Promise<number> {
    const { consents } = this.#market;
    const left = await this.#readNew(since, consents);
    await this.#readRemoved(since, consents);
    await this.#readSuppressed(since);
    return left;
  }

  async #readNew(since: string, into: ConsentIndex): Promise<number> {
    let left = 0;
    for (let tx = since, id = 0; ;) {
      const rows = await this.#page({ ...READ_NEW, values: [tx, id, this.#batch] });
      left += this.#take(rows, into);
      const last = rows.at(-1);
      if (!last) return left;
      tx = last.at_tx;
      id = last.at_id;
    }
  }

  async #page(statement: { name: string; text: string; values: unknown[] }): Promise<Row[]> {
    if (this.#closed) throw new Error('the feed is closed');
    return (await this.#database.query<Row>(statement)).rows;
  }

  /** @returns how many found no room */
  #take(rows: readonly Row[], into: ConsentIndex): number {
    let left = 0;
    for (const row of rows) {
      if (row.number_sealed === null) continue;
      try {
        if (!into.upsert(this.#toConsent(row, row.number_sealed))) left++;
      } catch (error) {
        this.#events.onBadRow?.(String(row.id), asError(error));
      }
    }
    return left;
  }

  #toConsent(row: Row, numberSealed: Buffer): Consent {
    return {
      id: String(row.id),
      number: this.#vault.openNumber(numberSealed),
      sellerId: row.seller_id ?? undefined,
      campaignId: row.campaign_id ?? undefined,
      scopes: row.scopes,
      givenAt: row.acted_at,
      expiresAt: row.expires_at ?? undefined,
      revokedAt: row.revoked_at ?? undefined,
      certificate:
        row.certificate_issuer === null
          ? undefined
          : { issuer: row.certificate_issuer, id: row.certificate_id ?? '' },
    };
  }

  /** Of what is gone only the ids are left: all parts are gone through, with other work in between. */
  async #readRemoved(since: string, from: ConsentIndex): Promise<void> {
    const { rows } = await this.#database.query<{ record_id: number }>(
      `select distinct record_id from consent_removals
       where tx >= $1::xid8 and tx < pg_snapshot_xmax(pg_current_snapshot())`,
      [since],
    );
    if (rows.length === 0) return;
    const ids = new Set(rows.map(({ record_id }) => String(record_id)));
    for (let part = 0; part < ConsentIndex.parts; part++) {
      from.removeFrom(part, ids);
      if (part % 8 === 7) await new Promise((done) => setImmediate(done));
    }
  }

  async #readSuppressed(since: string): Promise<void> {
    const { rows } = await this.#database.query<{ number_hash: Buffer; refuses: boolean; ends_at: number }>(
      `select number_hash, refuses_calls as refuses, ends_at from privacy_suppressions
       where $1 = '0' or (tx >= $1::xid8 and tx < pg_snapshot_xmax(pg_current_snapshot()))`,
      [since],
    );
    const { suppressions } = this.#market;
    if (since === '0') suppressions.clear();
    for (const { number_hash, refuses, ends_at } of rows) {
      if (refuses) suppressions.add(shortHash(number_hash), ends_at);
      else suppressions.remove(shortHash(number_hash));
    }
  }
}
