import type { BidColumns } from './bid-columns';

/** What orders candidates of equal keys, first to last: smaller is better. Given a candidate's index. */
export type TieBreaks = readonly ((index: number) => number)[];

/**
 * The bids that may take one call: dense lists, an index each, with what every one offers for it.
 * Whoever ranks them writes `keys` first. One is kept and used again for every decision.
 */
export class Candidates {
  columns: BidColumns;
  count = 0;
  /** Rows of the columns. */
  rows = new Int32Array(1_024);
  /** What each pays for this call at most, in micro-units. */
  offers = new Float64Array(1_024);
  /** What they are ranked by: smaller is better. */
  keys = new Float64Array(1_024);
  /** First tie-break of each, worked out when it is asked for; NaN = not yet. */
  #firstTies = new Float64Array(1_024);
  #chosen = new Int32Array(64);

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
    this.offers = new Float64Array(length);
    this.keys = new Float64Array(length);
    this.#firstTies = new Float64Array(length);
  }

  add(row: number, offer: number): void {
    this.rows[this.count] = row;
    this.offers[this.count] = offer;
    this.count++;
  }

  /**
   * Indexes of the best candidates by key, best first, at most one of a target; a key of Infinity
   * takes no part. What ties to the end is ordered by the bid's id, so the result does not hang on
   * the order of the rows.
   */
  best(ties: TieBreaks, places: number): number[] {
    if (places <= 0) return [];
    const { rows, keys, count } = this;
    const targets = this.columns.target;
    if (ties.length > 0) this.#firstTies.fill(NaN, 0, count);
    if (this.#chosen.length < places) this.#chosen = new Int32Array(places * 2);
    const chosen = this.#chosen;
    let taken = 0;
    /** Key of the last place once all are taken. */
    let bar = Number.MAX_VALUE;
    for (let index = 0; index < count; index++) {
      if ((keys[index] as number) > bar) continue;
      const full = taken === places;
      if (full && this.compare(ties, index, chosen[places - 1] as number) > 0) continue;
      const target = targets[rows[index] as number];
      /** The place that falls free: that of a worse bid of the same target, or the last. */
      let at = taken - 1;
      while (at >= 0 && targets[rows[chosen[at] as number] as number] !== target) at--;
      if (at >= 0) {
        if (this.compare(ties, index, chosen[at] as number) > 0) continue;
      } else if (full) at = places - 1;
      else at = taken++;
      for (; at > 0 && this.compare(ties, index, chosen[at - 1] as number) < 0; at--) {
        chosen[at] = chosen[at - 1] as number;
      }
      chosen[at] = index;
      if (taken === places) bar = keys[chosen[places - 1] as number] as number;
    }
    return Array.from(chosen.subarray(0, taken));
  }

  /** Index of a buyer's best candidate (its market ordinal), or -1. Only after {@link best}, with the same ties. */
  bestOf(ties: TieBreaks, buyer: number): number {
    const { rows, keys, count } = this;
    const buyers = this.columns.buyer;
    let best = -1;
    for (let index = 0; index < count; index++) {
      if (buyers[rows[index] as number] !== buyer || keys[index] === Infinity) continue;
      if (best < 0 || this.compare(ties, index, best) < 0) best = index;
    }
    return best;
  }

  /** Negative when index `a` goes before index `b`. Only after or within {@link best}, with the same ties. */
  compare(ties: TieBreaks, a: number, b: number): number {
    if (a === b) return 0;
    const byKey = (this.keys[a] as number) - (this.keys[b] as number);
    if (byKey !== 0) return byKey;
    for (let n = 0; n < ties.length; n++) {
      const tie = ties[n] as TieBreaks[number];
      const byTie = n === 0 ? this.#firstTie(tie, a) - this.#firstTie(tie, b) : tie(a) - tie(b);
      if (byTie !== 0) return byTie;
    }
    const { ids } = this.columns;
    return (ids[this.rows[a] as number] as string) < (ids[this.rows[b] as number] as string) ? -1 : 1;
  }

  #firstTie(tie: (index: number) => number, index: number): number {
    let value = this.#firstTies[index] as number;
    if (Number.isNaN(value)) {
      value = tie(index);
      this.#firstTies[index] = value;
    }
    return value;
  }
}
