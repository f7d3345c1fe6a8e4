import type { Binding, BindingChange, BindingStore, Flow } from './bindings';

export interface LocalBindingsOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds between looks for bindings whose time is over. */
  readonly sweepMs?: number;
}

const SWEEP_MS = 1_000;

/**
 * Bindings in memory: of a node alone, and what a node knows of its own phones while the common store is
 * away. As many as registered agents may have; each goes when its time is over.
 */
export class LocalBindings implements BindingStore {
  readonly #now: () => number;
  readonly #agents = new Map<string, readonly Binding[]>();
  /** What is registered on a connection: of one phone nearly always. */
  readonly #flows = new Map<string, readonly Binding[]>();
  readonly #handlers: ((agentId: string) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  /** Nothing ends before. */
  #firstExpiry = Infinity;

  constructor({ now, sweepMs = SWEEP_MS }: LocalBindingsOptions) {
    this.#now = now;
    this.#timer = setInterval(() => this.sweep(), sweepMs);
    this.#timer.unref();
  }

  /** Agents with a binding. */
  get agents(): number {
    return this.#agents.size;
  }

  /** Of a node alone there is no more to know. */
  get degraded(): boolean {
    return false;
  }

  agentIds(): IterableIterator<string> {
    return this.#agents.keys();
  }

  async of(agentId: string, now: number): Promise<readonly Binding[]> {
    return this.live(agentId, now);
  }

  async ofAll(agentIds: readonly string[], now: number): Promise<ReadonlyMap<string, readonly Binding[]>> {
    const found = agentIds.map((id) => [id, this.live(id, now)] as const);
    return new Map(found.filter(([, bindings]) => bindings.length > 0));
  }

  async apply(
    agentId: string,
    expected: readonly Binding[],
    change: BindingChange,
    now: number,
  ): Promise<boolean> {
    const current = this.live(agentId, now);
    if (!sameBindings(current, expected)) return false;
    this.keep(agentId, changedBindings(current, change));
    this.#tell(agentId);
    return true;
  }

  async drop(binding: Binding): Promise<void> {
    const current = this.#agents.get(binding.agentId) ?? [];
    const left = current.filter((other) => !sameRegistration(other, binding));
    if (left.length === current.length) return;
    this.keep(binding.agentId, left);
    this.#tell(binding.agentId);
  }

  agentOfFlow(flow: Flow, now: number): string | undefined {
    let last: Binding | undefined;
    for (const binding of liveBindings(this.#flows.get(flowName(flow)) ?? [], now)) {
      if (!last || binding.registeredAt >= last.registeredAt) last = binding;
    }
    return last?.agentId;
  }

  /** What is registered on a connection, of whichever agent. */
  onFlow(flow: Flow): readonly Binding[] {
    return this.#flows.get(flowName(flow)) ?? [];
  }

  onChange(handler: (agentId: string) => void): void {
    this.#handlers.push(handler);
  }

  /** Live bindings, the oldest registration first. */
  live(agentId: string, now: number): readonly Binding[] {
    return liveBindings(this.#agents.get(agentId) ?? [], now);
  }

  /** Sets what an agent has, without a word to anybody. */
  keep(agentId: string, bindings: readonly Binding[]): void {
    for (const { flow } of this.#agents.get(agentId) ?? []) {
      const name = flowName(flow);
      const others = (this.#flows.get(name) ?? []).filter((other) => other.agentId !== agentId);
      if (others.length === 0) this.#flows.delete(name);
      else this.#flows.set(name, others);
    }
    if (bindings.length === 0) this.#agents.delete(agentId);
    else this.#agents.set(agentId, bindings);
    for (const binding of bindings) {
      const name = flowName(binding.flow);
      this.#flows.set(name, [...(this.#flows.get(name) ?? []), binding]);
      this.#firstExpiry = Math.min(this.#firstExpiry, binding.expiresAt);
    }
  }

  /** Lets go what is over. */
  sweep(): void {
    const now = this.#now();
    if (now < this.#firstExpiry) return;
    this.#firstExpiry = Infinity;
    const changed: string[] = [];
    for (const [agentId, bindings] of this.#agents) {
      const left = liveBindings(bindings, now);
      if (left.length < bindings.length) {
        this.keep(agentId, left);
        changed.push(agentId);
      }
      for (const { expiresAt } of left) this.#firstExpiry = Math.min(this.#firstExpiry, expiresAt);
    }
    for (const agentId of changed) this.#tell(agentId);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tell(agentId: string): void {
    for (const handler of this.#handlers) handler(agentId);
  }
}

/** Those whose time is not over, the oldest registration first. */
export function liveBindings(bindings: readonly Binding[], now: number): readonly Binding[] {
  if (bindings.every(({ expiresAt }) => expiresAt > now)) return bindings;
  return bindings.filter(({ expiresAt }) => expiresAt > now);
}

/** What bindings are after a change, the oldest registration first. */
export function changedBindings(current: readonly Binding[], { put, remove }: BindingChange): Binding[] {
  const gone = new Set([...remove, ...put.map(({ key }) => key)]);
  return [...current.filter(({ key }) => !gone.has(key)), ...put].sort(
    (a, b) => a.registeredAt - b.registeredAt,
  );
}

/** True when both are of the same REGISTER. */
function sameRegistration(a: Binding, b: Binding): boolean {
  return a.key === b.key && a.callId === b.callId && a.cseq === b.cseq && a.registeredAt === b.registeredAt;
}

function sameBindings(current: readonly Binding[], expected: readonly Binding[]): boolean {
  if (current.length !== expected.length) return false;
  return current.every((binding) => expected.some((other) => sameRegistration(binding, other)));
}

function flowName({ transport, address, port }: Flow): string {
  return `${transport} ${address} ${port}`;
}
