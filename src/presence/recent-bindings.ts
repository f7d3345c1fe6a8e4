import type { Binding, BindingStore } from '../signaling';

interface Answer {
  /** Monotonic milliseconds. */
  readonly askedAt: number;
  readonly bindings: Promise<readonly Binding[]>;
}

/** Within so many milliseconds whoever asks for an agent gets one answer. */
const SHARED_MS = 250;
const MAX_ANSWERS = 10_000;

/**
 * The bindings of agents as they were a moment ago, for many who look at the same agents at once: a
 * change that is told of counts at once, one that is not a moment later.
 */
export class RecentBindings {
  readonly #store: BindingStore;
  readonly #now: () => number;
  readonly #answers = new Map<string, Answer>();

  /** @param now - UTC epoch milliseconds */
  constructor(store: BindingStore, now: () => number) {
    this.#store = store;
    this.#now = now;
    store.onChange((agentId) => this.#answers.delete(agentId));
  }

  /** An agent without any is absent. Never rejects. */
  async ofAll(agentIds: readonly string[]): Promise<ReadonlyMap<string, readonly Binding[]>> {
    const all = await Promise.all(agentIds.map(async (id) => [id, await this.#of(id)] as const));
    return new Map(all.filter(([, bindings]) => bindings.length > 0));
  }

  #of(agentId: string): Promise<readonly Binding[]> {
    const known = this.#answers.get(agentId);
    if (known && performance.now() - known.askedAt < SHARED_MS) return known.bindings;
    const bindings = this.#store.of(agentId, this.#now());
    // Who was asked for longest ago stands first.
    this.#answers.delete(agentId);
    this.#answers.set(agentId, { askedAt: performance.now(), bindings });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    return bindings;
  }
}
