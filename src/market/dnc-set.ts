import type { DncEntry, E164 } from '../domain';
import { digitsOf } from './number-place';

/** Bits of {@link DncLookup.sourcesOf}. */
export const DNC_SOURCES = { internal: 1, national: 2, state: 4, litigator: 8 } as const;

/**
 * What the decision asks of do-not-call lists. A memory-mapped or bit-packed set of hundreds of
 * millions of numbers can stand behind the same question.
 */
export interface DncLookup {
  /** Bits of {@link DNC_SOURCES}: the lists that name this number now; 0 when none does. */
  sourcesOf(number: E164, now: number): number;
}

const MIN_CAPACITY = 1_024;
const MAX_LOAD = 0.6;

/**
 * Numbers and the lists that name them: open addressing over their digits as integers (at most 15
 * digits, so exact in a double), 9 bytes a slot. Expiring entries are few and kept aside.
 */
export class DncSet implements DncLookup {
  #keys = new Float64Array(MIN_CAPACITY);
  /** 0 with a key present marks a number whose last list was withdrawn. */
  #lists = new Uint8Array(MIN_CAPACITY);
  #mask = MIN_CAPACITY - 1;
  #used = 0;
  #size = 0;
  /** `<number>/<source>` → expiry, for entries that have one. */
  readonly #expiries = new Map<string, number>();

  /** Numbers on at least one list, expired entries included until they are removed. */
  get size(): number {
    return this.#size;
  }

  add(entry: DncEntry): void {
    const key = Number(entry.number.slice(1));
    if (!(key > 0)) throw new RangeError(`not a number for a list: ${entry.number}`);
    const slot = this.#slotFor(key);
    if (this.#keys[slot] === 0) {
      this.#keys[slot] = key;
      this.#used++;
    }
    if (this.#lists[slot] === 0) this.#size++;
    this.#lists[slot] = (this.#lists[slot] as number) | DNC_SOURCES[entry.source];
    const expiryKey = `${entry.number}/${entry.source}`;
    if (entry.expiresAt === undefined) this.#expiries.delete(expiryKey);
    else this.#expiries.set(expiryKey, entry.expiresAt);
    if (this.#used > this.#keys.length * MAX_LOAD) this.#rehash();
  }

  /** Takes a number off one list, or off every list. */
  remove(number: E164, source?: DncEntry['source']): void {
    const slot = this.#slotFor(digitsOf(number));
    const lists = this.#lists[slot] as number;
    if (lists === 0) return;
    for (const name of Object.keys(DNC_SOURCES) as DncEntry['source'][]) {
      if (source === undefined || source === name) this.#expiries.delete(`${number}/${name}`);
    }
    const left = source === undefined ? 0 : lists & ~DNC_SOURCES[source];
    this.#lists[slot] = left;
    if (left === 0) this.#size--;
  }

  /** Memory of the table, in bytes. */
  get bytes(): number {
    return this.#keys.byteLength + this.#lists.byteLength;
  }

  sourcesOf(number: E164, now: number): number {
    const key = digitsOf(number);
    let slot = hash(key) & this.#mask;
    for (;;) {
      const found = this.#keys[slot] as number;
      if (found === key) break;
      if (found === 0) return 0;
      slot = (slot + 1) & this.#mask;
    }
    const lists = this.#lists[slot] as number;
    return lists === 0 || this.#expiries.size === 0 ? lists : this.#unexpired(number, lists, now);
  }

  #unexpired(number: E164, lists: number, now: number): number {
    let live = lists;
    for (const name of Object.keys(DNC_SOURCES) as DncEntry['source'][]) {
      if ((lists & DNC_SOURCES[name]) === 0) continue;
      const expiresAt = this.#expiries.get(`${number}/${name}`);
      if (expiresAt !== undefined && expiresAt <= now) live &= ~DNC_SOURCES[name];
    }
    return live;
  }

  #slotFor(key: number): number {
    let slot = hash(key) & this.#mask;
    while (this.#keys[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
    return slot;
  }

  /** Doubles when the set is full of numbers, or only sweeps when it is full of withdrawn ones. */
  #rehash(): void {
    const keys = this.#keys;
    const lists = this.#lists;
    const capacity = this.#size > (keys.length * MAX_LOAD) / 2 ? keys.length * 2 : keys.length;
    this.#keys = new Float64Array(capacity);
    this.#lists = new Uint8Array(capacity);
    this.#mask = capacity - 1;
    this.#used = this.#size;
    for (let i = 0; i < keys.length; i++) {
      if (lists[i] === 0) continue;
      const slot = this.#slotFor(keys[i] as number);
      this.#keys[slot] = keys[i] as number;
      this.#lists[slot] = lists[i] as number;
    }
  }
}

function hash(key: number): number {
  const low = key % 0x100000000;
  const high = (key - low) / 0x100000000;
  let h = Math.imul(low | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
