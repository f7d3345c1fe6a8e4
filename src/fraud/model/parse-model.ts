import type { SignalName } from '../signals';
import { SIGNAL } from '../signals';
import type { Calibration } from './calibration';
import type { FraudModel, ModelHistory } from './fraud-model';
import type { LogisticParts } from './logistic-model';
import { LogisticModel } from './logistic-model';
import type { TreeNodes, TreeParts } from './tree-model';
import { TreeModel } from './tree-model';

export type ParsedModel =
  { readonly ok: true; readonly model: FraudModel } | { readonly ok: false; readonly reason: string };

const MAX_TREES = 2_000;
const MAX_NODES = 1_023;

class Flaw extends Error {}

/**
 * Reads a model from what lay in a file or in the database. It is refused whole when anything in it
 * is not as it must be: a signal that this version does not know, a path that leads nowhere.
 */
export function parseModel(file: unknown): ParsedModel {
  try {
    return { ok: true, model: readModel(objectOf(file, 'the model')) };
  } catch (error) {
    if (error instanceof Flaw) return { ok: false, reason: error.message };
    throw error;
  }
}

function readModel(file: Readonly<Record<string, unknown>>): FraudModel {
  if (file['version'] !== 1) throw new Flaw(`format ${String(file['version'])} is not known`);
  const { id, trainedOn, signals } = file;
  if (typeof id !== 'string' || id === '') throw new Flaw('it has no id');
  const history: ModelHistory = {
    id,
    trainedOn: typeof trainedOn === 'string' ? trainedOn : '',
    metrics: objectOf(file['metrics'] ?? {}, 'metrics') as Record<string, number>,
  };
  if (!Array.isArray(signals)) throw new Flaw('signals must be a list');
  const names = signals as readonly unknown[];
  const places = names.map((name) => {
    const place = SIGNAL[name as SignalName] as number | undefined;
    if (place === undefined) throw new Flaw(`there is no signal ${String(name)}`);
    return place;
  });
  const calibration = readCalibration(file['calibration']);
  if (file['kind'] === 'logistic') {
    const parts = readLogistic(file['logistic'], places.length);
    return new LogisticModel(history, names as string[], places, parts, calibration);
  }
  if (file['kind'] === 'gbdt') {
    const parts = readTrees(file['gbdt'], places.length);
    return new TreeModel(history, names as string[], places, parts, calibration);
  }
  throw new Flaw(`there are no models of kind ${String(file['kind'])}`);
}

function readCalibration(value: unknown): Calibration {
  const { margins, scores } = objectOf(value ?? {}, 'calibration');
  const from = numbersOf(margins, 'calibration.margins');
  const to = numbersOf(scores, 'calibration.scores', from.length);
  for (const list of [from, to]) {
    if (list.some((item, i) => i > 0 && item <= (list[i - 1] as number))) {
      throw new Flaw('the calibration must rise');
    }
  }
  if (to.some((score) => score <= 0 || score >= 1)) throw new Flaw('scores must be between 0 and 1');
  return { margins: from, scores: to };
}

function readLogistic(value: unknown, count: number): LogisticParts {
  const parts = objectOf(value, 'logistic');
  const scales = numbersOf(parts['scales'], 'scales', count);
  if (scales.some((scale) => scale <= 0)) throw new Flaw('scales must be positive');
  return {
    intercept: numberOf(parts['intercept'], 'intercept'),
    weights: numbersOf(parts['weights'], 'weights', count),
    means: numbersOf(parts['means'], 'means', count),
    scales,
  };
}

function readTrees(value: unknown, count: number): TreeParts {
  const parts = objectOf(value, 'gbdt');
  const { trees } = parts;
  if (!Array.isArray(trees) || trees.length > MAX_TREES) {
    throw new Flaw(`trees must be a list of ${MAX_TREES} at most`);
  }
  return {
    base: numberOf(parts['base'], 'base'),
    trees: trees.map((tree, n) => readTree(tree, `tree ${n}`, count)),
  };
}

function readTree(value: unknown, where: string, count: number): TreeNodes {
  const tree = objectOf(value, where);
  const feature = numbersOf(tree['feature'], `${where}.feature`);
  if (feature.length === 0 || feature.length > MAX_NODES) {
    throw new Flaw(`${where} must have 1 … ${MAX_NODES} nodes`);
  }
  const threshold = numbersOf(tree['threshold'], `${where}.threshold`, feature.length);
  const left = numbersOf(tree['left'], `${where}.left`, feature.length);
  for (const [node, asked] of feature.entries()) {
    if (asked === -1) continue;
    if (!Number.isInteger(asked) || asked < 0 || asked >= count) {
      throw new Flaw(`${where} asks for a signal that is not in the list`);
    }
    const child = left[node] as number;
    // Children after their parent: no path can go round.
    if (!Number.isInteger(child) || child <= node || child + 1 >= feature.length) {
      throw new Flaw(`${where} has a path that leads nowhere`);
    }
  }
  return { feature, threshold, left, value: numbersOf(tree['value'], `${where}.value`, feature.length) };
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Flaw(`${what} must be an object`);
  }
  return value as Record<string, unknown>;
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Flaw(`${what} must be a number`);
  return value;
}

function numbersOf(value: unknown, what: string, length?: number): readonly number[] {
  if (!Array.isArray(value)) throw new Flaw(`${what} must be a list of numbers`);
  if (length !== undefined && value.length !== length) throw new Flaw(`${what} must have ${length} numbers`);
  return value.map((item) => numberOf(item, what));
}
