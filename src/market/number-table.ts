import type { DidNumber, E164 } from '../domain';
import { Links } from './links';

/** Dialled numbers by id and by their digits. */
export class NumberTable {
  readonly #numbers = new Map<string, DidNumber>();
  readonly #byDigits = new Map<E164, DidNumber>();
  readonly #ids = new Links();

  /** Of several entries of the same digits the one of the smallest id, whichever came first. */
  byDigits(number: E164): DidNumber | undefined {
    return this.#byDigits.get(number);
  }

  put(number: DidNumber): void {
    this.drop(number.id);
    this.#numbers.set(number.id, number);
    this.#ids.add(number.number, number.id);
    this.#choose(number.number);
  }

  drop(id: string): void {
    const known = this.#numbers.get(id);
    if (!known) return;
    this.#numbers.delete(id);
    this.#ids.delete(known.number, id);
    this.#choose(known.number);
  }

  clear(): void {
    for (const id of [...this.#numbers.keys()]) this.drop(id);
  }

  #choose(digits: E164): void {
    let first: string | undefined;
    for (const id of this.#ids.of(digits)) if (first === undefined || id < first) first = id;
    const chosen = first === undefined ? undefined : this.#numbers.get(first);
    if (chosen) this.#byDigits.set(digits, chosen);
    else this.#byDigits.delete(digits);
  }
}
