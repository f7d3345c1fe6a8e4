import type { E164 } from '../domain';

/** A number as a keyed hash of 64 bits: nobody without the key finds out which it is. */
export interface HashedNumber {
  readonly high: number;
  readonly low: number;
}

/** What the decision asks of numbers that are only known by their hash. */
export interface SuppressionView {
  has(number: E164, now: number): boolean;
}

/**
 * Numbers that must not be called, of persons who had everything else about them erased. Those are few,
 * and only what the exchange itself would call is asked for.
 */
export class ConsentSuppressions implements SuppressionView {
  /** Hash → UTC epoch milliseconds at which it ends. */
  readonly #ends = new Map<string, number>();
  #hash: ((number: E164) => HashedNumber) | undefined;

  get size(): number {
    return this.#ends.size;
  }

  /** Says how numbers are hashed: whoever fills it knows the key. */
  hashBy(hash: (number: E164) => HashedNumber): void {
    this.#hash = hash;
  }

  add(hashed: HashedNumber, endsAt: number): void {
    this.#ends.set(keyOf(hashed), endsAt);
  }

  remove(hashed: HashedNumber): void {
    this.#ends.delete(keyOf(hashed));
  }

  has(number: E164, now: number): boolean {
    if (this.#ends.size === 0 || !this.#hash) return false;
    return (this.#ends.get(keyOf(this.#hash(number))) ?? -Infinity) > now;
  }

  clear(): void {
    this.#ends.clear();
  }
}

function keyOf({ high, low }: HashedNumber): string {
  return `${high >>> 0}.${low >>> 0}`;
}
