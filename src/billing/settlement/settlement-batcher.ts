import { asError } from '../../domain';
import type { Settled, SettlementOutcome } from './settle-batch';

export interface BatcherLimits {
  /** Calls of a batch. */
  readonly maxCalls: number;
  /** Batches under way at once. */
  readonly maxBatches: number;
  /** Milliseconds for which the first call of a batch waits for others. */
  readonly gatherMs: number;
}

/**
 * One batch writes while the next one reads; more would wait for each other at the ledger. A batch is as
 * large as helps, and small enough that what comes apart is settled one by one in no time.
 */
const BATCHER_LIMITS: BatcherLimits = { maxCalls: 64, maxBatches: 2, gatherMs: 3 };

interface Waiting {
  readonly promise: Promise<SettlementOutcome>;
  readonly resolve: (outcome: SettlementOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** Gathers calls that come within a few milliseconds and has them settled together. */
export class SettlementBatcher {
  readonly #settle: (callIds: readonly string[]) => Promise<ReadonlyMap<string, Settled>>;
  readonly #limits: BatcherLimits;
  #gathering = new Map<string, Waiting>();
  readonly #underWay = new Map<string, Waiting>();
  #batches = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The first of those that gather has waited long enough. */
  #due = false;

  /** @param settle - says of each call what became of it; what it does not name, or when it rejects, has failed */
  constructor(
    settle: (callIds: readonly string[]) => Promise<ReadonlyMap<string, Settled>>,
    limits: BatcherLimits = BATCHER_LIMITS,
  ) {
    this.#settle = settle;
    this.#limits = limits;
  }

  /**
   * Settles a call with others. Asked twice for the same call, it settles it once. How many wait is
   * bounded by whoever asks.
   * @throws Error of this call
   */
  settle(callId: string): Promise<SettlementOutcome> {
    const known = this.#underWay.get(callId) ?? this.#gathering.get(callId);
    if (known) return known.promise;
    let resolve!: Waiting['resolve'];
    let reject!: Waiting['reject'];
    const promise = new Promise<SettlementOutcome>((resolved, rejected) => {
      resolve = resolved;
      reject = rejected;
    });
    this.#gathering.set(callId, { promise, resolve, reject });
    this.#wait();
    this.#begin();
    return promise;
  }

  /** Gives the others their time to come. */
  #wait(): void {
    this.#timer ??= setTimeout(() => {
      this.#due = true;
      this.#begin();
    }, this.#limits.gatherMs);
  }

  #begin(): void {
    const { maxCalls, maxBatches } = this.#limits;
    while (
      this.#gathering.size > 0 &&
      this.#batches < maxBatches &&
      (this.#due || this.#gathering.size >= maxCalls)
    ) {
      const batch = [...this.#gathering].slice(0, maxCalls);
      for (const [callId] of batch) this.#gathering.delete(callId);
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#due = false;
      if (this.#gathering.size > 0) this.#wait();
      void this.#run(batch);
    }
  }

  /** Never rejects. */
  async #run(batch: readonly [string, Waiting][]): Promise<void> {
    this.#batches++;
    for (const [callId, waiting] of batch) this.#underWay.set(callId, waiting);
    let results: ReadonlyMap<string, Settled> = new Map();
    let failure = new Error('nobody settled it');
    try {
      results = await this.#settle(batch.map(([callId]) => callId));
    } catch (error) {
      failure = asError(error);
    }
    this.#batches--;
    for (const [callId, { resolve, reject }] of batch) {
      this.#underWay.delete(callId);
      const settled = results.get(callId);
      if (settled?.ok) resolve(settled.outcome);
      else reject(settled?.error ?? failure);
    }
    this.#begin();
  }
}
