import type { QueuePlace } from '../signaling';
import type { Place } from './queue-lines';

export interface TicketOptions {
  /** From 1. */
  readonly position: number;
  /** Milliseconds that the place may be held. */
  readonly maxWaitMs: number;
  /** UTC epoch milliseconds at which its holder is taken to have forgotten it. */
  readonly givenUpAt: number;
  /** Its holder waits for the turn. */
  readonly onWait: () => void;
  readonly onLeave: () => void;
}

/** A turn that came to nothing does not come again at once. */
const BETWEEN_TURNS_MS = 250;
/** Callers are told of a new position this often at most. */
const BETWEEN_POSITIONS_MS = 500;

/** A caller's place in a queue, as its holder has it. */
export class QueueTicket implements QueuePlace {
  readonly maxWaitMs: number;
  readonly givenUpAt: number;
  readonly #options: TicketOptions;
  readonly #handlers: ((position: number) => void)[] = [];
  #place: Place;
  #position: number;
  #told: number;
  #toldAt = -Infinity;
  #telling: NodeJS.Timeout | undefined;
  #waiter: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #calledAt = -Infinity;
  #left = false;

  constructor(place: Place, options: TicketOptions) {
    this.#place = place;
    this.#options = options;
    this.maxWaitMs = options.maxWaitMs;
    this.givenUpAt = options.givenUpAt;
    this.#position = options.position;
    this.#told = options.position;
  }

  /** What the line is to say of it. */
  get place(): Place {
    return this.#place;
  }

  get position(): number {
    return this.#position;
  }

  get left(): boolean {
    return this.#left;
  }

  onPosition(handler: (position: number) => void): void {
    this.#handlers.push(handler);
  }

  turn(): Promise<void> {
    if (this.#left) return Promise.resolve();
    if (!this.#waiter) {
      let resolve = (): void => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      this.#waiter = { promise, resolve };
      this.#options.onWait();
    }
    return this.#waiter.promise;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    clearTimeout(this.#telling);
    this.#waiter?.resolve();
    this.#waiter = undefined;
    this.#options.onLeave();
  }

  /** It is its turn. @returns milliseconds after which to call again, when it was called just now; 0: it was called, or does not wait */
  call(): number {
    if (!this.#waiter) return 0;
    const left = this.#calledAt + BETWEEN_TURNS_MS - performance.now();
    if (left > 0) return left;
    this.#calledAt = performance.now();
    this.#waiter.resolve();
    this.#waiter = undefined;
    return 0;
  }

  /** Its holder wants an agent again. @returns whether that is news */
  want(): boolean {
    if (this.#place.wants) return false;
    this.#place = { ...this.#place, wants: true };
    return true;
  }

  /** Its holder tried to claim. @returns whether the line is to be told */
  claimed(found: boolean, tried: readonly string[]): boolean {
    const wants = this.#place.wants && !found;
    if (wants === this.#place.wants && tried.length === this.#place.tried.length) return false;
    this.#place = { ...this.#place, wants, tried };
    return true;
  }

  moveTo(position: number): void {
    this.#position = position;
    if (this.#left || this.#told === position) return;
    if (this.#telling !== undefined) return;
    const left = this.#toldAt + BETWEEN_POSITIONS_MS - performance.now();
    if (left <= 0) {
      this.#tell();
      return;
    }
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      if (this.#told !== this.#position) this.#tell();
    }, left);
    this.#telling.unref();
  }

  #tell(): void {
    this.#told = this.#position;
    this.#toldAt = performance.now();
    for (const handler of this.#handlers) handler(this.#position);
  }
}
