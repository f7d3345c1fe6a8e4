import type { E164 } from '../domain';

const WAYS = 8;
const BUCKETS = 60;
const MINUTE_MS = 60_000;

/**
 * Calls of each caller over the last hour, minute by minute, for a bounded number of callers: a
 * set-associative table in which a new caller takes the place of the one unheard for longest.
 */
export class CallerVelocity {
  readonly #sets: number;
  readonly #callers: Float64Array;
  /** The last minute (since the epoch) in which each was heard. */
  readonly #minutes: Float64Array;
  readonly #counts: Uint16Array;

  /** @param callers - most callers remembered; rounded up to a power of two, 140 bytes each */
  constructor(callers: number) {
    this.#sets = 2 ** Math.ceil(Math.log2(Math.max(callers, WAYS) / WAYS));
    const rows = this.#sets * WAYS;
    this.#callers = new Float64Array(rows);
    this.#minutes = new Float64Array(rows);
    this.#counts = new Uint16Array(rows * BUCKETS);
  }

  /** One more call at an instant (UTC epoch milliseconds). Calls more than an hour late are not counted. */
  record(caller: E164, at: number): void {
    const key = Number(caller.slice(1));
    const minute = Math.floor(at / MINUTE_MS);
    let row = this.#find(key);
    if (row < 0) {
      row = this.#evict(key);
      this.#callers[row] = key;
      this.#minutes[row] = minute;
      this.#counts.fill(0, row * BUCKETS, (row + 1) * BUCKETS);
    }
    const last = this.#minutes[row] as number;
    if (minute <= last - BUCKETS) return;
    for (let m = Math.max(last + 1, minute - BUCKETS + 1); m <= minute; m++) {
      this.#counts[row * BUCKETS + (m % BUCKETS)] = 0;
    }
    if (minute > last) this.#minutes[row] = minute;
    const bucket = row * BUCKETS + (minute % BUCKETS);
    this.#counts[bucket] = Math.min((this.#counts[bucket] as number) + 1, 0xffff);
  }

  /** Calls in the sixty minutes up to and with this one. */
  countAt(caller: E164, now: number): number {
    const row = this.#find(Number(caller.slice(1)));
    if (row < 0) return 0;
    const minute = Math.floor(now / MINUTE_MS);
    const last = this.#minutes[row] as number;
    const from = Math.max(minute, last) - BUCKETS + 1;
    let count = 0;
    // Buckets are turned over only when a call comes, so the older ones of a silent caller are passed by.
    for (let m = Math.min(minute, last), bucket = m % BUCKETS; m >= from; m--) {
      count += this.#counts[row * BUCKETS + bucket] as number;
      bucket = bucket === 0 ? BUCKETS - 1 : bucket - 1;
    }
    return count;
  }

  #setOf(key: number): number {
    return Math.imul((key % 0x7fffffff) ^ (key / 0x10000), 0x9e3779b1) >>> 8;
  }

  #find(key: number): number {
    const first = (this.#setOf(key) % this.#sets) * WAYS;
    for (let row = first; row < first + WAYS; row++) if (this.#callers[row] === key) return row;
    return -1;
  }

  #evict(key: number): number {
    const first = (this.#setOf(key) % this.#sets) * WAYS;
    let oldest = first;
    for (let row = first; row < first + WAYS; row++) {
      if (this.#callers[row] === 0) return row;
      if ((this.#minutes[row] as number) < (this.#minutes[oldest] as number)) oldest = row;
    }
    return oldest;
  }
}
