import type { Calibration } from '../model/calibration';
import type { FraudModel, FraudModelFile } from '../model/fraud-model';
import { parseModel } from '../model/parse-model';
import { signalVector } from '../signals';
import type { Dataset } from './dataset';
import { vectorAt } from './dataset';
import { prAuc, recallAt, rocAuc, thresholdAt } from './metrics';
import { trainLogistic } from './train-logistic';
import type { TreeTraining } from './train-trees';
import { TREE_TRAINING, trainTrees } from './train-trees';

export interface ModelTraining {
  readonly id: string;
  readonly kind: FraudModelFile['kind'];
  /** For people: where the calls come from. */
  readonly trainedOn: string;
  readonly trees?: Partial<TreeTraining>;
}

/** Share of honest calls that reach each score: what the usual thresholds of a campaign mean. */
const PLACES = [
  { score: 0.3, fpr: 0.01 },
  { score: 0.6, fpr: 0.003 },
  { score: 0.8, fpr: 0.001 },
] as const;
/** Margins of two thresholds are this far apart at least. */
const LEAST_STEP = 0.05;

/**
 * Trains a model, and places its scores by calls that it was not trained on: one in a hundred honest
 * ones of those reaches 0.3, three in a thousand 0.6, one in a thousand 0.8.
 *
 * @throws RangeError when frauds or honest calls are missing
 */
export function trainModel(data: Dataset, validation: Dataset, training: ModelTraining): FraudModelFile {
  const { id, kind, trainedOn } = training;
  const raw = { version: 1, id, trainedOn, metrics: {}, signals: data.signals } as const;
  const calibration: Calibration = { margins: [], scores: [] };
  const file: FraudModelFile =
    kind === 'logistic'
      ? { ...raw, calibration, kind, logistic: trainLogistic(data) }
      : {
          ...raw,
          calibration,
          kind,
          gbdt: trainTrees(data, validation, { ...TREE_TRAINING, ...training.trees }),
        };
  const margins = marginsOf(compile(file), validation);
  const { labels } = validation;
  return {
    ...file,
    calibration: calibrate(margins, labels),
    metrics: {
      calls: data.rows,
      frauds: data.labels.reduce((sum, label) => sum + label, 0),
      rocAuc: tidy(rocAuc(margins, labels)),
      prAuc: tidy(prAuc(margins, labels)),
      recallAtFpr1: tidy(recallAt(margins, labels, 0.01)),
      recallAtFpr01: tidy(recallAt(margins, labels, 0.001)),
    },
  };
}

/** A model of which is known that it can be read. */
export function compile(file: FraudModelFile): FraudModel {
  const parsed = parseModel(file);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.model;
}

/** Log-odds of each call of a dataset. */
export function marginsOf(model: FraudModel, data: Dataset): Float64Array {
  const vector = signalVector();
  return Float64Array.from({ length: data.rows }, (_, row) => model.margin(vectorAt(data, row, vector)));
}

function calibrate(margins: Float64Array, labels: Uint8Array): Calibration {
  const highest = margins.reduce((most, margin) => Math.max(most, margin), -Infinity);
  let before = -Infinity;
  const knots = PLACES.map(({ fpr }) => {
    const threshold = Math.min(thresholdAt(margins, labels, fpr), highest);
    before = Math.max(threshold, before + LEAST_STEP);
    return tidy(before);
  });
  return { margins: knots, scores: PLACES.map(({ score }) => score) };
}

function tidy(value: number): number {
  return Number(value.toFixed(4));
}
