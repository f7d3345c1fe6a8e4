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

/** Orders candidates: by the primary key, then by a secondary one that is asked for only on a tie. */
export interface Ranking {
  /** Smaller is better. */
  primary(row: number): number;
  secondary(row: number): number;
}

/**
 * The bids that may take one call, as rows of columns.
 * One is kept and used again for every decision.
 */
export class Candidates {
  columns: BidColumns;
  count = 0;
  rows = new Int32Array(1_024);

  constructor(columns: BidColumns) {
    this.columns = columns;
  }

  /** Empties the list for a call of other columns that may have up to `most` rows. */
  reset(columns: BidColumns, most: number): void {
    this.columns = columns;
    this.count = 0;
    if (most <= this.rows.length) return;
    this.rows = new Int32Array(2 ** Math.ceil(Math.log2(most)));
  }

  /**
   * Rows of the best candidates, best first, at most one of a target. Equal keys are ordered by the
   * bid's id, so the result does not hang on the order of the rows.
   */
  best(ranking: Ranking, places: number): number[] {
    const chosen: number[] = [];
    if (places <= 0) return chosen;
    const { rows, count } = this;
    const targets = this.columns.target;
    /** Primary key of the last place once all are taken. */
    let bar = Infinity;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const key = ranking.primary(row);
      if (key > bar) continue;
      const full = chosen.length === places;
      if (full && this.#compare(ranking, row, chosen[places - 1] as number) > 0) continue;
      const rival = chosen.findIndex((other) => targets[other] === targets[row]);
      if (rival >= 0) {
        if (this.#compare(ranking, row, chosen[rival] as number) > 0) continue;
        chosen.splice(rival, 1);
      } else if (full) chosen.pop();
      let at = chosen.length;
      while (at > 0 && this.#compare(ranking, row, chosen[at - 1] as number) < 0) at--;
      chosen.splice(at, 0, row);
      if (chosen.length === places) bar = ranking.primary(chosen[places - 1] as number);
    }
    return chosen;
  }

  /** Negative when row `a` goes before row `b`. */
  #compare(ranking: Ranking, a: number, b: number): number {
    if (a === b) return 0;
    const first = ranking.primary(a) - ranking.primary(b);
    if (first !== 0) return first;
    const second = ranking.secondary(a) - ranking.secondary(b);
    if (second !== 0) return second;
    return this.columns.bidIdAt(a) < this.columns.bidIdAt(b) ? -1 : 1;
  }
}
