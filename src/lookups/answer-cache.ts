import type { LookupFact } from '../domain';

/** An answer of a provider, with when it was given. */
export interface KeptAnswer {
  readonly answer: Exclude<LookupFact['answer'], 'unavailable'>;
  readonly value: string | undefined;
  /** UTC epoch milliseconds. */
  readonly at: number;
}

/** The latest answers, as many as there is room for; the one longest unused goes first. */
export class AnswerCache {
  readonly #maxEntries: number;
  readonly #entries = new Map<string, KeptAnswer>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param since - UTC epoch milliseconds; what is older is not good enough */
  get(key: string, since: number): KeptAnswer | undefined {
    const kept = this.#entries.get(key);
    if (!kept) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, kept);
    return kept.at >= since ? kept : undefined;
  }

  put(key: string, answer: KeptAnswer): void {
    if (this.#maxEntries === 0) return;
    const before = this.#entries.get(key);
    // Answers may come in another order than they were given.
    if (before && before.at > answer.at) return;
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxEntries) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(key, answer);
  }
}
