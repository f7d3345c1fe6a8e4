/** The beginning and the end tell most of it. */
const FIRST = 48;
const LAST = 16;

/** The first and the last of many, in their order: what a call keeps of what happens to it, however long it is. */
export class EndsOfMany<T> {
  readonly #first: T[] = [];
  readonly #last: T[] = [];
  #dropped = 0;

  /** In their order. */
  get all(): readonly T[] {
    return [...this.#first, ...this.#last];
  }

  /** Those that did not fit in between. */
  get dropped(): number {
    return this.#dropped;
  }

  add(one: T): void {
    if (this.#first.length < FIRST) this.#first.push(one);
    else if (this.#last.push(one) > LAST) {
      this.#last.shift();
      this.#dropped++;
    }
  }
}
