import type { ListHit } from '../domain';

/** Combinations that are remembered; there are as many lists as kinds and states. */
const MAX_REMEMBERED = 4_096;

/**
 * The hits of one number. Each combination exists once, so that asking for it makes nothing new:
 * from the empty one, adding hits in the order of their lists leads to it.
 */
export class HitCombination {
  readonly #next = new Map<ListHit, HitCombination>();
  readonly #remembered: { count: number };
  readonly hits: readonly ListHit[];

  constructor(hits: readonly ListHit[] = [], remembered = { count: 0 }) {
    this.hits = Object.freeze(hits);
    this.#remembered = remembered;
  }

  and(hit: ListHit): HitCombination {
    const known = this.#next.get(hit);
    if (known) return known;
    const made = new HitCombination([...this.hits, hit], this.#remembered);
    if (this.#remembered.count < MAX_REMEMBERED) {
      this.#remembered.count++;
      this.#next.set(hit, made);
    }
    return made;
  }
}
