/**
 * Hands out the even ports of a range in turn (RFC 3550 §11), so that one just given back rests as
 * long as possible: late packets of an ended call must not reach the next one.
 */
export class PortAllocator {
  readonly #first: number;
  readonly #count: number;
  readonly #used = new Set<number>();
  #next = 0;

  /**
   * @param first - lowest port, inclusive
   * @param last - highest port, inclusive
   * @throws RangeError when there is no even port between them
   */
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
    for (;;) {
      const port = this.#first + 2 * this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#used.has(port)) continue;
      this.#used.add(port);
      return port;
    }
  }

  give(port: number): void {
    this.#used.delete(port);
  }
}
