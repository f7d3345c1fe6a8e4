import type { Redis } from 'ioredis';

/** What lies in one place of the stream. */
export interface StreamEntry {
  /** `milliseconds-number` of Redis: grows from entry to entry. */
  readonly id: string;
  /** `event`; `gap`: whoever reads may have missed something since `text`; `mark`: nothing. */
  readonly kind: string;
  readonly text: string;
  /** Of the start of a node that told it; empty of what comes from the database. */
  readonly origin: string;
  /** Counts what that start told. */
  readonly n: number;
}

export interface EventStreamOptions {
  /** Name of the stream. */
  readonly stream?: string;
  /** Entries that it holds, about. */
  readonly maxEntries?: number;
  /** Milliseconds that entries are kept, about: they name callers. */
  readonly maxAgeMs?: number;
}

const STREAM = 'dce:events';
const MAX_ENTRIES = 200_000;
const MAX_AGE_MS = 6 * 3_600_000;
const TRIM_EVERY_MS = 60_000;

/** Entries and the note of how far they go, together or not at all; unless somebody else noted more meanwhile. */
const APPEND_NOTED = `
local noted = redis.call('get', KEYS[2]) or ''
if noted ~= ARGV[1] then return 0 end
for i = 4, #ARGV do
  redis.call('xadd', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'k', 'event', 'e', ARGV[i])
end
redis.call('set', KEYS[2], ARGV[2])
return 1`;

type RawEntry = readonly [id: string, fields: readonly string[] | null];

const ID = /^(\d{1,16})-(\d{1,16})$/;

/** True of what can be the id of an entry. */
export function isStreamId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id);
}

/** Order of two ids: below 0 when `a` is earlier. */
export function compareStreamIds(a: string, b: string): number {
  if (a === b) return 0;
  const [, aMs = '', aN = ''] = ID.exec(a) ?? [];
  const [, bMs = '', bN = ''] = ID.exec(b) ?? [];
  return aMs === bMs ? Number(aN) - Number(bN) : Number(aMs) - Number(bMs);
}

/** A stream in Redis of a bounded length: entries are added at its end, and read from anywhere in it. */
export class EventStream {
  readonly name: string;
  readonly #redis: Redis;
  readonly #maxEntries: number;
  readonly #maxAgeMs: number;
  #trimmedAt = 0;

  /** @param redis - of the node; it fails fast while Redis is away */
  constructor(redis: Redis, options: EventStreamOptions = {}) {
    this.#redis = redis;
    this.name = options.stream ?? STREAM;
    this.#maxEntries = options.maxEntries ?? MAX_ENTRIES;
    this.#maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS;
  }

  /** A connection of its own, for who waits for entries. */
  connection(): Redis {
    const redis = this.#redis.duplicate();
    // Trouble shows in the commands.
    redis.on('error', () => undefined);
    return redis;
  }

  /**
   * Adds an entry.
   * @returns its id
   * @throws Error when Redis did not say that it has it: it may have it all the same
   */
  async append(kind: string, text: string, origin: string, n: number): Promise<string> {
    const id = await this.#redis.xadd(
      this.name,
      'MAXLEN',
      '~',
      this.#maxEntries,
      '*',
      ...['k', kind, 'e', text, 'o', origin, 'n', n],
    );
    if (id === null) throw new Error('the stream took no entry');
    this.#trim(id);
    return id;
  }

  /**
   * Adds events, with a note of how far that brings us, in one step.
   * @param expected - the note as it was read; undefined when there was none
   * @returns false when the note has changed since: nothing was added
   */
  async appendNoted(texts: readonly string[], expected: string | undefined, note: string): Promise<boolean> {
    const keys = [this.name, `${this.name}:position`];
    const done = await this.#redis.eval(
      APPEND_NOTED,
      2,
      ...keys,
      expected ?? '',
      note,
      this.#maxEntries,
      ...texts,
    );
    return done === 1;
  }

  /** The note that was added last. */
  async note(): Promise<string | undefined> {
    return (await this.#redis.get(`${this.name}:position`)) ?? undefined;
  }

  /** The last entry there is; in an empty stream it makes one, so that there is always a place to begin at. */
  async last(): Promise<string> {
    const found = (await this.#redis.xrevrange(this.name, '+', '-', 'COUNT', 1)) as RawEntry[];
    return found[0]?.[0] ?? (await this.append('mark', '', '', 0));
  }

  /** Whether an entry is still there: then everything behind it is as well. */
  async has(id: string): Promise<boolean> {
    return ((await this.#redis.xrange(this.name, id, id)) as RawEntry[]).length > 0;
  }

  /**
   * Entries behind an entry, in order.
   * @returns undefined when that entry is not there any more: others behind it may be gone as well
   */
  async after(id: string, count: number): Promise<StreamEntry[] | undefined> {
    const raw = (await this.#redis.xrange(this.name, id, '+', 'COUNT', count + 1)) as RawEntry[];
    return raw[0]?.[0] === id ? entriesOf(raw.slice(1)) : undefined;
  }

  /** Waits for entries behind an id, on a connection of the caller's. */
  async next(connection: Redis, id: string, count: number, waitMs: number): Promise<StreamEntry[]> {
    const found = (await connection.xread('COUNT', count, 'BLOCK', waitMs, 'STREAMS', this.name, id)) as
      [string, RawEntry[]][] | null;
    return entriesOf(found?.[0]?.[1] ?? []);
  }

  /** By the clock of Redis. */
  #trim(id: string): void {
    const at = Number(id.split('-')[0]);
    if (!(at - this.#trimmedAt >= TRIM_EVERY_MS)) return;
    this.#trimmedAt = at;
    // What is not trimmed now is trimmed the next time.
    this.#redis.xtrim(this.name, 'MINID', '~', Math.max(0, at - this.#maxAgeMs)).catch(() => undefined);
  }
}

function entriesOf(raw: readonly RawEntry[]): StreamEntry[] {
  return raw.map(([id, fields]) => {
    const entry = { id, kind: 'mark', text: '', origin: '', n: 0 };
    for (let at = 0; fields && at < fields.length; at += 2) {
      const value = fields[at + 1] ?? '';
      if (fields[at] === 'k') entry.kind = value;
      else if (fields[at] === 'e') entry.text = value;
      else if (fields[at] === 'o') entry.origin = value;
      else if (fields[at] === 'n') entry.n = Number(value);
    }
    return entry;
  });
}
