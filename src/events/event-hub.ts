import { asError } from '../domain';
import type { EventStream, StreamEntry } from '../storage';
import { compareStreamIds, EventStreamReader, isStreamId } from '../storage';
import type { DomainEvent, StreamedEvent } from './domain-event';
import { readEvent, writeEvent } from './domain-event';
import { eventType } from './event-types';
import { Limited } from './limited';
import type { PlacedEvent } from './recent-events';
import { RecentEvents } from './recent-events';

/** Something between two places of the stream may have been missed: undefined where the places are not known. */
export interface Gap {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Whoever is told of everything. Listeners never throw. */
export interface EventListener {
  onEvent(event: StreamedEvent): void;
  onGap?(gap: Gap): void;
  /** Events of other nodes do not come, and those of this node reach nobody else. */
  onStatus?(degraded: boolean): void;
}

export interface EventHubOptions {
  /** Of this start of this node. */
  readonly origin: string;
  /** Events that are kept in memory for those who come back, and their size. */
  readonly maxRecent?: number;
  readonly maxRecentBytes?: number;
  /** Events that may be on their way to the stream at once. */
  readonly maxOnTheWay?: number;
  /** Who comes back from before that reads the stream: so many at once. */
  readonly maxReaders?: number;
  /** Milliseconds between looks whether a stream that took nothing takes something again. */
  readonly retryMs?: number;
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
}

/** Why somebody cannot be told what was missed. */
export type ResumeRefusal = 'unknown' | 'too_old' | 'too_much' | 'unavailable';

export interface Resume {
  /** The last event that is known. */
  readonly after: string;
  /** Most events that are read for it. */
  readonly most: number;
  /** Told of each, in order. */
  tell(event: StreamedEvent): void;
  /** Between pages: resolves when the next one can be told, false when it need not be. */
  ready(): Promise<boolean>;
  /** Called in the same turn in which the last event was told: what is told from then on is not missed. */
  joined(position: string): void;
}

const MAX_RECENT = 20_000;
const MAX_RECENT_BYTES = 16 * 1024 * 1024;
const MAX_ON_THE_WAY = 5_000;
const MAX_READERS = 8;
const RETRY_MS = 250;
/** Events told in one turn to somebody who comes back. */
const PAGE = 500;
/** Calls that are over, and events that were told without the stream: remembered so that none comes late or twice. */
const MAX_REMEMBERED = 20_000;
/** What an event takes in memory besides its text, about. */
const OVERHEAD_BYTES = 400;

/**
 * The events of all nodes at this one: read once of the stream, and handed to everybody here. What happens on
 * this node goes to the stream first and comes back in its place. While the stream is away, listeners are told
 * so, and hear of this node alone; when it is back everybody, on whichever node, hears of the gap.
 */
export class EventHub {
  readonly #stream: EventStream;
  readonly #reader: EventStreamReader;
  readonly #options: EventHubOptions;
  readonly #listeners = new Set<EventListener>();
  readonly #readers: Limited;
  #recent: RecentEvents | undefined;
  #trouble = { reading: true, writing: false };
  #told = false;
  #n = 0;
  #onTheWay = 0;
  /** Behind those, while the stream takes nothing, or not as fast. */
  #waiting: DomainEvent[] = [];
  /** What this node told without the stream: numbers and names, should it come by the stream later. */
  readonly #toldHere = new Remembered<true>();
  /** Where the end of a call lies in the stream; undefined while it was told without a place. */
  readonly #over = new Remembered<string | undefined>();
  #gapFrom: string | undefined;
  #gapDue = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(stream: EventStream, options: EventHubOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#readers = new Limited(options.maxReaders ?? MAX_READERS);
    this.#reader = new EventStreamReader(stream, {
      onEntries: (entries) => {
        for (const entry of entries) this.#take(entry);
      },
      onBegin: (id, lost) => this.#begin(id, lost),
      onTrouble: (error) => this.#noteTrouble('reading', true, error),
    });
  }

  /** The last place of the stream that was read; undefined before it was first reached. */
  get position(): string | undefined {
    return this.#recent?.last;
  }

  get degraded(): boolean {
    return this.#trouble.reading || this.#trouble.writing;
  }

  /** What is held in memory, and who listens: zero and bounded figures that tests and health look at. */
  get figures(): {
    recent: number;
    onTheWay: number;
    waiting: number;
    listeners: number;
    remembered: number;
  } {
    return {
      recent: this.#recent?.size ?? 0,
      onTheWay: this.#onTheWay,
      waiting: this.#waiting.length,
      listeners: this.#listeners.size,
      remembered: this.#toldHere.size + this.#over.size,
    };
  }

  start(): void {
    this.#reader.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#listeners.clear();
    await this.#reader.close();
  }

  /** @returns how to stop */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Something happened on this node. Never throws, and waits for nobody.
   * Of events that come from the outbox this is the word of it while the stream is away; else it is passed over.
   */
  publish(event: DomainEvent): void {
    if (this.#closed) return;
    const { source } = eventType(event.type);
    if (source === 'state') this.#tell({ id: undefined, event });
    else if (source === 'live' || this.#trouble.writing || (this.#trouble.reading && this.#recent)) {
      this.#queue(event);
    }
  }

  /**
   * Tells somebody who comes back what was missed, in order, without gap or repetition.
   * @returns why not; `joined` has not been called then
   */
  async resume(resume: Resume): Promise<ResumeRefusal | undefined> {
    if (!isStreamId(resume.after)) return 'unknown';
    const recent = this.#recent;
    if (!recent) return 'unavailable';
    if (compareStreamIds(resume.after, recent.last) > 0) return 'unknown';
    if (compareStreamIds(resume.after, recent.floor) >= 0)
      return this.#tellRecent(resume, resume.after, resume.most);
    return this.#readers.run(() => this.#tellStored(resume));
  }

  async #tellStored(resume: Resume): Promise<ResumeRefusal | undefined> {
    let at = resume.after;
    let left = resume.most;
    const ends = new Map<string, string>();
    try {
      for (;;) {
        const recent = this.#recent;
        if (!recent || this.#closed) return 'unavailable';
        if (compareStreamIds(at, recent.floor) >= 0) break;
        const entries = await this.#stream.after(at, PAGE);
        if (!entries) return 'too_old';
        left -= entries.length;
        if (left < 0) return 'too_much';
        // What this node has not read yet it tells everybody when it has.
        const last = this.#recent?.last ?? at;
        const before = at;
        for (const entry of entries) {
          if (compareStreamIds(entry.id, last) > 0) break;
          at = entry.id;
          if (entry.kind === 'gap') return 'too_old';
          const event = this.#eventOf(entry, ends);
          if (event) resume.tell({ id: entry.id, event });
        }
        if (at === before) return 'too_old';
        if (!(await resume.ready())) return undefined;
      }
    } catch {
      return 'unavailable';
    }
    return this.#tellRecent(resume, at, left);
  }

  async #tellRecent(resume: Resume, after: string, most: number): Promise<ResumeRefusal | undefined> {
    let at = after;
    let left = most;
    for (;;) {
      const recent = this.#recent;
      if (!recent) return 'unavailable';
      if (compareStreamIds(at, recent.floor) < 0)
        return this.#tellStored({ ...resume, after: at, most: left });
      const page = recent.after(at, PAGE);
      left -= page.length;
      if (left < 0) return 'too_much';
      for (const event of page) resume.tell(event);
      at = page[page.length - 1]?.id ?? at;
      if (page.length < PAGE) {
        resume.joined(recent.last);
        return undefined;
      }
      if (!(await resume.ready())) return undefined;
    }
  }

  /** Behind what is on its way to the stream, and behind what waits for that. */
  #queue(event: DomainEvent): void {
    const most = this.#options.maxOnTheWay ?? MAX_ON_THE_WAY;
    // What is told without the stream is told behind what is on its way.
    const alone = this.#trouble.writing || eventType(event.type).source === 'outbox';
    const free = alone ? this.#onTheWay === 0 : this.#onTheWay < most;
    if (free && this.#waiting.length === 0) this.#send(event);
    else if (this.#waiting.length < most) this.#waiting.push(event);
    // Nobody hears of it, and everybody that there is a gap.
    else this.#noteGap();
  }

  #send(event: DomainEvent): void {
    if (this.#trouble.writing || eventType(event.type).source === 'outbox') {
      this.#tellAlone(event, 0);
      return;
    }
    const n = ++this.#n;
    this.#onTheWay++;
    this.#stream.append('event', writeEvent(event), this.#options.origin, n).then(
      () => this.#arrived(),
      (error: unknown) => {
        this.#noteTrouble('writing', true, asError(error));
        // It may have come as far as the stream: then it is not told again.
        this.#tellAlone(event, n);
        this.#arrived();
      },
    );
  }

  #arrived(): void {
    this.#onTheWay--;
    if (this.#onTheWay > 0 || this.#waiting.length === 0) return;
    for (const event of this.#waiting.splice(0)) this.#queue(event);
  }

  /** Without the stream. */
  #tellAlone(event: DomainEvent, n: number): void {
    this.#noteGap();
    if (this.#closed || this.#isLate(event, undefined)) return;
    if (n > 0) this.#toldHere.add(`#${n}`, true);
    if (eventType(event.type).source === 'outbox') this.#toldHere.add(nameOf(event), true);
    if (event.type === 'call.ended') this.#over.add(event.subject.id, undefined);
    this.#tell({ id: undefined, event });
  }

  #tell(event: StreamedEvent): void {
    for (const listener of this.#listeners) listener.onEvent(event);
  }

  #begin(id: string, lost: boolean): void {
    const from = this.#recent?.last;
    if (!this.#recent || lost) {
      this.#recent = new RecentEvents(
        id,
        this.#options.maxRecent ?? MAX_RECENT,
        this.#options.maxRecentBytes ?? MAX_RECENT_BYTES,
      );
    }
    if (lost) for (const listener of this.#listeners) listener.onGap?.({ from, to: id });
    this.#noteTrouble('reading', false);
  }

  #take(entry: StreamEntry): void {
    const recent = this.#recent;
    if (!recent) return;
    recent.pass(entry.id);
    if (entry.kind === 'gap') {
      // Nobody resumes over it: whoever comes back from before it reads everything anew.
      this.#recent = new RecentEvents(
        entry.id,
        this.#options.maxRecent ?? MAX_RECENT,
        this.#options.maxRecentBytes ?? MAX_RECENT_BYTES,
      );
      for (const listener of this.#listeners)
        listener.onGap?.({ from: entry.text || undefined, to: entry.id });
      return;
    }
    const event = this.#eventOf(entry, undefined);
    if (!event) return;
    const placed: PlacedEvent = { id: entry.id, event };
    recent.add(placed, entry.text.length + OVERHEAD_BYTES);
    const here = entry.origin === this.#options.origin && this.#toldHere.take(`#${entry.n}`);
    if (!here && !this.#toldHere.take(nameOf(event))) this.#tell(placed);
  }

  /**
   * Undefined for what is no event, or comes behind the end of its call.
   * @param ends - of calls, in what is read of the stream again
   */
  #eventOf(entry: StreamEntry, ends: Map<string, string> | undefined): DomainEvent | undefined {
    const event = entry.kind === 'event' ? readEvent(entry.text) : undefined;
    if (!event || this.#isLate(event, entry.id) || (ends?.has(event.subject.id) && isLive(event)))
      return undefined;
    if (event.type !== 'call.ended') return event;
    if (ends) ends.set(event.subject.id, entry.id);
    else this.#over.add(event.subject.id, entry.id);
    return event;
  }

  /** Two ways lead to the stream: what was told of a call as it happened does not come behind its end. */
  #isLate(event: DomainEvent, id: string | undefined): boolean {
    if (!isLive(event) || !this.#over.has(event.subject.id)) return false;
    const end = this.#over.get(event.subject.id);
    return end === undefined || id === undefined || compareStreamIds(id, end) > 0;
  }

  #noteGap(): void {
    if (this.#gapDue) return;
    this.#gapDue = true;
    this.#gapFrom = this.#recent?.last;
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      void this.#tellGap();
    }, this.#options.retryMs ?? RETRY_MS);
    this.#retry.unref();
  }

  /** What this node told alone the others have missed: they hear of it in its place in the stream. Never rejects. */
  async #tellGap(): Promise<void> {
    const from = this.#gapFrom;
    this.#gapDue = false;
    // What happens meanwhile waits, and goes behind the gap.
    this.#onTheWay++;
    try {
      await this.#stream.append('gap', from ?? '', this.#options.origin, 0);
      this.#noteTrouble('writing', false);
    } catch (error) {
      this.#gapDue = true;
      this.#retryLater();
      this.#noteTrouble('writing', true, asError(error));
    }
    this.#arrived();
  }

  #noteTrouble(side: 'reading' | 'writing', yes: boolean, error?: Error): void {
    this.#trouble[side] = yes;
    if (side === 'writing' && yes) this.#noteGap();
    if (this.#closed || this.degraded === this.#told) return;
    this.#told = this.degraded;
    this.#options.onDegraded?.(this.#told, error);
    for (const listener of this.#listeners) listener.onStatus?.(this.#told);
  }
}

/** Events of the outbox are told of a subject once, but for changes of entities. */
function nameOf({ type, subject }: DomainEvent): string {
  return `${type} ${subject.id}`;
}

function isLive({ type, subject }: DomainEvent): boolean {
  return subject.kind === 'call' && eventType(type).source === 'live';
}

/** The last of what was added. */
class Remembered<T> {
  readonly #values = new Map<string, T>();

  get size(): number {
    return this.#values.size;
  }

  add(name: string, value: T): void {
    this.#values.delete(name);
    this.#values.set(name, value);
    if (this.#values.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  get(name: string): T | undefined {
    return this.#values.get(name);
  }

  /** @returns whether it was there */
  take(name: string): boolean {
    return this.#values.delete(name);
  }
}
