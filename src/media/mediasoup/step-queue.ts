import { asError } from '../../domain';

/** Steps of one path, one after the other: what is asked of it while it is at work waits. */
export class StepQueue {
  readonly #onFailed: (reason: string) => void;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param onFailed - told why a step failed; the next one is done all the same */
  constructor(onFailed: (reason: string) => void) {
    this.#onFailed = onFailed;
  }

  add(step: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (this.#closed) return;
      try {
        await step();
      } catch (error) {
        if (!this.#closed) this.#onFailed(asError(error).message);
      }
    });
  }

  /** What has not begun is not done any more. */
  close(): void {
    this.#closed = true;
  }
}
