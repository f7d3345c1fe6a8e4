/** An agent, and whose it is. */
interface Person {
  readonly agentId: string;
  readonly buyerId: string;
}

/**
 * Who watches, by whom news are for: a change of one agent is not to be held against everybody. Agents see
 * their buyer alone; who is no agent may see several buyers.
 */
export class Audience<T extends object> {
  readonly #persons = new Map<T, Person | undefined>();
  readonly #ofAgent = new Map<string, Set<T>>();
  readonly #ofBuyer = new Map<string, Set<T>>();
  readonly #wide = new Set<T>();

  get size(): number {
    return this.#persons.size;
  }

  /** @param person - undefined for who is no agent */
  add(one: T, person: Person | undefined): void {
    this.#persons.set(one, person);
    if (!person) this.#wide.add(one);
    else {
      put(this.#ofAgent, person.agentId, one);
      put(this.#ofBuyer, person.buyerId, one);
    }
  }

  delete(one: T): void {
    const person = this.#persons.get(one);
    this.#persons.delete(one);
    this.#wide.delete(one);
    if (!person) return;
    take(this.#ofAgent, person.agentId, one);
    take(this.#ofBuyer, person.buyerId, one);
  }

  all(): Iterable<T> {
    return this.#persons.keys();
  }

  /** Who is signed in as the agent. */
  agent(agentId: string): Iterable<T> {
    return this.#ofAgent.get(agentId) ?? [];
  }

  /** The agents of a buyer, and everybody who is no agent. */
  *of(buyerId: string | undefined): Iterable<T> {
    yield* this.#ofBuyer.get(buyerId ?? '') ?? [];
    yield* this.#wide;
  }
}

function put<T>(sets: Map<string, Set<T>>, key: string, one: T): void {
  const set = sets.get(key);
  if (set) set.add(one);
  else sets.set(key, new Set([one]));
}

function take<T>(sets: Map<string, Set<T>>, key: string, one: T): void {
  const set = sets.get(key);
  set?.delete(one);
  if (set?.size === 0) sets.delete(key);
}
