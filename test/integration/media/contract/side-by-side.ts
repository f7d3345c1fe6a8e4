/** How many are begun before their turn: no more than are asked for, where only some of the tests are. */
const AHEAD = 15;

/**
 * Tests that take real time, and have nothing to do with each other: while one is awaited the next ones run already.
 * Each still succeeds or fails under its own name.
 */
export class SideBySide {
  readonly #atOnce: number;
  readonly #bodies: (() => Promise<void>)[] = [];
  readonly #errors = new Map<number, Promise<unknown>>();
  #running = 0;
  #turn = 0;
  #next = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** @returns what the test does in its turn; tests have theirs in the order in which they were added */
  add(body: () => Promise<void>): () => Promise<void> {
    const index = this.#bodies.push(body) - 1;
    return async () => {
      this.#turn = index;
      if (!this.#errors.has(index)) {
        // Those before it that have not begun are not wanted.
        this.#next = index + 1;
        this.#begin(index, body);
      }
      this.#fill();
      const error = await this.#errors.get(index);
      if (error !== undefined) throw error as Error;
    };
  }

  #fill(): void {
    for (; this.#running < this.#atOnce && this.#next <= this.#turn + AHEAD; this.#next++) {
      const body = this.#bodies[this.#next];
      if (!body) return;
      this.#begin(this.#next, body);
    }
  }

  #begin(index: number, body: () => Promise<void>): void {
    this.#running++;
    const outcome = body()
      .then(
        () => undefined,
        (error: unknown) => error ?? new Error('it failed'),
      )
      .finally(() => {
        this.#running--;
        this.#fill();
      });
    this.#errors.set(index, outcome);
  }
}
