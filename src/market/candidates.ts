/** Facts of bids by row, as the auction and the routing compare them. */
export interface BidColumns {
  /** Expected revenue of a call in micro-units. */
  readonly price: Float64Array;
  /** 1 before 10. */
  readonly priority: Float64Array;
  /** 1 … 1000. */
  readonly weight: Float64Array;
  /** 32-bit hash of the bid's id. */
  readonly hash: Uint32Array;
  /** Market ordinals: equal when the buyer or the target is the same one. */
  readonly buyer: Int32Array;
  readonly target: Int32Array;
  bidIdAt(row: number): string;
}

/**
 * The bids that may take one call, as rows of columns, with two keys each by which they are ranked:
 * smaller is better. One is kept and used again for every decision.
 */
export class Candidates {
  columns: BidColumns;
  count = 0;
  rows = new Int32Array(1_024);
  primary = new Float64Array(1_024);
  secondary = new Float64Array(1_024);

  constructor(columns: BidColumns) {
    this.columns = columns;
  }

  /** Empties the list for a call of other columns that may have up to `most` rows. */
  reset(columns: BidColumns, most: number): void {
    this.columns = columns;
    this.count = 0;
    if (most <= this.rows.length) return;
    const length = 2 ** Math.ceil(Math.log2(most));
    this.rows = new Int32Array(length);
    this.primary = new Float64Array(length);
    this.secondary = new Float64Array(length);
  }

  /**
   * The best candidates by their keys, best first, at most one of a target: positions in `rows`.
   * Equal keys are ordered by the bid's id, so the result does not hang on the order of the rows.
   */
  best(places: number): number[] {
    const chosen: number[] = [];
    if (places <= 0) return chosen;
    const { primary, rows, count } = this;
    const targets = this.columns.target;
    let bar = Infinity;
    for (let i = 0; i < count; i++) {
      if ((primary[i] as number) > bar) continue;
      if (chosen.length === places && this.compare(i, chosen[places - 1] as number) > 0) continue;
      const target = targets[rows[i] as number] as number;
      const rival = chosen.findIndex((other) => targets[rows[other] as number] === target);
      if (rival >= 0) {
        if (this.compare(i, chosen[rival] as number) > 0) continue;
        chosen.splice(rival, 1);
      } else if (chosen.length === places) chosen.pop();
      let at = chosen.length;
      while (at > 0 && this.compare(i, chosen[at - 1] as number) < 0) at--;
      chosen.splice(at, 0, i);
      if (chosen.length === places) bar = primary[chosen[places - 1] as number] as number;
    }
    return chosen;
  }

  /** Negative when the candidate at position `a` goes before the one at `b`. */
  compare(a: number, b: number): number {
    const { primary, secondary, rows } = this;
    const first = (primary[a] as number) - (primary[b] as number);
    if (first !== 0) return first;
    const second = (secondary[a] as number) - (secondary[b] as number);
    if (second !== 0) return second;
    if (a === b) return 0;
    return this.columns.bidIdAt(rows[a] as number) < this.columns.bidIdAt(rows[b] as number) ? -1 : 1;
  }
}
