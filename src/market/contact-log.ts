import type { E164 } from '../domain';

const WAYS = 8;
/** Contacts of one number that are kept: more than any limit counts to. */
const STAMPS = 16;
const SECOND_MS = 1_000;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const FIRST_SETS = 512;

/**
 * Calls made to each number within 24 hours, to the second and exact as long as there is room: a
 * set-associative table that grows up to a bound, in which a number heard no more for a day gives way first.
 * Beyond the bound the one unheard for longest is forgotten.
 */
export class ContactLog {
  readonly #mostSets: number;
  #sets = FIRST_SETS;
  #numbers = new Float64Array(FIRST_SETS * WAYS);
  /** Seconds since the epoch of the last contacts, a ring for each number; 0 = none. */
  #stamps = new Uint32Array(FIRST_SETS * WAYS * STAMPS);
  #next = new Uint8Array(FIRST_SETS * WAYS);

  /** @param numbers - most numbers remembered; rounded up to a power of two, 73 bytes each once they are there */
  constructor(numbers: number) {
    this.#mostSets = 2 ** Math.max(0, Math.ceil(Math.log2(numbers / WAYS)));
    if (this.#mostSets < this.#sets) this.#allocate(this.#mostSets);
  }

  /** One more contact at an instant, UTC epoch milliseconds. */
  record(number: E164, at: number): void {
    const key = Number(number.slice(1));
    const second = Math.floor(at / SECOND_MS);
    let row = this.#find(key);
    if (row < 0) {
      row = this.#placeFor(key, second);
      this.#numbers[row] = key;
      this.#stamps.fill(0, row * STAMPS, (row + 1) * STAMPS);
      this.#next[row] = 0;
    }
    const next = this.#next[row] as number;
    this.#stamps[row * STAMPS + next] = second;
    this.#next[row] = (next + 1) % STAMPS;
  }

  /**
   * Contacts in the hours before an instant and in its own second; at most 16 are counted.
   * @param hours - 24 at most
   */
  countAt(number: E164, now: number, hours: number): number {
    const row = this.#find(Number(number.slice(1)));
    if (row < 0) return 0;
    // One that is just so old to the second still counts: a limit of the law is not tried to the millisecond.
    const since = Math.floor(now / SECOND_MS) - hours * HOUR_SECONDS;
    let count = 0;
    for (let at = row * STAMPS; at < (row + 1) * STAMPS; at++) {
      if ((this.#stamps[at] as number) >= since && this.#stamps[at] !== 0) count++;
    }
    return count;
  }

  #find(key: number): number {
    const first = this.#setOf(key) * WAYS;
    for (let row = first; row < first + WAYS; row++) if (this.#numbers[row] === key) return row;
    return -1;
  }

  #setOf(key: number): number {
    return (Math.imul((key % 0x7fffffff) ^ (key / 0x10000), 0x9e3779b1) >>> 8) % this.#sets;
  }

  /** A row that is free or was not heard of for a day; the table grows before a number is given up early. */
  #placeFor(key: number, second: number): number {
    for (;;) {
      const first = this.#setOf(key) * WAYS;
      let oldest = first;
      for (let row = first; row < first + WAYS; row++) {
        if (this.#lastOf(row) < this.#lastOf(oldest)) oldest = row;
      }
      if (this.#lastOf(oldest) < second - DAY_SECONDS || this.#sets >= this.#mostSets) return oldest;
      this.#grow();
    }
  }

  #lastOf(row: number): number {
    const newest = ((this.#next[row] as number) + STAMPS - 1) % STAMPS;
    return this.#stamps[row * STAMPS + newest] as number;
  }

  #allocate(sets: number): void {
    this.#sets = sets;
    this.#numbers = new Float64Array(sets * WAYS);
    this.#stamps = new Uint32Array(sets * WAYS * STAMPS);
    this.#next = new Uint8Array(sets * WAYS);
  }

  /** Twice the sets: each one's numbers go to it and its twin, so there is room for all of them. */
  #grow(): void {
    const numbers = this.#numbers;
    const stamps = this.#stamps;
    const next = this.#next;
    this.#allocate(this.#sets * 2);
    for (let row = 0; row < numbers.length; row++) {
      const key = numbers[row] as number;
      if (key === 0) continue;
      const first = this.#setOf(key) * WAYS;
      let to = first;
      while (this.#numbers[to] !== 0) to++;
      this.#numbers[to] = key;
      this.#stamps.set(stamps.subarray(row * STAMPS, (row + 1) * STAMPS), to * STAMPS);
      this.#next[to] = next[row] as number;
    }
  }
}
