/**
 * The most frequent keys of each row: Space-Saving (Metwally et al. 2005) with k places. A count is
 * never too low, and too high by no more than its error, which is at most the row's total / k. Every
 * key more frequent than that has a place.
 */
export class SpaceSaving {
  readonly #places: number;
  /** 0 = free. */
  readonly #keys: Float64Array;
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;

  constructor(rows: number, places: number) {
    this.#places = places;
    this.#keys = new Float64Array(rows * places);
    this.#counts = new Float64Array(rows * places);
    this.#errors = new Float64Array(rows * places);
  }

  observe(row: number, key: number): void {
    const first = row * this.#places;
    let least = first;
    for (let at = first; at < first + this.#places; at++) {
      if (this.#keys[at] === key) {
        this.#counts[at] = (this.#counts[at] as number) + 1;
        return;
      }
      if ((this.#counts[at] as number) < (this.#counts[least] as number)) least = at;
    }
    const taken = this.#counts[least] as number;
    this.#keys[least] = key;
    this.#errors[least] = taken;
    this.#counts[least] = taken + 1;
  }

  /** How many there were at most; a key without a place cannot have had more than the least of those that have one. */
  most(row: number, key: number): number {
    const first = row * this.#places;
    let least = Infinity;
    for (let at = first; at < first + this.#places; at++) {
      const count = this.#counts[at] as number;
      if (this.#keys[at] === key) return count;
      if (count < least) least = count;
    }
    return least;
  }

  /** How many there were at least. */
  least(row: number, key: number): number {
    const first = row * this.#places;
    for (let at = first; at < first + this.#places; at++) {
      if (this.#keys[at] === key) return (this.#counts[at] as number) - (this.#errors[at] as number);
    }
    return 0;
  }

  /** Keys of a row that were there at least so many times. */
  keysAbove(row: number, count: number): number {
    const first = row * this.#places;
    let keys = 0;
    for (let at = first; at < first + this.#places; at++) {
      if ((this.#counts[at] as number) - (this.#errors[at] as number) >= count) keys++;
    }
    return keys;
  }

  /** The highest count that is certain. */
  top(row: number): number {
    const first = row * this.#places;
    let top = 0;
    for (let at = first; at < first + this.#places; at++) {
      const count = (this.#counts[at] as number) - (this.#errors[at] as number);
      if (count > top) top = count;
    }
    return top;
  }

  /** Halves every count of a row, so that what was once frequent is forgotten. */
  halve(row: number): void {
    const first = row * this.#places;
    for (let at = first; at < first + this.#places; at++) {
      this.#counts[at] = (this.#counts[at] as number) / 2;
      this.#errors[at] = (this.#errors[at] as number) / 2;
    }
  }

  clear(row: number): void {
    const first = row * this.#places;
    this.#keys.fill(0, first, first + this.#places);
    this.#counts.fill(0, first, first + this.#places);
    this.#errors.fill(0, first, first + this.#places);
  }
}
