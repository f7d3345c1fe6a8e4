import type { PeriodicOptions } from './periodic-job';
import { PeriodicJob } from './periodic-job';

/** What does one kind of work now and again, one run at a time. */
export abstract class RecurringWork {
  readonly #job: PeriodicJob;

  constructor(options: PeriodicOptions) {
    this.#job = new PeriodicJob((stopped) => this.run(stopped), options);
  }

  /** Runs at once, and then again and again. */
  start(): void {
    this.#job.start();
  }

  /** Resolves when nothing of it is under way any more. */
  close(): Promise<void> {
    return this.#job.close();
  }

  /**
   * One run.
   * @param stopped - asked from time to time: whether the run is to stop
   * @throws Error when it could not be done: what it did not do, the next one does
   */
  protected abstract run(stopped: () => boolean): Promise<void>;
}
