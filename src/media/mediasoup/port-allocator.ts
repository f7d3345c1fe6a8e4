/** Hands out even RTP ports of a range in turn, so that one just given back rests as long as possible. */
export class PortAllocator {
  readonly #first: number;
  readonly #count: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** @param first - lowest port, inclusive @param last - highest, inclusive */
  constructor(first: number, last: number) {
    this.#first = first + (first % 2);
    this.#count = Math.floor((last - this.#first) / 2) + 1;
    if (this.#count < 1) throw new RangeError(`no RTP port in ${first}-${last}`);
  }

  get used(): number {
    return this.#used.size;
  }

  /** A free port; undefined when all are in use. */
  take(): number | undefined {
    if (this.#used.size >= this.#count) return undefined;
    for (let tries = 0; tries < this.#count; tries++) {
      const port = this.#first + 2 * this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (!this.#used.has(port)) {
        this.#used.add(port);
        return port;
      }
    }
    return undefined;
  }

  give(port: number): void {
    this.#used.delete(port);
  }
}
