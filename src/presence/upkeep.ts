import { RecurringWork } from '../storage';

/** Says again and again what this node holds, and lets lapse what nobody holds any more. */
export class Upkeep extends RecurringWork {
  readonly #work: readonly (() => Promise<void>)[];

  constructor(
    work: readonly (() => Promise<void>)[],
    everyMs: number,
    onError: ((error: Error) => void) | undefined,
  ) {
    super({ everyMs, onError });
    this.#work = work;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    for (const work of this.#work) if (!stopped()) await work();
  }
}
