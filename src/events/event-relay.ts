import { asError } from '../domain';
import type { Database, EventStream, Queryable } from '../storage';
import { writeEvent } from './domain-event';
import type { Window } from './stored-events';
import { forgetNumbers, nowOf, readStored } from './stored-events';

export interface EventRelayOptions {
  /** Milliseconds between looks when nobody says that there is something. */
  readonly everyMs?: number;
  /** Rows of each table in one step. */
  readonly batch?: number;
  readonly onError?: (error: Error) => void;
}

/** How far events of the database were told: the window that is being read, or where the next one begins. */
interface Position {
  /** Grows with every step: of two notes the greater is the truth. */
  readonly n: number;
  /** Of the database. */
  readonly origin: string;
  readonly era: number;
  readonly from: string;
  readonly rest?: Window;
}

const EVERY_MS = 500;
const BATCH = 500;
const WOKEN_MS = 5;
/** How far it is read is noted at least so often, however quiet it is: what lies behind is not looked at again. */
const NOTE_EVERY_MS = 10_000;

const CLAIM = {
  name: 'events-claim',
  text: `select origin, position from event_positions where name = 'stream' for update skip locked`,
};
const NOTE = {
  name: 'events-note',
  text: `update event_positions set position = $1 where name = 'stream'`,
};

/**
 * Brings what the database knows to have happened into the stream: each event once and none not at all, whoever
 * dies. How far it has come is noted twice: in the stream by the step that adds the events, and in the database
 * for a stream that comes back empty. Any number of nodes may run it; one at a time does.
 */
export class EventRelay {
  readonly #database: Database;
  readonly #stream: EventStream;
  readonly #options: EventRelayOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #notedAt = 0;

  constructor(database: Database, stream: EventStream, options: EventRelayOptions = {}) {
    this.#database = database;
    this.#stream = stream;
    this.#options = options;
  }

  start(): void {
    this.wake();
  }

  /** There may be something to tell. */
  wake(): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.run().then(
      () => undefined,
      (error: unknown) => this.#options.onError?.(asError(error)),
    );
    void this.#running.finally(() => {
      this.#running = undefined;
      if (this.#closed) return;
      this.#timer = setTimeout(
        () => this.wake(),
        this.#again ? WOKEN_MS : (this.#options.everyMs ?? EVERY_MS),
      );
      this.#again = false;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /**
   * Tells everything there is.
   * @returns events told; 0 also when another node is at it
   * @throws Error when the database or the stream is away: the next run tells it
   */
  async run(): Promise<number> {
    let told = 0;
    for (;;) {
      const step = await this.#database.transaction((tx) => this.#step(tx));
      told += step.told;
      if (!step.more || this.#closed) return told;
    }
  }

  async #step(tx: Queryable): Promise<{ readonly told: number; readonly more: boolean }> {
    const nothing = { told: 0, more: false };
    const { rows } = await tx.query<{ origin: string; position: Position | null }>(CLAIM);
    const [claim] = rows;
    if (!claim) return nothing;
    const noted = await this.#stream.note();
    const { origin } = claim;
    const position = later(claim.position, readPosition(noted, origin));
    const now = await nowOf(tx);
    if (position?.era !== now.era) {
      // The first run of all, or the first one in a database that was restored elsewhere.
      if (position) await forgetNumbers(tx);
      await this.#note(tx, { n: (position?.n ?? 0) + 1, origin, era: now.era, from: now.snapshot });
      return nothing;
    }
    const window = position.rest ?? {
      era: now.era,
      from: position.from,
      to: now.snapshot,
      outbox: 0,
      history: 0,
    };
    const { events, rest } = await readStored(tx, window, this.#options.batch ?? BATCH);
    const next: Position = { n: position.n + 1, origin, era: now.era, from: window.to };
    const note: Position = rest ? { ...next, from: window.from, rest } : next;
    if (events.length === 0 && !rest && !position.rest) {
      if (performance.now() - this.#notedAt >= NOTE_EVERY_MS) await this.#note(tx, note);
      return nothing;
    }
    const added = await this.#stream.appendNoted(events.map(writeEvent), noted, JSON.stringify(note));
    if (!added) throw new Error('another node has told events meanwhile');
    await this.#note(tx, note);
    return { told: events.length, more: rest !== undefined || position.rest !== undefined };
  }

  async #note(tx: Queryable, position: Position): Promise<void> {
    await tx.query({ ...NOTE, values: [JSON.stringify(position)] });
    this.#notedAt = performance.now();
  }
}

function later(a: Position | null, b: Position | undefined): Position | undefined {
  if (!a || !b) return a ?? b;
  return a.n >= b.n ? a : b;
}

function readPosition(text: string | undefined, origin: string): Position | undefined {
  if (text === undefined) return undefined;
  const position = JSON.parse(text) as Position;
  return position.origin === origin ? position : undefined;
}
