import type { Database } from '../database';
import { RecurringWork } from '../recurring-work';
import { expireCallbacks } from './callbacks';

export interface CallbackKeeperOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds between runs. */
  readonly everyMs?: number;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 60_000;
const BATCH = 500;

/** Ends callbacks whose time is over, and forgets what is long over; any number of nodes may do so. */
export class CallbackKeeper extends RecurringWork {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, { now, everyMs = EVERY_MS, onError }: CallbackKeeperOptions) {
    super({ everyMs, onError });
    this.#database = database;
    this.#now = now;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      const { expired, forgotten } = await expireCallbacks(this.#database, this.#now(), BATCH);
      if (expired < BATCH && forgotten < BATCH) return;
    }
  }
}
