import type { NumberListName, NumberLists, NumberSegment } from '../../market';
import { FlipTable, NumberSet, roomFor } from '../../market';
import { ChangeListener } from '../change-listener';
import type { Database } from '../database';
import type { StoredNumberList } from './number-list-store';
import { DamagedList, NUMBER_LISTS_CHANNEL, NumberListStore } from './number-list-store';

export interface NumberListFeedEvents {
  /** Lists follow the database again, or for the first time. */
  onFresh?(): void;
  /** The database is away: lists stay as they were last known. */
  onStale?(error: Error): void;
  /** Another version of a list is in use, or none any more. */
  onChanged?(name: NumberListName): void;
  /** A version that cannot be used: the one before stays in use. */
  onBadList?(name: NumberListName, error: Error): void;
}

export interface NumberListFeedOptions {
  /** Milliseconds between looks whether the connection that listens still lives, and what is current. */
  readonly pulseMs?: number;
}

const MAX_RETRY_MS = 30_000;
/** Times that a version may be replaced while it is being read, before that is called trouble. */
const MAX_REREADS = 10;

/** Bytes into which any segment of an area code fits. */
const LARGE_SEGMENT = 1_100_000;

/**
 * Keeps the imported lists of this process abreast of those in PostgreSQL. The version in use answers
 * while the next is read, segment by segment: segments that are the same in both are kept, not read, and
 * of any other only what is different is held until the next version is in use.
 */
export class NumberListFeed {
  readonly #database: Database;
  readonly #lists: NumberLists;
  readonly #events: NumberListFeedEvents;
  readonly #listener: ChangeListener;
  /** Versions in use: their id, and the checksums of their segments. */
  readonly #loaded = new Map<NumberListName, { id: number; checksums: ReadonlyMap<number, string> }>();
  /** Versions that turned out damaged: not read again until the connection is another. */
  readonly #damaged = new Set<number>();
  #closed = false;

  constructor(
    database: Database,
    lists: NumberLists,
    events: NumberListFeedEvents = {},
    options: NumberListFeedOptions = {},
  ) {
    this.#database = database;
    this.#lists = lists;
    this.#events = events;
    this.#listener = new ChangeListener(
      database,
      {
        read: (anew) => this.#readAll(anew),
        onFresh: () => events.onFresh?.(),
        onStale: (error) => events.onStale?.(error),
      },
      { ...options, channel: NUMBER_LISTS_CHANNEL, readAtPulse: true, maxRetryMs: MAX_RETRY_MS },
    );
  }

  /** True while the lists follow the database. */
  get fresh(): boolean {
    return this.#listener.fresh;
  }

  /** Loads every current version and follows from there. @throws Error when the database cannot be read */
  start(): Promise<void> {
    return this.#listener.start();
  }

  close(): void {
    this.#closed = true;
    void this.#listener.close();
  }

  async #readAll(anew: boolean): Promise<void> {
    if (anew) this.#damaged.clear();
    for (let rereads = 0; ; rereads++) {
      const current = await new NumberListStore(this.#database).current();
      const names = new Set(current.map(({ list }) => list));
      for (const name of this.#lists.names()) if (!names.has(name)) this.#withdraw(name);
      let gone = false;
      for (const version of current) if (!(await this.#load(version))) gone = true;
      if (!gone) return;
      // A version was replaced twice while it was read, and its segments dropped.
      if (rereads === MAX_REREADS) throw new Error('lists change faster than they can be read');
    }
  }

  #withdraw(name: NumberListName): void {
    this.#lists.withdraw(name);
    this.#loaded.delete(name);
    this.#events.onChanged?.(name);
  }

  /** @returns false when the version went away while it was read */
  async #load(version: StoredNumberList): Promise<boolean> {
    const { id, list: name, asOf } = version;
    if (this.#loaded.get(name)?.id === id || this.#damaged.has(id)) return true;
    try {
      const read = await this.#read(version);
      if (!read) return false;
      if (this.#closed) return true;
      this.#lists.install({ name, version: version.version, asOf, numbers: read.numbers });
      this.#loaded.set(name, { id, checksums: read.checksums });
      this.#events.onChanged?.(name);
      await this.#settle(name);
    } catch (error) {
      if (!(error instanceof DamagedList)) throw error;
      this.#damaged.add(id);
      this.#events.onBadList?.(name, error);
    }
    return true;
  }

  async #read({
    id,
    list,
    entries,
  }: StoredNumberList): Promise<{ numbers: NumberSet; checksums: Map<number, string> } | undefined> {
    const store = new NumberListStore(this.#database);
    const before = this.#lists.version(list)?.numbers;
    const known = this.#loaded.get(list)?.checksums;
    const taking = before && { table: new FlipTable(), memory: new ArrayBuffer(LARGE_SEGMENT) };
    const segments: NumberSegment[] = [];
    const checksums = new Map<number, string>();
    for (const stored of await store.segmentsOf(id)) {
      const { area, sha256 } = stored;
      const kept = known?.get(area) === sha256 ? before?.segment(area) : undefined;
      const segment = kept ?? (await store.segment(id, stored, taking?.memory));
      if (!segment) return undefined;
      if (kept || !taking) segments.push(segment);
      else segments.push(taking.table.asFlips(before?.segment(area), segment) ?? copyOf(segment));
      checksums.set(area, sha256);
    }
    const numbers = new NumberSet(segments);
    if (numbers.size === entries) return { numbers, checksums };
    // Its numbers are dropped when it is retired: then it is current no more.
    const now = await store.currentOf(list);
    if (now?.id !== id) return undefined;
    throw new DamagedList(`${list} ${id} has ${numbers.size} numbers in storage, not ${entries}`);
  }

  /**
   * Makes areas whole that were taken over as what is different; what they say stays the same. Each is
   * made in the memory it lies in, which nobody has any more but the version in use: a garbage collector
   * would let as much pile up as all of them take. Between two areas, whatever else waits has its turn.
   */
  async #settle(name: NumberListName): Promise<void> {
    const table = new FlipTable();
    const areas = this.#lists.version(name)?.numbers.segments.map(({ area }) => area) ?? [];
    for (const area of areas) {
      if (!this.#lists.version(name)?.numbers.segment(area)?.flips) continue;
      await new Promise(setImmediate);
      const version = this.#lists.version(name);
      const segment = version?.numbers.segment(area);
      if (this.#closed || !version || !segment?.flips) return;
      const whole = table.settledInPlace(segment);
      if (whole) this.#lists.install({ ...version, numbers: version.numbers.with(whole) });
    }
  }
}

/** A segment that was read into memory that is used again. */
function copyOf({ area, entries, data }: NumberSegment): NumberSegment {
  const own = new Uint8Array(roomFor(data.length), 0, data.length);
  own.set(data);
  return { area, entries, data: own };
}
