/**
 * Gives out rows of a book. Bids of one cluster share words of 32 rows, so that a call finds the
 * bids that may want it side by side and passes over whole words of the others. A matter of speed only.
 */
export class RowSpace {
  readonly #rowById = new Map<string, number>();
  readonly #freeByCluster = new Map<string, number[]>();
  /** The cluster that each word belongs to. */
  readonly #clusters: string[] = [];

  get size(): number {
    return this.#rowById.size;
  }

  /** Words given out so far. */
  get words(): number {
    return this.#clusters.length;
  }

  /** The row of a bid, or -1. */
  rowOf(id: string): number {
    return this.#rowById.get(id) ?? -1;
  }

  /** Rows in use, in no order that means anything. */
  rows(): Iterable<number> {
    return this.#rowById.values();
  }

  clusterAt(row: number): string {
    return this.#clusters[row >>> 5] as string;
  }

  take(id: string, cluster: string): number {
    let free = this.#freeByCluster.get(cluster);
    if (!free) {
      free = [];
      this.#freeByCluster.set(cluster, free);
    }
    let row = free.pop();
    if (row === undefined) {
      row = (this.#clusters.push(cluster) - 1) << 5;
      for (let next = row + 31; next > row; next--) free.push(next);
    }
    this.#rowById.set(id, row);
    return row;
  }

  give(id: string): void {
    const row = this.rowOf(id);
    if (row < 0) return;
    this.#rowById.delete(id);
    this.#freeByCluster.get(this.clusterAt(row))?.push(row);
  }
}
