import { compareStreamIds } from '../storage';
import type { StreamedEvent } from './domain-event';

/** An event that has a place in the stream. */
export interface PlacedEvent extends StreamedEvent {
  readonly id: string;
}

/** Without a gap, everything that was read of the stream behind `floor`: bounded by number and by size. */
export class RecentEvents {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  #events: PlacedEvent[] = [];
  #sizes: number[] = [];
  #first = 0;
  #bytes = 0;
  #floor: string;
  #last: string;

  constructor(floor: string, maxEvents: number, maxBytes: number) {
    this.#floor = floor;
    this.#last = floor;
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
  }

  /** Everything behind this is here. */
  get floor(): string {
    return this.#floor;
  }

  /** How far it goes. */
  get last(): string {
    return this.#last;
  }

  get size(): number {
    return this.#events.length - this.#first;
  }

  /** @param bytes - about what it takes in memory */
  add(event: PlacedEvent, bytes: number): void {
    this.#events.push(event);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    this.#last = event.id;
    while (this.size > this.#maxEvents || (this.#bytes > this.#maxBytes && this.size > 0)) this.#shed();
  }

  /** The stream goes on behind an entry that is no event. */
  pass(id: string): void {
    this.#last = id;
  }

  /** Events behind an id that is not below the floor. */
  after(id: string, most: number): PlacedEvent[] {
    let from = this.#first;
    let to = this.#events.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (compareStreamIds((this.#events[middle] as PlacedEvent).id, id) > 0) to = middle;
      else from = middle + 1;
    }
    return this.#events.slice(from, from + most);
  }

  #shed(): void {
    this.#floor = (this.#events[this.#first] as PlacedEvent).id;
    this.#bytes -= this.#sizes[this.#first] as number;
    this.#first++;
    if (this.#first * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#first);
    this.#sizes = this.#sizes.slice(this.#first);
    this.#first = 0;
  }
}
