import { logit, sigmoid } from '../model/calibration';
import type { TreeNodes, TreeParts } from '../model/tree-model';
import type { Cuts } from './bins';
import { binned, cutsOf } from './bins';
import type { Dataset } from './dataset';
import type { GrownTree } from './grow-tree';
import { addTree, TreeGrower } from './grow-tree';
import { seededRandom } from './random';

export interface TreeTraining {
  readonly seed: number;
  /** Most trees. */
  readonly trees: number;
  readonly leaves: number;
  readonly learningRate: number;
  /** Least sum of hessians in a leaf. */
  readonly minLeaf: number;
  readonly l2: number;
  /** Share of the calls that each tree is grown from, and of the signals. */
  readonly rowShare: number;
  readonly columnShare: number;
  /** Trees without a better log-loss on the other calls, after which it ends. */
  readonly patience: number;
}

export const TREE_TRAINING: TreeTraining = {
  seed: 1,
  trees: 300,
  leaves: 16,
  learningRate: 0.08,
  minLeaf: 4,
  l2: 3,
  rowShare: 0.7,
  columnShare: 0.6,
  patience: 25,
};

/**
 * Gradient-boosted trees on log-loss, from histograms; the same for the same seed. Ends where the
 * log-loss on calls that it is not grown from is lowest.
 *
 * @throws RangeError when one of both kinds of calls is missing
 */
export function trainTrees(
  data: Dataset,
  validation: Dataset,
  options: TreeTraining = TREE_TRAINING,
): TreeParts {
  const share = data.labels.reduce((sum, label) => sum + label, 0) / data.rows;
  if (!(share > 0 && share < 1)) throw new RangeError('both frauds and honest calls are needed');
  const random = seededRandom(options.seed);
  const cuts = cutsOf(data);
  const own = binned(data, cuts);
  const other = binned(validation, cuts);
  const base = logit(share);
  const margins = new Float64Array(data.rows).fill(base);
  const otherMargins = new Float64Array(validation.rows).fill(base);
  const gradients = new Float32Array(data.rows);
  const hessians = new Float32Array(data.rows);
  const grower = new TreeGrower(own, cuts, options);
  const grown: GrownTree[] = [];
  let best = { loss: logLoss(otherMargins, validation.labels), trees: 0 };
  while (grown.length < options.trees && grown.length - best.trees < options.patience) {
    differentiate(margins, data.labels, gradients, hessians);
    const rows = sample(data.rows, options.rowShare, random);
    const features = [...sample(data.columns.length, options.columnShare, random)];
    const tree = grower.grow(rows, features, gradients, hessians);
    addTree(margins, own, tree);
    addTree(otherMargins, other, tree);
    grown.push(tree);
    const loss = logLoss(otherMargins, validation.labels);
    if (loss < best.loss) best = { loss, trees: grown.length };
  }
  return { base, trees: grown.slice(0, best.trees).map((tree) => nodesOf(tree, cuts)) };
}

function differentiate(
  margins: Float64Array,
  labels: Uint8Array,
  gradients: Float32Array,
  hessians: Float32Array,
): void {
  for (let row = 0; row < margins.length; row++) {
    const p = sigmoid(margins[row] as number);
    gradients[row] = p - (labels[row] as number);
    hessians[row] = Math.max(1e-6, p * (1 - p));
  }
}

function logLoss(margins: Float64Array, labels: Uint8Array): number {
  let loss = 0;
  for (let row = 0; row < margins.length; row++) {
    const margin = margins[row] as number;
    loss += Math.max(margin, 0) - margin * (labels[row] as number) + Math.log1p(Math.exp(-Math.abs(margin)));
  }
  return loss / margins.length;
}

/** Some of the first `count` numbers, in order; one at least. */
function sample(count: number, share: number, random: () => number): Int32Array {
  const chosen = new Int32Array(count);
  let length = 0;
  for (let i = 0; i < count; i++) if (random() < share) chosen[length++] = i;
  if (length === 0) chosen[length++] = Math.floor(random() * count);
  return chosen.subarray(0, length);
}

/** Thresholds and values as they are written: with the digits that matter. */
function nodesOf(tree: GrownTree, cuts: Cuts): TreeNodes {
  return {
    feature: tree.feature,
    threshold: tree.feature.map((feature, node) =>
      feature < 0 ? 0 : round((cuts[feature] as Float64Array)[tree.bin[node] as number] as number, 7),
    ),
    left: tree.left,
    value: tree.value.map((value) => round(value, 4)),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
