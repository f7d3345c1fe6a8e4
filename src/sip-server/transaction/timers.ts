/** Where timers come from, so that tests can turn the clock. Node keeps timers of one duration in one list: cheap. */
export interface Scheduler {
  after(ms: number, action: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The machine's own timers. */
export const systemScheduler: Scheduler = {
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Retransmission intervals that double: T1, 2·T1, 4·T1 … up to a cap (RFC 3261 §17.1.2.1, §17.2.1). */
export class Retransmission {
  readonly #scheduler: Scheduler;
  readonly #action: () => void;
  readonly #cap: number;
  #interval: number;
  #timer: Timer | undefined;

  constructor(scheduler: Scheduler, first: number, cap: number, action: () => void) {
    this.#scheduler = scheduler;
    this.#action = action;
    this.#interval = first;
    this.#cap = cap;
    this.#arm();
  }

  /** Sends at this interval from now on, as non-INVITE requests do once a provisional came. */
  slowTo(interval: number): void {
    this.#interval = interval;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#scheduler.after(this.#interval, () => {
      this.#interval = Math.min(this.#interval * 2, this.#cap);
      this.#arm();
      this.#action();
    });
  }
}
