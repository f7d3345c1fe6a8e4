import type { BinnedData, Cuts } from './bins';

/** Room for the cuts and what lies above the last; see {@link Cuts}. */
const BINS = 72;

export interface GrowOptions {
  readonly leaves: number;
  /** Least sum of hessians in a leaf. */
  readonly minLeaf: number;
  readonly l2: number;
  readonly learningRate: number;
}

/** A grown tree, with bins where the finished one has thresholds. */
export interface GrownTree {
  readonly feature: number[];
  readonly bin: number[];
  readonly left: number[];
  readonly value: number[];
}

interface Leaf {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly histogram: Float64Array;
  readonly gradient: number;
  readonly hessian: number;
  readonly split: Split | undefined;
}

interface Split {
  readonly feature: number;
  readonly bin: number;
  readonly gain: number;
}

/** Grows trees leaf by leaf, the most useful split first, from histograms of gradients. */
export class TreeGrower {
  readonly #data: BinnedData;
  readonly #cuts: Cuts;
  readonly #options: GrowOptions;
  readonly #aside: Int32Array;
  readonly #spare: Float64Array[] = [];

  constructor(data: BinnedData, cuts: Cuts, options: GrowOptions) {
    this.#data = data;
    this.#cuts = cuts;
    this.#options = options;
    this.#aside = new Int32Array(data.rows);
  }

  /**
   * @param rows - those it is grown from; put in another order
   * @param features - those it may ask for
   */
  grow(
    rows: Int32Array,
    features: readonly number[],
    gradients: Float32Array,
    hessians: Float32Array,
  ): GrownTree {
    const tree: GrownTree = { feature: [], bin: [], left: [], value: [] };
    const sums = (histogram: Float64Array): readonly [number, number] =>
      this.#sumOf(histogram, features[0] ?? 0);
    const leafOf = (node: number, start: number, end: number, histogram: Float64Array): Leaf => {
      const [gradient, hessian] = sums(histogram);
      tree.value[node] = this.#valueOf(gradient, hessian);
      const split = this.#bestSplit(histogram, features, gradient, hessian);
      return { node, start, end, histogram, gradient, hessian, split };
    };
    const rooted = this.#histogramOf(rows, 0, rows.length, features, gradients, hessians);
    addNode(tree);
    const open: Leaf[] = [leafOf(0, 0, rows.length, rooted)];
    for (let leaves = 1; leaves < this.#options.leaves; leaves++) {
      const best = takeBest(open);
      if (!best?.split) break;
      const { split, node, start, end } = best;
      const middle = this.#partition(rows, start, end, split);
      tree.feature[node] = split.feature;
      tree.bin[node] = split.bin;
      const left = addNode(tree);
      const right = addNode(tree);
      tree.left[node] = left;
      // The smaller side is counted; the other is what remains of both.
      const leftIsSmaller = middle - start <= end - middle;
      const [from, to] = leftIsSmaller ? [start, middle] : [middle, end];
      const small = this.#histogramOf(rows, from, to, features, gradients, hessians);
      const large = best.histogram;
      for (let i = 0; i < large.length; i++) large[i] = (large[i] as number) - (small[i] as number);
      open.push(leafOf(left, start, middle, leftIsSmaller ? small : large));
      open.push(leafOf(right, middle, end, leftIsSmaller ? large : small));
    }
    for (const leaf of open) this.#spare.push(leaf.histogram);
    return tree;
  }

  #histogramOf(
    rows: Int32Array,
    start: number,
    end: number,
    features: readonly number[],
    gradients: Float32Array,
    hessians: Float32Array,
  ): Float64Array {
    const histogram = this.#spare.pop() ?? new Float64Array(this.#data.columns.length * BINS * 2);
    histogram.fill(0);
    for (const feature of features) {
      const column = this.#data.columns[feature] as Uint8Array;
      const base = feature * BINS * 2;
      for (let i = start; i < end; i++) {
        const row = rows[i] as number;
        const at = base + (column[row] as number) * 2;
        histogram[at] = (histogram[at] as number) + (gradients[row] as number);
        histogram[at + 1] = (histogram[at + 1] as number) + (hessians[row] as number);
      }
    }
    return histogram;
  }

  #sumOf(histogram: Float64Array, feature: number): readonly [number, number] {
    let gradient = 0;
    let hessian = 0;
    for (let at = feature * BINS * 2; at < (feature + 1) * BINS * 2; at += 2) {
      gradient += histogram[at] as number;
      hessian += histogram[at + 1] as number;
    }
    return [gradient, hessian];
  }

  #bestSplit(
    histogram: Float64Array,
    features: readonly number[],
    gradient: number,
    hessian: number,
  ): Split | undefined {
    const { minLeaf, l2 } = this.#options;
    const whole = (gradient * gradient) / (hessian + l2);
    let best: Split | undefined;
    for (const feature of features) {
      const base = feature * BINS * 2;
      const cuts = (this.#cuts[feature] as Float64Array).length;
      let left = 0;
      let leftHessian = 0;
      for (let bin = 0; bin < cuts; bin++) {
        left += histogram[base + bin * 2] as number;
        leftHessian += histogram[base + bin * 2 + 1] as number;
        const rightHessian = hessian - leftHessian;
        if (leftHessian < minLeaf) continue;
        if (rightHessian < minLeaf) break;
        const right = gradient - left;
        const gain = (left * left) / (leftHessian + l2) + (right * right) / (rightHessian + l2) - whole;
        if (gain > (best?.gain ?? 1e-6)) best = { feature, bin, gain };
      }
    }
    return best;
  }

  /** Puts the rows that go left before the others, in their order. @returns where the others begin */
  #partition(rows: Int32Array, start: number, end: number, { feature, bin }: Split): number {
    const column = this.#data.columns[feature] as Uint8Array;
    let left = start;
    let right = 0;
    for (let i = start; i < end; i++) {
      const row = rows[i] as number;
      if ((column[row] as number) <= bin) rows[left++] = row;
      else this.#aside[right++] = row;
    }
    rows.set(this.#aside.subarray(0, right), left);
    return left;
  }

  #valueOf(gradient: number, hessian: number): number {
    return (-gradient / (hessian + this.#options.l2)) * this.#options.learningRate;
  }
}

/** What a tree adds to each row's log-odds. */
export function addTree(margins: Float64Array, { columns }: BinnedData, tree: GrownTree): void {
  for (let row = 0; row < margins.length; row++) {
    let node = 0;
    for (let feature = tree.feature[0] as number; feature >= 0; feature = tree.feature[node] as number) {
      const goesLeft = ((columns[feature] as Uint8Array)[row] as number) <= (tree.bin[node] as number);
      node = (tree.left[node] as number) + (goesLeft ? 0 : 1);
    }
    margins[row] = (margins[row] as number) + (tree.value[node] as number);
  }
}

function addNode(tree: GrownTree): number {
  tree.bin.push(0);
  tree.left.push(0);
  tree.value.push(0);
  return tree.feature.push(-1) - 1;
}

function takeBest(open: Leaf[]): Leaf | undefined {
  let best = -1;
  for (const [i, { split }] of open.entries()) {
    if (split && (best < 0 || split.gain > ((open[best] as Leaf).split as Split).gain)) best = i;
  }
  return best < 0 ? undefined : open.splice(best, 1)[0];
}
