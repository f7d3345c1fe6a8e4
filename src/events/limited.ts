/** So much work at once and no more; the rest waits for its turn. */
export class Limited {
  readonly #most: number;
  readonly #turns: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) await new Promise<void>((turn) => this.#turns.push(turn));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#turns.shift();
      // The place goes from one to the next.
      if (next) next();
      else this.#running--;
    }
  }
}
