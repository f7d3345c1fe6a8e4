import { asError } from '../domain';
import type { Database } from './database';
import { pruneMarketHistory } from './prune-market-history';

export interface HistoryKeeperOptions {
  /** Days that history goes back. */
  readonly days: number;
  /** Milliseconds from one run to the next. */
  readonly everyMs?: number;
  /** UTC epoch milliseconds. */
  readonly now?: () => number;
  readonly onPruned?: (rows: number) => void;
  readonly onError?: (error: Error) => void;
}

const DAY_MS = 86_400_000;
const EVERY_MS = 6 * 3_600_000;

/** Lets go of market history that is older than it needs to be, from time to time. */
export class MarketHistoryKeeper {
  readonly #database: Database;
  readonly #options: HistoryKeeperOptions;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(database: Database, options: HistoryKeeperOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** Runs at once, and then again and again. */
  start(): void {
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#closed) return;
      this.#timer = setTimeout(() => this.start(), this.#options.everyMs ?? EVERY_MS);
    });
  }

  /** Resolves when nothing of it is under way any more: one batch at most. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Never rejects: what could not be pruned now is pruned later. */
  async #run(): Promise<void> {
    const { days, now = Date.now, onPruned, onError } = this.#options;
    try {
      const { rows } = await pruneMarketHistory(this.#database, {
        before: now() - days * DAY_MS,
        stopped: () => this.#closed,
      });
      if (rows > 0) onPruned?.(rows);
    } catch (error) {
      onError?.(asError(error));
    }
  }
}
