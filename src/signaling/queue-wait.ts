import type { Clock } from '../domain';
import type { AgentDesk, AgentRequest, QueuePlace } from './ports';

/** Whoever keeps the caller entertained meanwhile. */
export interface QueueNews {
  /** The caller waits; again whenever its position changes. */
  onQueued(position: number): void;
  /** The wait is over: phones ring, or nobody will. */
  onQueueLeft(): void;
  /** Milliseconds that the caller waits at most, where that is less than the queue allows. */
  readonly maxWaitMs?: number;
}

/** A caller's wait for an agent: one place in the queue, taken when first needed, and one time for all of it. */
export class QueueWait {
  readonly #desk: AgentDesk;
  readonly #order: QueueNews;
  readonly #clock: Clock;
  #place: QueuePlace | undefined;
  #waitedMs = 0;
  #waiting = false;
  #stopped = false;
  /** Ends the wait in hand. */
  #wake: (() => void) | undefined;

  constructor(desk: AgentDesk, order: QueueNews, clock: Clock) {
    this.#desk = desk;
    this.#order = order;
    this.#clock = clock;
  }

  /** Waits for the next turn. `none`: there is no queue, or it is full. */
  async wait(request: AgentRequest): Promise<'turn' | 'timeout' | 'none'> {
    const place = (this.#place ??= await this.#join(request));
    if (!place) return 'none';
    const leftMs = Math.min(place.maxWaitMs, this.#order.maxWaitMs ?? Infinity) - this.#waitedMs;
    // The call may have ended while the place was taken.
    if (this.#stopped || leftMs <= 0) return 'timeout';
    if (!this.#waiting) {
      this.#waiting = true;
      this.#order.onQueued(place.position);
    }
    const startedAt = this.#clock.monotonic();
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), leftMs);
      this.#wake = () => resolve('timeout');
    });
    const result = await Promise.race([place.turn().then(() => 'turn' as const), over]);
    clearTimeout(timer);
    this.#waitedMs += this.#clock.monotonic() - startedAt;
    return result;
  }

  /** Phones ring: the place is kept, since they may not be answered. */
  pause(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#order.onQueueLeft();
  }

  /** The call is over: whoever waits, waits no more. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  leave(): void {
    this.pause();
    this.#place?.leave();
  }

  async #join(request: AgentRequest): Promise<QueuePlace | undefined> {
    const place = await this.#desk.queue(request);
    place?.onPosition((position) => {
      if (this.#waiting) this.#order.onQueued(position);
    });
    return place;
  }
}
