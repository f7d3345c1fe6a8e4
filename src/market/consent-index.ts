import type { Consent, E164 } from '../domain';
import { ConsentNumbers, NUMBER_PARTS } from './consent-numbers';
import { ConsentRows } from './consent-rows';

/** What the decision asks of consents. */
export interface ConsentView {
  /** The consents of a number, revoked and expired ones as well, newest first; at most 20. */
  find(number: E164): readonly Consent[];
}

/** Consents kept of one number: the newest. */
export const MAX_CONSENTS_OF_NUMBER = 20;

const NONE: readonly Consent[] = [];
const MAX_CONSENTS = 20_000_000;

export interface ConsentIndexLimits {
  /** Consents kept at most, 20 million by default; further ones are not taken. */
  readonly maxConsents?: number;
}

/**
 * Consents by number, in typed arrays: some 70 bytes for each, and 20 for each number. What is taken
 * does not depend on the order in which it comes.
 */
export class ConsentIndex implements ConsentView {
  /** How many parts {@link removeFrom} goes through. */
  static readonly parts = NUMBER_PARTS;
  readonly #maxConsents: number;
  #rows = new ConsentRows();
  #numbers = new ConsentNumbers();

  constructor({ maxConsents = MAX_CONSENTS }: ConsentIndexLimits = {}) {
    this.#maxConsents = maxConsents;
  }

  /** Consents held. */
  get size(): number {
    return this.#rows.size;
  }

  /** Numbers with a consent. */
  get numbers(): number {
    return this.#numbers.size;
  }

  /** Bytes of the arrays. */
  get bytes(): number {
    return this.#rows.bytes + this.#numbers.bytes;
  }

  find(number: E164): readonly Consent[] {
    let row = this.#numbers.headOf(number);
    if (row === 0) return NONE;
    const found: Consent[] = [];
    for (; row !== 0; row = this.#rows.nextOf(row)) found.push(this.#rows.read(row, number));
    return found;
  }

  /**
   * Takes a consent, or what has become of it.
   * @returns false when there is no room: a call that needs it is refused, none goes out without consent
   * @throws RangeError for a number that is none
   */
  upsert(consent: Consent): boolean {
    this.remove(consent.number, consent.id);
    if (this.size >= this.#maxConsents) return false;
    const rows = this.#rows;
    const row = rows.add(consent);
    let before = 0;
    let place = 0;
    let after = this.#numbers.headOf(consent.number);
    for (; after !== 0 && rows.isNewer(after, row); after = rows.nextOf(after)) {
      before = after;
      place++;
    }
    if (place >= MAX_CONSENTS_OF_NUMBER) {
      rows.remove(row);
      return true;
    }
    rows.setNext(row, after);
    if (before !== 0) rows.setNext(before, row);
    else this.#setHead(consent, row);
    this.#keep(row, MAX_CONSENTS_OF_NUMBER - place);
    return true;
  }

  /** @returns false when there was none */
  remove(number: E164, id: string): boolean {
    const rows = this.#rows;
    let before = 0;
    for (let row = this.#numbers.headOf(number); row !== 0; row = rows.nextOf(row)) {
      if (rows.hasId(row, id)) {
        if (before === 0) this.#numbers.setHead(number, rows.nextOf(row));
        else rows.setNext(before, rows.nextOf(row));
        rows.remove(row);
        return true;
      }
      before = row;
    }
    return false;
  }

  /**
   * Removes consents of which only the ids are known, from one of {@link ConsentIndex.parts} parts: who
   * must go through all of them may let other work in between.
   * @returns how many were there
   */
  removeFrom(part: number, ids: ReadonlySet<string>): number {
    let removed = 0;
    for (const number of this.#numbers.numbersOf(part)) {
      for (let row = this.#numbers.headOf(number); row !== 0;) {
        const id = this.#rows.idOf(row);
        row = this.#rows.nextOf(row);
        if (ids.has(id) && this.remove(number, id)) removed++;
      }
    }
    return removed;
  }

  /** An empty one with the same limits. */
  emptyCopy(): ConsentIndex {
    return new ConsentIndex({ maxConsents: this.#maxConsents });
  }

  /** Holds from now on what the other held, which is empty then. */
  adopt(other: ConsentIndex): void {
    this.#rows = other.#rows;
    this.#numbers = other.#numbers;
    other.#rows = new ConsentRows();
    other.#numbers = new ConsentNumbers();
  }

  #setHead(consent: Consent, row: number): void {
    try {
      this.#numbers.setHead(consent.number, row);
    } catch (error) {
      this.#rows.remove(row);
      throw error;
    }
  }

  /** Keeps so many rows from this one on, itself counted, and lets the older ones go. */
  #keep(row: number, count: number): void {
    const rows = this.#rows;
    let last = row;
    for (let n = 1; n < count && rows.nextOf(last) !== 0; n++) last = rows.nextOf(last);
    for (let rest = rows.nextOf(last); rest !== 0;) {
      const after = rows.nextOf(rest);
      rows.remove(rest);
      rest = after;
    }
    rows.setNext(last, 0);
  }
}
