import { hashKey } from './keys';

const MAX = 0xffff;

/**
 * Count-min sketch with conservative update (Cormode and Muthukrishnan 2005; Estan and Varghese 2002):
 * never says less than there was, and more than ε·N too much with probability δ, where ε = e/width
 * and δ = e^-depth.
 */
export class CountMin {
  readonly #mask: number;
  readonly #depth: number;
  readonly #cells: Uint16Array;

  /** @param width - cells in each row; a power of two */
  constructor(width: number, depth: number) {
    this.#mask = width - 1;
    this.#depth = depth;
    this.#cells = new Uint16Array(width * depth);
  }

  /** One more of a key, by two hashes of it. */
  add(h1: number, h2: number): void {
    const more = Math.min(MAX, this.estimate(h1, h2) + 1);
    const cells = this.#cells;
    const mask = this.#mask;
    const step = h2 | 1;
    for (
      let row = 0, at = h1 | 0, base = 0;
      row < this.#depth;
      row++, at = (at + step) | 0, base += mask + 1
    ) {
      const cell = base + (at & mask);
      if ((cells[cell] as number) < more) cells[cell] = more;
    }
  }

  /** How many there were at most, saturating at 65,535. */
  estimate(h1: number, h2: number): number {
    const cells = this.#cells;
    const mask = this.#mask;
    let least = MAX;
    const step = h2 | 1;
    for (
      let row = 0, at = h1 | 0, base = 0;
      row < this.#depth;
      row++, at = (at + step) | 0, base += mask + 1
    ) {
      const count = cells[base + (at & mask)] as number;
      if (count < least) least = count;
    }
    return least;
  }

  clear(): void {
    this.#cells.fill(0);
  }
}

/**
 * Counts of any number of keys over a sliding window, by a sketch for each pane of it; panes are
 * cleared in turn. What is read covers the window and up to a pane more.
 */
export class RotatingCountMin {
  readonly #panes: readonly CountMin[];
  readonly #paneMs: number;
  /** Panes since the epoch, of the newest. */
  #newest = 0;

  constructor(windowMs: number, panes: number, width: number, depth: number) {
    this.#paneMs = windowMs / panes;
    this.#panes = Array.from({ length: panes + 1 }, () => new CountMin(width, depth));
  }

  /** One more of a key at an instant. What is older than the window is not counted. */
  add(key: number, at: number): void {
    const tick = (at / this.#paneMs) | 0;
    this.#turnTo(tick);
    if (tick > this.#newest - this.#panes.length) this.#paneOf(tick).add(hashKey(key, 1), hashKey(key, 2));
  }

  /** How many there were in the window at most. */
  estimate(key: number, now: number): number {
    this.#turnTo((now / this.#paneMs) | 0);
    const h1 = hashKey(key, 1);
    const h2 = hashKey(key, 2);
    let sum = 0;
    for (let i = 0; i < this.#panes.length; i++) sum += (this.#panes[i] as CountMin).estimate(h1, h2);
    return sum;
  }

  #turnTo(tick: number): void {
    if (tick <= this.#newest) return;
    const first = Math.max(this.#newest + 1, tick - this.#panes.length + 1);
    for (let passed = first; passed <= tick; passed++) this.#paneOf(passed).clear();
    this.#newest = tick;
  }

  #paneOf(tick: number): CountMin {
    return this.#panes[tick % this.#panes.length] as CountMin;
  }
}
