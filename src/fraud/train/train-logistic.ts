import { sigmoid } from '../model/calibration';
import type { LogisticParts } from '../model/logistic-model';
import { squash } from '../model/logistic-model';
import type { Dataset } from './dataset';

const STEPS = 25;
const ENOUGH = 1e-5;
/** Calls that it is fitted on at most, evenly taken. */
const MAX_ROWS = 60_000;

/**
 * Logistic regression with a ridge, by Newton's method (iteratively reweighted least squares).
 *
 * @param l2 - ridge on each standardised weight
 * @throws RangeError when one of both kinds of calls is missing
 */
export function trainLogistic(data: Dataset, l2 = 20): LogisticParts {
  const rows = rowsOf(data);
  const labels = Float64Array.from(rows, (row) => data.labels[row] as number);
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  if (frauds === 0 || frauds === labels.length)
    throw new RangeError('both frauds and honest calls are needed');
  const columns = data.columns.map((column) =>
    Float64Array.from(rows, (row) => squash(column[row] as number)),
  );
  const means = columns.map(meanOf);
  // A signal that never changed says nothing: its scale does not matter.
  const scales = columns.map((column, i) => deviationOf(column, means[i] as number) || 1);
  for (const [i, column] of columns.entries()) {
    const [mean, scale] = [means[i] as number, scales[i] as number];
    for (let row = 0; row < column.length; row++) column[row] = ((column[row] as number) - mean) / scale;
  }
  // The intercept is the last one, and is not drawn to zero.
  const size = columns.length + 1;
  const features = [...columns, new Float64Array(rows.length).fill(1)];
  const beta = new Float64Array(size);
  beta[size - 1] = Math.log(frauds / (labels.length - frauds));
  let loss = lossOf(features, labels, beta, l2);
  for (let step = 0; step < STEPS; step++) {
    const change = newtonStep(features, labels, beta, l2);
    const before = loss;
    loss = descend(features, labels, beta, change, l2, before);
    if (before - loss < ENOUGH * before) break;
  }
  return {
    intercept: tidy(beta[size - 1] as number),
    weights: [...beta.subarray(0, size - 1)].map(tidy),
    means: means.map(tidy),
    scales: scales.map(tidy),
  };
}

/** Goes as far along a step as makes the loss less, half as far each time. @returns the loss there */
function descend(
  features: readonly Float64Array[],
  labels: Float64Array,
  beta: Float64Array,
  change: Float64Array,
  l2: number,
  loss: number,
): number {
  const from = beta.slice();
  for (let length = 1; length > 1e-4; length /= 2) {
    for (let i = 0; i < beta.length; i++) beta[i] = (from[i] as number) + length * (change[i] as number);
    const there = lossOf(features, labels, beta, l2);
    if (there < loss) return there;
  }
  beta.set(from);
  return loss;
}

function marginsOf(features: readonly Float64Array[], beta: Float64Array): Float64Array {
  const margins = new Float64Array((features[0] as Float64Array).length);
  for (const [i, column] of features.entries()) {
    const weight = beta[i] as number;
    for (let row = 0; row < margins.length; row++) {
      margins[row] = (margins[row] as number) + weight * (column[row] as number);
    }
  }
  return margins;
}

/** Log-loss with the ridge. */
function lossOf(
  features: readonly Float64Array[],
  labels: Float64Array,
  beta: Float64Array,
  l2: number,
): number {
  let loss = 0;
  for (let i = 0; i < beta.length - 1; i++) loss += (l2 / 2) * (beta[i] as number) ** 2;
  const margins = marginsOf(features, beta);
  for (let row = 0; row < margins.length; row++) {
    const margin = margins[row] as number;
    loss += Math.max(margin, 0) - margin * (labels[row] as number) + Math.log1p(Math.exp(-Math.abs(margin)));
  }
  return loss;
}

/** How beta should change, by the gradient and the curvature where it is. */
function newtonStep(
  features: readonly Float64Array[],
  labels: Float64Array,
  beta: Float64Array,
  l2: number,
): Float64Array {
  const size = beta.length;
  const rows = labels.length;
  const weights = marginsOf(features, beta);
  const residuals = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const p = sigmoid(weights[row] as number);
    weights[row] = Math.max(1e-6, p * (1 - p));
    residuals[row] = (labels[row] as number) - p;
  }
  const matrix: Float64Array[] = [];
  const gradient = new Float64Array(size);
  const weighted = new Float64Array(rows);
  for (let i = 0; i < size; i++) {
    const one = features[i] as Float64Array;
    const line = new Float64Array(size);
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      weighted[row] = (one[row] as number) * (weights[row] as number);
      sum += (one[row] as number) * (residuals[row] as number);
    }
    const ridge = i === size - 1 ? 0 : l2;
    gradient[i] = sum - ridge * (beta[i] as number);
    for (let j = 0; j <= i; j++) {
      const other = features[j] as Float64Array;
      let product = 0;
      for (let row = 0; row < rows; row++) product += (weighted[row] as number) * (other[row] as number);
      line[j] = product;
    }
    line[i] = (line[i] as number) + ridge;
    matrix.push(line);
  }
  return solve(matrix, gradient);
}

/** Solves A·x = b for a positive definite A, whose lower half is given, by Cholesky; A is overwritten. */
function solve(a: Float64Array[], b: Float64Array): Float64Array {
  const size = b.length;
  const at = (i: number, j: number): number => (a[i] as Float64Array)[j] as number;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      (a[i] as Float64Array)[j] = i === j ? Math.sqrt(Math.max(sum, 1e-9)) : sum / at(j, j);
    }
  }
  const x = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= at(i, k) * (x[k] as number);
    x[i] = sum / at(i, i);
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = x[i] as number;
    for (let k = i + 1; k < size; k++) sum -= at(k, i) * (x[k] as number);
    x[i] = sum / at(i, i);
  }
  return x;
}

/** As many as there is room for, evenly taken. */
function rowsOf({ rows }: Dataset): Int32Array {
  const step = Math.max(1, rows / MAX_ROWS);
  return Int32Array.from({ length: Math.min(rows, MAX_ROWS) }, (_, i) => Math.floor(i * step));
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: Float64Array, mean: number): number {
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function tidy(value: number): number {
  return Number(value.toPrecision(6));
}
