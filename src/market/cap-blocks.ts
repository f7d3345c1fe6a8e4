import type { CapReason, CapSubject } from '../domain';
import { INELIGIBLE_REASONS } from '../domain';
import type { Ordinals } from './ordinals';

/** Subjects that a bid stands with: the decision looks at all three of them. */
type Standing = Exclude<CapSubject, 'seller'>;

interface Causes {
  readonly kind: CapSubject;
  readonly id: string;
  /** Of the ordinal when first blocked: under another one the subject is new, or its caps are. */
  readonly generation: number;
  readonly until: Map<CapReason, Cause>;
}

interface Cause {
  /** UTC epoch milliseconds until which it blocks; Infinity until it is lifted. */
  readonly until: number;
  /** The limit that was reached: under another one the cap may have room. */
  readonly limit: number;
}

/** Subjects remembered at once; lapsed ones are swept when it is reached. */
const MAX_SUBJECTS = 200_000;

/**
 * Caps known to be exhausted, by market ordinal, so that the decision can pass over a bid for the
 * price of three array loads. These are hints: the reservation at ring time has the last word.
 */
export class CapBlocks {
  readonly #columns: Readonly<Record<Standing, BlockColumn>>;
  readonly #causes = new Map<string, Causes>();

  constructor(ordinals: Readonly<Record<Standing, Ordinals>>) {
    this.#columns = {
      bid: new BlockColumn(ordinals.bid),
      target: new BlockColumn(ordinals.target),
      buyer: new BlockColumn(ordinals.buyer),
    };
  }

  get isEmpty(): boolean {
    return this.#causes.size === 0;
  }

  /**
   * Passes over a subject until an instant (UTC epoch milliseconds; Infinity = until lifted).
   * @param limit - that was reached
   */
  block(kind: CapSubject, id: string, cause: CapReason, until: number, limit = 0): void {
    const key = `${kind}:${id}`;
    const generation = kind === 'seller' ? 0 : this.#columns[kind].generationOf(id);
    let causes = this.#causes.get(key);
    if (causes?.generation !== generation) {
      if (!causes && this.#causes.size >= MAX_SUBJECTS) return;
      causes = { kind, id, generation, until: new Map() };
      this.#causes.set(key, causes);
    }
    causes.until.set(cause, { until, limit });
    this.#publish(causes);
  }

  /** The cap has room again. */
  lift(kind: CapSubject, id: string, cause: CapReason): void {
    const key = `${kind}:${id}`;
    const causes = this.#causes.get(key);
    if (!causes?.until.delete(cause)) return;
    if (causes.until.size === 0) this.#causes.delete(key);
    this.#publish(causes);
  }

  /**
   * Forgets what has lapsed, and what was blocked under a limit that is no more.
   * @param limitNow - the limit that stands; undefined = none
   */
  sweep(
    now: number,
    limitNow?: (kind: CapSubject, id: string, cause: CapReason) => number | undefined,
  ): void {
    for (const [key, causes] of this.#causes) {
      const { kind, id } = causes;
      for (const [cause, { until, limit }] of causes.until) {
        if (until <= now || (limitNow && limitNow(kind, id, cause) !== limit)) causes.until.delete(cause);
      }
      if (causes.until.size === 0) this.#causes.delete(key);
      this.#publish(causes);
    }
  }

  /** Code (index in INELIGIBLE_REASONS) of the cap that keeps a bid out now, or -1. */
  codeFor(bid: number, target: number, buyer: number, now: number): number {
    const { bid: bids, target: targets, buyer: buyers } = this.#columns;
    if ((bids.until[bid] as number) > now && bids.holds(bid)) return bids.codes[bid] as number;
    if ((targets.until[target] as number) > now && targets.holds(target))
      return targets.codes[target] as number;
    if ((buyers.until[buyer] as number) > now && buyers.holds(buyer)) return buyers.codes[buyer] as number;
    return -1;
  }

  /** The cap that keeps a seller's calls out now. */
  sourceCap(sellerId: string, now: number): CapReason | undefined {
    if (this.#causes.size === 0) return undefined;
    const causes = this.#causes.get(`seller:${sellerId}`);
    const longest = causes && longestOf(causes);
    return longest && longest.until > now ? longest.cause : undefined;
  }

  /** The column holds the cause that lasts longest. */
  #publish(causes: Causes): void {
    if (causes.kind === 'seller') return;
    const longest = longestOf(causes);
    const code = longest ? INELIGIBLE_REASONS.indexOf(longest.cause) : 0;
    this.#columns[causes.kind].put(causes.id, longest?.until ?? 0, code);
  }
}

function longestOf(causes: Causes): { readonly cause: CapReason; readonly until: number } | undefined {
  let longest: { cause: CapReason; until: number } | undefined;
  for (const [cause, { until }] of causes.until) {
    if (until > (longest?.until ?? 0)) longest = { cause, until };
  }
  return longest;
}

class BlockColumn {
  readonly #ordinals: Ordinals;
  until = new Float64Array(1_024);
  codes = new Uint8Array(1_024);
  #generations = new Float64Array(1_024);

  constructor(ordinals: Ordinals) {
    this.#ordinals = ordinals;
  }

  put(id: string, until: number, code: number): void {
    const row = this.#ordinals.of(id);
    if (row < 0) return;
    if (row >= this.until.length) this.#grow(row);
    this.until[row] = until;
    this.codes[row] = code;
    this.#generations[row] = this.#ordinals.generationOf(row);
  }

  generationOf(id: string): number {
    return this.#ordinals.generationOf(this.#ordinals.of(id));
  }

  /** False when the row is left over from an entity that is gone. */
  holds(row: number): boolean {
    return this.#generations[row] === this.#ordinals.generationOf(row);
  }

  #grow(row: number): void {
    const length = 2 ** Math.ceil(Math.log2(row + 1));
    const until = new Float64Array(length);
    until.set(this.until);
    this.until = until;
    const codes = new Uint8Array(length);
    codes.set(this.codes);
    this.codes = codes;
    const generations = new Float64Array(length);
    generations.set(this.#generations);
    this.#generations = generations;
  }
}
