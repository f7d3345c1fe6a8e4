import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { ActivityEvent } from '../domain';
import { asError } from '../domain';
import { decodeActivity, encodeActivity } from './activity-codec';

export interface ActivityBusOptions {
  /** Of this start of this node, and of no other: what it told itself is not told to it again. */
  readonly origin: string;
  /** Told of the events of other nodes, and of those of the last hour when it starts. */
  readonly onEvent: (event: ActivityEvent) => void;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Name of the stream. */
  readonly stream?: string;
  /** Milliseconds that events are gathered for before they are told. */
  readonly gatherMs?: number;
  /** Events that may wait for Redis; the oldest go first. */
  readonly maxQueued?: number;
  /** Batches that the stream holds, about. */
  readonly maxBatches?: number;
  /** Milliseconds that a node reads back when it starts. */
  readonly historyMs?: number;
  /** Redis went away, or is back. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
  /** A batch could not be read, or an event could not be taken in: told of, and passed over. */
  readonly onBad?: (error: Error) => void;
}

/** What went over the bus so far, in events. */
export interface ActivityFigures {
  readonly told: number;
  readonly heard: number;
  /** Not told: too many waited. */
  readonly dropped: number;
  readonly waiting: number;
}

const STREAM = 'dce:activity';
const GATHER_MS = 50;
const MAX_QUEUED = 20_000;
const MAX_BATCHES = 100_000;
const HISTORY_MS = 3_600_000;
/** Events in a batch at most. */
const BATCH = 250;
/** Batches read at once. */
const READ_COUNT = 40;
/** A look at a quiet stream waits so long; shorter than a command may take. */
const BLOCK_MS = 400;
/** Events taken in between two turns of the event loop: calls are decided in between. */
const SLICE = 500;
const RETRY_MS = 250;
const TRIM_EVERY_MS = 60_000;
/** Origins whose last batch is remembered, so that a batch that was sent twice counts once. */
const MAX_ORIGINS = 1_024;

type Entry = readonly [id: string, fields: readonly string[]];

/**
 * Tells the other nodes what happened to calls, and hears it of them, by a stream in Redis of a bounded
 * length. Nobody waits for it: while Redis is away this node knows of its own calls alone, up to a
 * bound remembers what it has to tell, and catches up with what the others said when it is back.
 */
export class ActivityBus {
  readonly #writer: Redis;
  readonly #reader: Redis;
  readonly #options: ActivityBusOptions;
  readonly #stream: string;
  readonly #gatherMs: number;
  readonly #lastOf = new Map<string, number>();
  #queue: ActivityEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #sequence = 0;
  /** Of the batch that is being sent; the same when it is sent again. */
  #pending: { readonly events: number; readonly payload: string } | undefined;
  #trimmedAt = 0;
  #position: string;
  #reading: Promise<void> | undefined;
  /** Everything that was there has been read: from here on it is waited for. */
  #upToDate = false;
  #onUpToDate: (() => void) | undefined;
  readonly #stop = new AbortController();
  #closing: Promise<void> | undefined;
  #failed = { writing: false, reading: false };
  #told = 0;
  #heard = 0;
  #dropped = 0;

  /** @param redis - of the node; reading takes a connection of its own */
  constructor(redis: Redis, options: ActivityBusOptions) {
    this.#writer = redis;
    this.#reader = redis.duplicate();
    // Trouble shows in the commands.
    this.#reader.on('error', () => undefined);
    this.#options = options;
    this.#stream = options.stream ?? STREAM;
    this.#gatherMs = options.gatherMs ?? GATHER_MS;
    this.#position = `${Math.max(0, options.now() - (options.historyMs ?? HISTORY_MS))}-0`;
  }

  /** True while Redis does not take or give events. */
  get degraded(): boolean {
    return this.#failed.writing || this.#failed.reading;
  }

  get figures(): ActivityFigures {
    const waiting = this.#queue.length + (this.#pending?.events ?? 0);
    return { told: this.#told, heard: this.#heard, dropped: this.#dropped, waiting };
  }

  /**
   * Reads back the last hour, and hears what comes from then on.
   *
   * @param withinMs - longest it is waited for
   * @returns false when it was not all read by then: it goes on, and what is read late counts all the same
   */
  async start(withinMs: number): Promise<boolean> {
    const all = new Promise<true>((resolve) => {
      this.#onUpToDate = () => resolve(true);
      if (this.#upToDate) resolve(true);
    });
    this.#reading ??= this.#read();
    const enough = new AbortController();
    const late = pause(withinMs, false as const, { signal: enough.signal }).catch(() => false as const);
    const done = await Promise.race([all, late]);
    enough.abort();
    return done;
  }

  /** Something happened to a call here. Never throws, and waits for nobody. */
  publish(event: ActivityEvent): void {
    if (this.#stop.signal.aborted) return;
    this.#queue.push(event);
    const over = this.#queue.length - (this.#options.maxQueued ?? MAX_QUEUED);
    if (over > 0) {
      // A tenth at once: what is shifted out one by one would be moved each time.
      const shed = Math.max(over, Math.ceil(this.#queue.length / 10));
      this.#queue.splice(0, shed);
      this.#dropped += shed;
    }
    this.#sendLater(this.#gatherMs);
  }

  /** Tells what waits, if Redis takes it, and hears nothing any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#reader.disconnect();
    await this.#sending;
    while (this.#queue.length > 0 || this.#pending) if (!(await this.#sendBatch())) break;
    await this.#reading;
  }

  #sendLater(ms: number): void {
    if (this.#timer !== undefined || this.#sending || this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined;
        if (this.#queue.length > 0 || this.#pending)
          this.#sendLater(this.#failed.writing ? RETRY_MS : this.#gatherMs);
      });
    }, ms);
    this.#timer.unref();
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    do if (!(await this.#sendBatch())) return;
    while (this.#queue.length >= BATCH);
  }

  async #sendBatch(): Promise<boolean> {
    if (!this.#pending) {
      const events = this.#queue.splice(0, BATCH);
      if (events.length === 0) return true;
      this.#sequence++;
      this.#pending = { events: events.length, payload: encodeActivity(events) };
    }
    const { events, payload } = this.#pending;
    try {
      const id = await this.#writer.xadd(
        this.#stream,
        'MAXLEN',
        '~',
        this.#options.maxBatches ?? MAX_BATCHES,
        '*',
        ...['o', this.#options.origin, 'q', this.#sequence, 'e', payload],
      );
      this.#pending = undefined;
      this.#told += events;
      this.#noteTrouble('writing', undefined);
      await this.#trim(id);
      return true;
    } catch (error) {
      this.#noteTrouble('writing', asError(error));
      return false;
    }
  }

  /** What is older than a start reads back is of no more use; told by the clock of Redis. */
  async #trim(id: string | null): Promise<void> {
    const at = Number(id?.split('-')[0]);
    if (!(at - this.#trimmedAt >= TRIM_EVERY_MS)) return;
    this.#trimmedAt = at;
    await this.#writer.xtrim(
      this.#stream,
      'MINID',
      '~',
      at - (this.#options.historyMs ?? HISTORY_MS) - TRIM_EVERY_MS,
    );
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    await this.#firstConnected();
    while (!this.#stop.signal.aborted) {
      try {
        const entries = await this.#readBatches();
        this.#noteTrouble('reading', undefined);
        if (entries.length === 0 && !this.#upToDate) {
          this.#upToDate = true;
          this.#onUpToDate?.();
        }
        for (const [id, fields] of entries) {
          await this.#takeIn(fields);
          this.#position = id;
        }
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#noteTrouble('reading', asError(error));
        this.#upToDate = false;
        // A connection that hangs tells nobody: another one is opened.
        if (this.#reader.status === 'ready') this.#reader.disconnect(true);
        await pause(RETRY_MS, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /** The connection is there, or could not be made at once. */
  #firstConnected(): Promise<void> {
    const reader = this.#reader;
    if (reader.status !== 'wait' && reader.status !== 'connecting' && reader.status !== 'connect') {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      reader.once('ready', resolve);
      reader.once('close', resolve);
    });
  }

  async #readBatches(): Promise<readonly Entry[]> {
    const place = ['STREAMS', this.#stream, this.#position] as const;
    const found = this.#upToDate
      ? await this.#reader.xread('COUNT', READ_COUNT, 'BLOCK', BLOCK_MS, ...place)
      : await this.#reader.xread('COUNT', READ_COUNT, ...place);
    return (found as [string, Entry[]][] | null)?.[0]?.[1] ?? [];
  }

  async #takeIn(fields: readonly string[]): Promise<void> {
    const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    const origin = field('o');
    const sequence = Number(field('q'));
    if (origin === this.#options.origin || sequence <= (this.#lastOf.get(origin) ?? 0)) return;
    this.#lastOf.delete(origin);
    this.#lastOf.set(origin, sequence);
    const [oldest] = this.#lastOf.keys();
    if (this.#lastOf.size > MAX_ORIGINS && oldest !== undefined) this.#lastOf.delete(oldest);
    const events = this.#decode(field('e'));
    for (const event of events) {
      try {
        this.#options.onEvent(event);
      } catch (error) {
        this.#options.onBad?.(asError(error));
      }
      this.#heard++;
      if (this.#heard % SLICE === 0) await new Promise((turn) => setImmediate(turn));
    }
  }

  #decode(payload: string): readonly ActivityEvent[] {
    try {
      return decodeActivity(payload);
    } catch (error) {
      this.#options.onBad?.(asError(error));
      return [];
    }
  }

  #noteTrouble(side: 'writing' | 'reading', error: Error | undefined): void {
    const before = this.degraded;
    this.#failed[side] = error !== undefined;
    if (before !== this.degraded) this.#options.onDegraded?.(this.degraded, error);
  }
}
