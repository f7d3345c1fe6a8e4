interface Entry {
  /** Monotonic milliseconds. */
  readonly at: number;
  run: (() => void) | undefined;
}

/** Nothing waits longer, so that the timer of the operating system never wraps. */
const MAX_WAIT_MS = 60_000;
/** What is due in less than this is done now: a millisecond early is better than one late. */
const EARLY_MS = 1;

/**
 * Instants at which something must be done, on time also when the event loop is busy: one timer wakes
 * for the earliest, and whoever handles input and output calls {@link poll} first, so that a hundred
 * replies that arrive in one turn of the loop cannot hold back what falls due among them.
 */
export class Deadlines {
  readonly #monotonic: () => number;
  /** A binary heap, earliest first. */
  readonly #heap: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #cancelled = 0;

  /** @param monotonic - milliseconds of a clock that never jumps */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Instants that are waited for. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /**
   * Does something once, at an instant.
   * @returns takes it back; does nothing once it has run
   */
  add(at: number, run: () => void): () => void {
    const entry: Entry = { at, run };
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    this.#arm();
    return () => {
      if (entry.run === undefined) return;
      entry.run = undefined;
      this.#cancelled++;
      if (this.#cancelled > 32 && this.#cancelled * 2 > this.#heap.length) this.#compact();
    };
  }

  /** Does what is due. Costs next to nothing when nothing is. */
  poll(): void {
    for (let first = this.#heap[0]; first; first = this.#heap[0]) {
      const { run } = first;
      if (run !== undefined && first.at > this.#monotonic() + EARLY_MS) break;
      this.#removeFirst();
      if (run === undefined) {
        this.#cancelled--;
        continue;
      }
      first.run = undefined;
      run();
    }
  }

  /** Forgets everything. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    for (const entry of this.#heap) entry.run = undefined;
    this.#heap.length = 0;
    this.#cancelled = 0;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (!first || first.at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = first.at;
    const wait = Math.min(Math.max(0, first.at - this.#monotonic()), MAX_WAIT_MS);
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      try {
        this.poll();
      } finally {
        this.#arm();
      }
    }, wait);
  }

  #compact(): void {
    const live = this.#heap.filter((entry) => entry.run !== undefined).sort((a, b) => a.at - b.at);
    this.#heap.splice(0, this.#heap.length, ...live);
    this.#cancelled = 0;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(index: number): void {
    for (let child = index; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfEarlier(child, parent)) return;
      child = parent;
    }
  }

  #down(index: number): void {
    for (let parent = index; ;) {
      const left = 2 * parent + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && this.#at(right) < this.#at(left) ? right : left;
      if (!this.#swapIfEarlier(child, parent)) return;
      parent = child;
    }
  }

  #at(index: number): number {
    return (this.#heap[index] as Entry).at;
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    if (this.#at(child) >= this.#at(parent)) return false;
    const entry = this.#heap[child] as Entry;
    this.#heap[child] = this.#heap[parent] as Entry;
    this.#heap[parent] = entry;
    return true;
  }
}
