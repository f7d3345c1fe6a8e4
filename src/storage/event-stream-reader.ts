import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { asError } from '../domain';
import type { EventStream, StreamEntry } from './event-stream';

export interface EventStreamReaderEvents {
  /** Entries in their order, each once. */
  onEntries(entries: readonly StreamEntry[]): void;
  /**
   * Reading begins at an entry, and everything behind it is read.
   * @param lost - the stream does not go back any more to where reading had been: something was missed
   */
  onBegin(id: string, lost: boolean): void;
  onTrouble(error: Error): void;
}

/** Entries read at once. */
const COUNT = 500;
/** A look at a quiet stream waits so long; shorter than a command may take. */
const BLOCK_MS = 400;
const RETRY_MS = 250;

/** Follows the stream from where it ends now, through every loss of the connection. */
export class EventStreamReader {
  readonly #stream: EventStream;
  readonly #events: EventStreamReaderEvents;
  readonly #connection: Redis;
  readonly #stop = new AbortController();
  #position: string | undefined;
  #reading: Promise<void> | undefined;

  constructor(stream: EventStream, events: EventStreamReaderEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#connection = stream.connection();
  }

  start(): void {
    this.#reading ??= this.#read();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#connection.disconnect();
    await this.#reading;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    let sure = false;
    while (!this.#stop.signal.aborted) {
      try {
        if (!sure) {
          await this.#begin();
          sure = true;
        }
        const entries = await this.#stream.next(this.#connection, this.#position ?? '$', COUNT, BLOCK_MS);
        const last = entries[entries.length - 1];
        if (!last || this.#stop.signal.aborted) continue;
        this.#position = last.id;
        this.#events.onEntries(entries);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        sure = false;
        this.#events.onTrouble(asError(error));
        // A connection that hangs tells nobody: another one is opened.
        if (this.#connection.status === 'ready') this.#connection.disconnect(true);
        await pause(RETRY_MS, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /** A Redis that comes back may have forgotten what was in it, or the last of it. */
  async #begin(): Promise<void> {
    const before = this.#position;
    if (before !== undefined && (await this.#stream.has(before))) {
      this.#events.onBegin(before, false);
      return;
    }
    this.#position = await this.#stream.last();
    this.#events.onBegin(this.#position, before !== undefined);
  }
}
