const MEMORY = 0.15;
/** Gaps after which half of what is told comes from the row itself. */
const PRIOR_WEIGHT = 4;

/**
 * How regular the gaps between the events of each row are. Of two gaps in a row, |a − b| / (a + b) is on
 * average ½ when calls come by chance (a Poisson process: the share is then uniform on 0 … 1), and near
 * 0 for a machine that calls by the clock. It depends on neither the rate nor one long pause.
 */
export class GapWatch {
  readonly #last: Float64Array;
  readonly #gap: Float64Array;
  readonly #unevenness: Float64Array;
  readonly #seen: Uint32Array;

  constructor(rows: number) {
    this.#last = new Float64Array(rows);
    this.#gap = new Float64Array(rows);
    this.#unevenness = new Float64Array(rows).fill(0.5);
    this.#seen = new Uint32Array(rows);
  }

  observe(row: number, at: number): void {
    const last = this.#last[row] as number;
    if (at <= last) return;
    this.#last[row] = at;
    if (last === 0) return;
    const gap = at - last;
    const before = this.#gap[row] as number;
    this.#gap[row] = gap;
    if (before === 0) return;
    const seen = (this.#seen[row] as number) + 1;
    this.#seen[row] = seen;
    const known = this.#unevenness[row] as number;
    const unevenness = Math.abs(gap - before) / (gap + before);
    this.#unevenness[row] = known + (unevenness - known) * Math.max(MEMORY, 1 / (seen + 1));
  }

  /** Milliseconds since the last event; Infinity when there was none. */
  since(row: number, now: number): number {
    const last = this.#last[row] as number;
    return last === 0 ? Infinity : Math.max(0, now - last);
  }

  /** 0 = as by chance, 1 = as by the clock. */
  regularity(row: number): number {
    const seen = this.#seen[row] as number;
    const certain = seen / (seen + PRIOR_WEIGHT);
    return certain * Math.max(0, 1 - 2 * (this.#unevenness[row] as number));
  }

  clear(row: number): void {
    this.#last[row] = 0;
    this.#gap[row] = 0;
    this.#unevenness[row] = 0.5;
    this.#seen[row] = 0;
  }
}
