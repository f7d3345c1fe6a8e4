import type { E164 } from '../domain';
import { mix32 } from './bits';

/** Parts that grow each by itself, so that none takes long to. */
export const NUMBER_PARTS = 256;
const MIN_SLOTS = 16;
const MAX_LOAD = 0.6;

/** One part: open addressing over the digits of numbers (at most 15, so exact in a double). */
class Part {
  keys = new Float64Array(MIN_SLOTS);
  /** Row of the newest consent; 0 with a key present marks a number that has none any more. */
  heads = new Uint32Array(MIN_SLOTS);
  #filled = 0;
  #live = 0;

  get live(): number {
    return this.#live;
  }

  get bytes(): number {
    return this.keys.length * 12;
  }

  /** The slot of a key, or the empty one where it would be. */
  slotOf(key: number, hash: number): number {
    const mask = this.keys.length - 1;
    let slot = hash & mask;
    while (this.keys[slot] !== 0 && this.keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  set(slot: number, key: number, head: number): void {
    if (this.keys[slot] === 0) {
      this.keys[slot] = key;
      this.#filled++;
    }
    this.#live += (head === 0 ? 0 : 1) - (this.heads[slot] === 0 ? 0 : 1);
    this.heads[slot] = head;
    if (this.#filled > this.keys.length * MAX_LOAD) this.#rebuild();
  }

  /** Doubles when it is full of numbers, or only sweeps when it is full of those that are gone. */
  #rebuild(): void {
    const { keys, heads } = this;
    const slots = this.#live > (keys.length * MAX_LOAD) / 2 ? keys.length * 2 : keys.length;
    this.keys = new Float64Array(slots);
    this.heads = new Uint32Array(slots);
    this.#filled = this.#live;
    for (let i = 0; i < keys.length; i++) {
      const head = heads[i] as number;
      if (head === 0) continue;
      const key = keys[i] as number;
      const slot = this.slotOf(key, hashOf(key) >>> 8);
      this.keys[slot] = key;
      this.heads[slot] = head;
    }
  }
}

/** Numbers and the row of the newest consent of each. */
export class ConsentNumbers {
  readonly #parts = Array.from({ length: NUMBER_PARTS }, () => new Part());

  /** Numbers that have a consent. */
  get size(): number {
    return this.#parts.reduce((sum, part) => sum + part.live, 0);
  }

  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** 0 when it has none. */
  headOf(number: E164): number {
    const key = Number(number.slice(1));
    const hash = hashOf(key);
    const part = this.#part(hash & 0xff);
    return part.heads[part.slotOf(key, hash >>> 8)] as number;
  }

  /** @throws RangeError for what is no number */
  setHead(number: E164, head: number): void {
    const key = Number(number.slice(1));
    if (!(key > 0) || !Number.isSafeInteger(key)) throw new RangeError('not a number of a person');
    const hash = hashOf(key);
    const part = this.#part(hash & 0xff);
    part.set(part.slotOf(key, hash >>> 8), key, head);
  }

  /** Every number of one of the {@link NUMBER_PARTS}. */
  numbersOf(index: number): E164[] {
    const part = this.#part(index);
    const found: E164[] = [];
    part.heads.forEach((head, slot) => {
      if (head !== 0) found.push(`+${part.keys[slot]}` as E164);
    });
    return found;
  }

  #part(index: number): Part {
    const part = this.#parts[index];
    if (!part) throw new RangeError(`there is no part ${index}`);
    return part;
  }
}

function hashOf(key: number): number {
  const low = key % 0x100000000;
  return mix32(low | 0, (key - low) / 0x100000000);
}
