const FRAME_MS = 20;

/**
 * Has everyone send every 20 ms, each at a time of its own: real peers are not in step, and a
 * machine that sends for hundreds at once would overrun sockets that hold hundreds of packets.
 */
export class Pace {
  readonly #phases: Set<() => void>[] = Array.from({ length: FRAME_MS }, () => new Set());
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  #ticks = 0;
  #next = 0;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), 1);
  }

  /** @returns takes the sender out again */
  add(send: () => void): () => void {
    const phase = this.#phases[this.#next++ % FRAME_MS];
    phase?.add(send);
    return () => phase?.delete(send);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const due = Math.floor(performance.now() - this.#began);
    for (; this.#ticks < due; this.#ticks++) {
      for (const send of this.#phases[this.#ticks % FRAME_MS] ?? []) send();
    }
  }
}
