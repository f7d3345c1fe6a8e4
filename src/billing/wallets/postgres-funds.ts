import type { Micros } from '../../domain';
import { AppError, asError } from '../../domain';
import type { Database } from '../../storage';
import { isRivalry, isUnavailable, transactionDespiteRivals } from '../../storage';
import type { FundsReply, FundsRequest, HoldingNode, HoldRequest } from './funds-batch';
import { workFunds } from './funds-batch';
import { PostedBefore } from './post-all';

export interface PostgresFundsOptions extends HoldingNode {
  /** Milliseconds in which what comes is put into one transaction; 2 by default. */
  readonly gatherMs?: number;
  /** Requests that may wait; more are refused, releases forgotten. */
  readonly maxWaiting?: number;
  /** Milliseconds after which a release that could not be written is tried again. */
  readonly retryMs?: number;
  /** Something is given back later than it should, or by the sweeper only. */
  readonly onError?: (error: Error) => void;
}

/** More than this is no price of a call: a thousand million units. */
const MAX_AMOUNT = 1_000_000_000_000_000;
const GATHER_MS = 2;
/** Requests in one transaction at most. */
const MAX_BATCH = 100;
const MAX_WAITING = 10_000;
const RETRY_MS = 1_000;
const CLOSING_TRIES = 2;

interface Waiting {
  readonly request: FundsRequest;
  resolve(reply: FundsReply): void;
  reject(error: Error): void;
}

/**
 * The wallets of buyers, by group commit: what all calls of this node ask within some milliseconds is one
 * transaction, and one is under way at a time, so that each is answered in the order in which it came and
 * a call is slowed by the commit alone. A transaction that met rivals is made again; one that failed for
 * what is in it is made again request by request, so that only who is to blame learns of it.
 */
export class PostgresFunds {
  readonly #database: Database;
  readonly #options: PostgresFundsOptions;
  readonly #maxWaiting: number;
  #queue: Waiting[] = [];
  /** Releases that could not be written, and wait for the next try. */
  #later: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #busy: Promise<void> | undefined;
  #closed = false;

  constructor(database: Database, options: PostgresFundsOptions) {
    this.#database = database;
    this.#options = options;
    this.#maxWaiting = options.maxWaiting ?? MAX_WAITING;
  }

  /** Requests that are not answered yet. */
  get waiting(): number {
    return this.#queue.length + this.#later.length;
  }

  /**
   * Sets money aside. The same name again is the same hold.
   * @throws RangeError for an amount that is none
   * @throws Error when the database is away, or too much waits for it: whether it is held nobody knows
   */
  hold(hold: HoldRequest): Promise<FundsReply> {
    assertAmount(hold.amount);
    return this.#ask({ kind: 'hold', hold });
  }

  /**
   * Sets so much aside in all under a name: the first of the amounts that the wallet covers. What is held
   * already is never taken back.
   * @param amounts - micro-units, falling
   * @throws Error as {@link hold}
   */
  extend(id: string, amounts: readonly Micros[]): Promise<FundsReply> {
    for (const amount of amounts) assertAmount(amount);
    return this.#ask({ kind: 'extend', id, amounts });
  }

  /** Gives everything back that is held under a name, however long that takes. A hold that still waits comes to nothing. */
  release(id: string): void {
    const waits = this.#queue.findIndex(({ request }) => request.kind === 'hold' && request.hold.id === id);
    if (waits >= 0) {
      const [withdrawn] = this.#queue.splice(waits, 1);
      withdrawn?.resolve({ ok: false, reason: 'closed' });
      // It may have been there before.
    }
    if (this.#closed || this.waiting >= this.#maxWaiting) {
      this.#options.onError?.(new Error(`too many releases wait: ${id} is left to the sweeper`));
      return;
    }
    this.#queue.push({ request: { kind: 'release', id }, resolve: ignore, reject: ignore });
    this.#schedule();
  }

  /** Writes what waits, if it can be written; the sweeper does the rest. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let tries = 0; tries < CLOSING_TRIES && (this.waiting > 0 || this.#busy); tries++) {
      this.#again();
      clearTimeout(this.#timer);
      do await (this.#busy ?? this.#turn());
      while (this.#queue.length > 0);
    }
    clearTimeout(this.#timer);
    clearTimeout(this.#retryTimer);
    for (const { reject } of this.#queue.splice(0)) reject(unavailable('the wallets are closed'));
  }

  #ask(request: FundsRequest): Promise<FundsReply> {
    return new Promise((resolve, reject) => {
      if (this.#closed) reject(unavailable('the wallets are closed'));
      else if (this.waiting >= this.#maxWaiting) reject(unavailable('too much waits for the wallets'));
      else {
        this.#queue.push({ request, resolve, reject });
        this.#schedule();
      }
    });
  }

  #schedule(): void {
    if (this.#busy || this.#timer) return;
    this.#timer = setTimeout(() => void this.#turn(), this.#options.gatherMs ?? GATHER_MS);
  }

  /** Never rejects. */
  #turn(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#busy = this.#work(this.#queue.splice(0, MAX_BATCH)).finally(() => {
      this.#busy = undefined;
      if (this.#queue.length > 0 && !this.#closed) this.#schedule();
    });
    return this.#busy;
  }

  async #work(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      const replies = await this.#commit(batch.map(({ request }) => request));
      for (const [index, { resolve }] of batch.entries()) resolve(replies[index] as FundsReply);
    } catch (thrown) {
      const error = asError(thrown);
      if (isUnavailable(error)) this.#unavailable(batch, error);
      else if (batch.length > 1) for (const one of batch) await this.#work([one]);
      else {
        batch[0]?.reject(error);
        this.#options.onError?.(error);
      }
    }
  }

  #commit(requests: readonly FundsRequest[]): Promise<FundsReply[]> {
    return transactionDespiteRivals(this.#database, (tx) => workFunds(tx, requests, this.#options), isTaken);
  }

  /** Who waits is told; what is only to be given back is tried again. */
  #unavailable(batch: readonly Waiting[], error: Error): void {
    for (const one of batch) {
      if (one.request.kind === 'release') this.#later.push(one);
      else one.reject(error);
    }
    if (this.#later.length === 0) return;
    this.#options.onError?.(error);
    if (!this.#closed)
      this.#retryTimer ??= setTimeout(() => this.#again(), this.#options.retryMs ?? RETRY_MS);
  }

  #again(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    if (this.#later.length === 0) return;
    this.#queue.unshift(...this.#later.splice(0));
    if (!this.#closed) this.#schedule();
  }
}

function assertAmount(amount: number): void {
  if (!Number.isSafeInteger(amount) || amount <= 0 || amount > MAX_AMOUNT) {
    throw new RangeError(`not an amount to be held: ${amount}`);
  }
}

function unavailable(text: string): AppError {
  return new AppError('unavailable', 'wallets_unavailable', text);
}

/** The same again succeeds: rolled back for a rival, or somebody was quicker with the same. */
function isTaken(error: unknown): boolean {
  return error instanceof PostedBefore || isRivalry(error);
}

function ignore(): void {
  // Nobody waits for it.
}
