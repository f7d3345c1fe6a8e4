import { asError } from '../domain';

export interface PeriodicOptions {
  /** Milliseconds from the end of one run to the next. */
  readonly everyMs: number;
  /** A run failed; what it did not do, the next one does. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** Work that is done now and again, one run at a time. */
export class PeriodicJob {
  readonly #run: (stopped: () => boolean) => Promise<void>;
  readonly #options: PeriodicOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param run - one run; asks from time to time whether it is to stop */
  constructor(run: (stopped: () => boolean) => Promise<void>, options: PeriodicOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Runs at once, and then again and again. */
  start(): void {
    this.#running = this.#run(() => this.#closed)
      .catch((error: unknown) => this.#options.onError?.(asError(error)))
      .finally(() => {
        this.#running = undefined;
        if (!this.#closed) this.#timer = setTimeout(() => this.start(), this.#options.everyMs);
      });
  }

  /** Resolves when nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
