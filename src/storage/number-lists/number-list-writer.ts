import type { NumberListName, NumberSegment } from '../../market';
import type { Database, Session } from '../database';
import { checksumOf, NUMBER_LISTS_CHANNEL } from './number-list-store';
import type { SourceRecord } from './source-files';

/** First half of the advisory locks' keys; the second is the list's. */
const LOCK = 0x0d2c;

export interface NewVersion {
  readonly list: NumberListName;
  readonly kind: 'full' | 'changes';
  readonly asOf: number;
  readonly baseId: number | undefined;
}

/**
 * Writes one list: alone, as long as its connection lives. What another left half done is cleaned away
 * before a new version is begun.
 */
export class NumberListWriter {
  readonly #session: Session;
  readonly #list: NumberListName;
  #lost: Error | undefined;

  private constructor(session: Session, list: NumberListName) {
    this.#session = session;
    this.#list = list;
    session.onLost((error) => {
      this.#lost = error;
    });
  }

  /** @returns undefined when another process writes this list now */
  static async open(database: Database, list: NumberListName): Promise<NumberListWriter | undefined> {
    const session = await database.session(0);
    try {
      const { rows } = await session.query<{ locked: boolean }>(
        'select pg_try_advisory_lock($1, hashtext($2)) as locked',
        [LOCK, list],
      );
      if (rows[0]?.locked === true) return new NumberListWriter(session, list);
    } catch (error) {
      session.release();
      throw error;
    }
    session.release();
    return undefined;
  }

  /** Lets the next one write. Never rejects. */
  async close(): Promise<void> {
    // The connection's end would free it too, but later than whoever waits for this believes.
    const unlock = this.#session.query('select pg_advisory_unlock($1, hashtext($2))', [LOCK, this.#list]);
    await unlock.catch(() => undefined);
    this.#session.release();
  }

  /** Begins a version; it gets its name when it is switched to. @returns its id */
  async begin({ kind, asOf, baseId }: NewVersion): Promise<number> {
    await this.#cleanUp();
    const { rows } = await this.#session.query<{ id: number }>(
      `insert into number_list_versions (list, version, status, kind, base_id, as_of)
       select $1, to_char(clock_timestamp() at time zone 'UTC', '"import of "YYYY-MM-DD"T"HH24:MI:SS.US'),
         'loading', $2, $3, $4
       returning id`,
      [this.#list, kind, baseId ?? null, asOf],
    );
    return rows[0]?.id as number;
  }

  async write(versionId: number, { area, entries, data }: NumberSegment): Promise<void> {
    this.#assertAlive();
    await this.#session.query({
      name: 'number-list-write',
      text: `insert into number_list_segments (version_id, area, entries, sha256, data)
        values ($1, $2, $3, decode($4, 'hex'), $5)`,
      values: [
        versionId,
        area,
        entries,
        checksumOf(data),
        Buffer.from(data.buffer, data.byteOffset, data.length),
      ],
    });
  }

  /** Takes over what changes did not touch, without reading it. */
  async copyOthers(versionId: number, baseId: number, touched: readonly number[]): Promise<void> {
    await this.#session.query(
      `insert into number_list_segments (version_id, area, entries, sha256, data)
       select $1, area, entries, sha256, data from number_list_segments
       where version_id = $2 and area <> all($3)`,
      [versionId, baseId, touched],
    );
  }

  /** Entries and bytes of what was written. */
  async sizeOf(versionId: number): Promise<{ entries: number; bytes: number }> {
    const { rows } = await this.#session.query<{ entries: number; bytes: number }>(
      `select coalesce(sum(entries), 0) as entries, coalesce(sum(length(data)), 0) as bytes
       from number_list_segments where version_id = $1`,
      [versionId],
    );
    return rows[0] as { entries: number; bytes: number };
  }

  /**
   * Makes a version the current one, in one transaction, and tells the nodes. The one that was is kept;
   * older ones keep their row and lose their numbers.
   * @throws Error when the version is no longer being written: somebody took it for a left-over
   */
  async switchTo(
    versionId: number,
    asOf: number,
    sources: readonly SourceRecord[],
    report: object,
  ): Promise<{ readonly version: string; readonly entries: number }> {
    const { entries, bytes } = await this.sizeOf(versionId);
    const version = await this.#inTransaction(async () => {
      const name = await this.#nameFor(asOf);
      await this.#setStatus('previous', 'retired');
      await this.#setStatus('current', 'previous');
      const { rowCount } = await this.#session.query(
        `update number_list_versions set status = 'current', version = $8, loaded_at = now(),
           entries = $3, bytes = $4, as_of = $5, sources = $6, report = $7
         where id = $1 and list = $2 and status = 'loading'`,
        [versionId, this.#list, entries, bytes, asOf, JSON.stringify(sources), JSON.stringify(report), name],
      );
      if (rowCount !== 1) throw new Error(`version ${versionId} is not being loaded any more`);
      await this.#tell();
      return name;
    });
    // It is done: what cannot be dropped now, the next import drops.
    await this.#dropNumbers().catch(() => undefined);
    return { version, entries };
  }

  /** Exchanges the current and the previous version. @returns false when there is no previous one */
  async rollBack(): Promise<boolean> {
    await this.#cleanUp();
    return this.#inTransaction(async () => {
      // Out of the way first: there is never more than one of either.
      await this.#setStatus('current', 'loading');
      const changed = await this.#setStatus('previous', 'current');
      await this.#setStatus('loading', changed ? 'previous' : 'current');
      if (changed) await this.#tell();
      return changed;
    });
  }

  /** Notes why a version came to nothing, and drops what there is of it. */
  async fail(versionId: number, sources: readonly SourceRecord[], report: object): Promise<void> {
    await this.#session.query(
      `update number_list_versions set status = 'failed', sources = $2, report = $3
       where id = $1 and status = 'loading'`,
      [versionId, JSON.stringify(sources), JSON.stringify(report)],
    );
    await this.#dropNumbers();
  }

  /** `2026-11-20`; the second of a day is `2026-11-20.2`. */
  async #nameFor(asOf: number): Promise<string> {
    const day = new Date(asOf).toISOString().slice(0, 10);
    const { rows } = await this.#session.query<{ n: number }>(
      `select count(*) as n from number_list_versions
       where list = $1 and (version = $2 or version like $2 || '.%')`,
      [this.#list, day],
    );
    const before = rows[0]?.n ?? 0;
    return before === 0 ? day : `${day}.${before + 1}`;
  }

  /** Whoever holds the lock is the only one who loads: any other version that does was left behind. */
  async #cleanUp(): Promise<void> {
    await this.#session.query(
      `update number_list_versions
       set status = 'failed', report = report || '{"problem": "the import ended before it was done"}'
       where list = $1 and status = 'loading'`,
      [this.#list],
    );
    await this.#dropNumbers();
  }

  async #dropNumbers(): Promise<void> {
    await this.#session.query(
      `delete from number_list_segments s using number_list_versions v
       where s.version_id = v.id and v.list = $1 and v.status in ('retired', 'failed')`,
      [this.#list],
    );
  }

  async #setStatus(from: string, to: string): Promise<boolean> {
    const { rowCount } = await this.#session.query(
      'update number_list_versions set status = $3 where list = $1 and status = $2',
      [this.#list, from, to],
    );
    return (rowCount ?? 0) > 0;
  }

  async #tell(): Promise<void> {
    await this.#session.query('select pg_notify($1, $2)', [NUMBER_LISTS_CHANNEL, this.#list]);
  }

  async #inTransaction<T>(work: () => Promise<T>): Promise<T> {
    this.#assertAlive();
    await this.#session.query('begin');
    try {
      const result = await work();
      await this.#session.query('commit');
      return result;
    } catch (error) {
      await this.#session.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  #assertAlive(): void {
    if (this.#lost) throw this.#lost;
  }
}
