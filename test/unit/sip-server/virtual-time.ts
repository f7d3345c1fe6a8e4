import type { Scheduler } from '../../../src/sip-server/transaction';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** A clock that only moves when told to. */
export class VirtualTime implements Scheduler {
  now = 0;
  #order = 0;
  readonly #entries = new Set<Entry>();

  after(ms: number, action: () => void): { cancel(): void } {
    if (!(ms >= 0)) throw new Error(`timer of ${ms} ms`);
    const entry = { at: this.now + ms, order: this.#order++, action };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  /** Timers that still run. */
  get running(): number {
    return this.#entries.size;
  }

  /** Moves on by this many milliseconds, and does what falls due, in order. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.#entries].filter((entry) => entry.at <= end).sort(inOrder)[0];
      if (!next) break;
      this.#entries.delete(next);
      this.now = next.at;
      next.action();
    }
    this.now = end;
  }
}

function inOrder(a: Entry, b: Entry): number {
  return a.at - b.at || a.order - b.order;
}
