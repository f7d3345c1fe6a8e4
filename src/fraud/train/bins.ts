import type { Dataset } from './dataset';

const MAX_BINS = 64;
const SAMPLE = 20_000;

/** A dataset whose values are places between cuts: what histograms are made of. */
export interface BinnedData {
  readonly rows: number;
  /** A bin for each row of each signal. */
  readonly columns: readonly Uint8Array[];
}

/** Where each signal is cut: a value is in the first bin whose cut it does not exceed. */
export type Cuts = readonly Float64Array[];

/** Cuts each signal at quantiles of what was seen, half-way between two values. */
export function cutsOf({ rows, columns }: Dataset): Cuts {
  const step = Math.max(1, Math.floor(rows / SAMPLE));
  return columns.map((column) => {
    const sample = Float64Array.from(
      { length: Math.ceil(rows / step) },
      (_, i) => column[i * step] as number,
    );
    sample.sort();
    const cuts: number[] = [];
    for (let bin = 1; bin < MAX_BINS; bin++) {
      const at = Math.floor((bin * sample.length) / MAX_BINS);
      addCut(cuts, sample, at);
    }
    // What is rare is often what matters: values that fewer share than a bin holds are told apart too.
    addCut(
      cuts,
      sample,
      sample.findIndex((value) => value > (sample[0] as number)),
    );
    for (const share of [0.99, 0.995, 0.998]) addCut(cuts, sample, Math.floor(share * sample.length));
    return Float64Array.from(new Set(cuts)).sort();
  });
}

function addCut(cuts: number[], sorted: Float64Array, at: number): void {
  if (at <= 0) return;
  const value = sorted[at] as number;
  let below = at - 1;
  while (below >= 0 && sorted[below] === value) below--;
  if (below >= 0) cuts.push(((sorted[below] as number) + value) / 2);
}

export function binned({ rows, columns }: Dataset, cuts: Cuts): BinnedData {
  return {
    rows,
    columns: columns.map((column, feature) => {
      const own = cuts[feature] as Float64Array;
      return Uint8Array.from(column, (value) => binOf(own, value));
    }),
  };
}

function binOf(cuts: Float64Array, value: number): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (cuts[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
