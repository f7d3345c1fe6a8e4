import { signalVector } from '../../../../src/fraud/signals';
import type { Dataset } from '../../../../src/fraud/train';
import { compile, DatasetBuilder, marginsOf, rocAuc, trainModel } from '../../../../src/fraud/train';
import { vectorAt } from '../../../../src/fraud/train/dataset';
import { binned, cutsOf } from '../../../../src/fraud/train/bins';
import { trainLogistic } from '../../../../src/fraud/train/train-logistic';
import { trainTrees } from '../../../../src/fraud/train/train-trees';
import { signalsFrom } from '../../../../src/fraud';
import { randomFrom } from '../support';

interface Made {
  readonly signals: Record<string, number>;
  readonly fraud: boolean;
}

function dataset(count: number, make: (random: () => number) => Made, seed: number): Dataset {
  const random = randomFrom(seed);
  const builder = new DatasetBuilder(count);
  for (let n = 0; n < count; n++) {
    const { signals, fraud } = make(random);
    builder.add(signalsFrom(signals, signalVector()), fraud);
  }
  return builder.build();
}

/** Fraud is one of two signs, never both: no sum of them tells. */
const exclusive = (random: () => number): Made => {
  const [a, b] = [random() < 0.5 ? 1 : 0, random() < 0.5 ? 1 : 0];
  const fraud = random() < (a === b ? 0.05 : 0.9);
  return { signals: { neighbour: a, place_contradicted: b, caller_1h: random() * 9 }, fraud };
};
/** Log-odds of fraud grow with one signal and fall with another. */
const linear = (random: () => number): Made => {
  const [a, b] = [random() * 4, random() * 4];
  const margin = 2 * Math.log1p(a) - 3 * Math.log1p(b);
  return { signals: { caller_1h: a, caller_24h: b }, fraud: random() < 1 / (1 + Math.exp(-margin)) };
};
const TREES = { id: 't', kind: 'gbdt', trainedOn: 'a test', trees: { trees: 40, leaves: 8 } } as const;

test('cuts keep apart what is apart, and bins are in their order', () => {
  const data = dataset(
    3_000,
    (random) => ({ signals: { caller_1h: Math.floor(random() ** 8 * 200) }, fraud: false }),
    1,
  );
  const place = data.signals.indexOf('caller_1h');
  const cuts = cutsOf(data);
  const bins = binned(data, cuts).columns[place] as Uint8Array;
  const values = data.columns[place] as Float32Array;
  expect((cuts[place] as Float64Array).length).toBeLessThan(72);
  for (let row = 1; row < data.rows; row++) {
    const [one, other] = [values[row] as number, values[row - 1] as number];
    const [bin, before] = [bins[row] as number, bins[row - 1] as number];
    if (one === other) expect(bin).toBe(before);
    if (bin > before) expect(one).toBeGreaterThan(other);
  }
  // Most are 0: whoever is not stands apart.
  expect(new Set(bins).size).toBeGreaterThan(8);
  expect(cuts[data.signals.indexOf('verstat_failed')]).toHaveLength(0);
});

test('trees find what no sum of signals tells', () => {
  const [train, other] = [dataset(4_000, exclusive, 1), dataset(2_000, exclusive, 2)];
  const auc = (file: ReturnType<typeof trainModel>): number =>
    rocAuc(marginsOf(compile(file), other), other.labels);
  expect(auc(trainModel(train, other, TREES))).toBeGreaterThan(0.9);
  expect(auc(trainModel(train, other, { ...TREES, kind: 'logistic' }))).toBeLessThan(0.6);
});

test('a logistic model finds the weights that made the calls', () => {
  const data = dataset(20_000, linear, 3);
  const { weights, scales, intercept, means } = trainLogistic(data);
  const slope = (name: 'caller_1h' | 'caller_24h'): number => {
    const at = data.signals.indexOf(name);
    return (weights[at] as number) / (scales[at] as number);
  };
  expect(slope('caller_1h')).toBeCloseTo(2, 0);
  expect(slope('caller_24h')).toBeCloseTo(-3, 0);
  const base =
    intercept -
    weights.reduce((sum, weight, i) => sum + (weight * (means[i] as number)) / (scales[i] as number), 0);
  expect(Math.abs(base)).toBeLessThan(0.2);
});

test('the same calls and seed give the same model, another seed another one', () => {
  const [train, other] = [dataset(1_500, exclusive, 1), dataset(800, exclusive, 2)];
  const once = trainModel(train, other, TREES);
  expect(trainModel(train, other, TREES)).toEqual(once);
  expect(trainModel(train, other, { ...TREES, trees: { ...TREES.trees, seed: 2 } })).not.toEqual(once);
});

test('a compiled tree says what the trainer meant, bin by bin', () => {
  const [train, other] = [dataset(1_500, linear, 1), dataset(700, linear, 2)];
  const parts = trainTrees(train, other, {
    ...TREES.trees,
    seed: 1,
    learningRate: 0.1,
    minLeaf: 2,
    l2: 1,
    rowShare: 0.8,
    columnShare: 1,
    patience: 10,
  });
  expect(parts.trees.length).toBeGreaterThan(3);
  for (const { feature, left, value } of parts.trees) {
    for (const [node, asked] of feature.entries()) {
      if (asked < 0) continue;
      const child = left[node] as number;
      expect(child).toBeGreaterThan(node);
      expect(value[child]).not.toBe(value[child + 1]);
    }
  }
});

test('scores are placed by honest calls: one in a hundred reaches 0.3, one in a thousand 0.8', () => {
  const [train, other] = [dataset(6_000, linear, 1), dataset(6_000, linear, 2)];
  const model = compile(trainModel(train, other, TREES));
  const vector = signalVector();
  let [flagged, blocked, honest] = [0, 0, 0];
  for (let row = 0; row < other.rows; row++) {
    if (other.labels[row] === 1) continue;
    honest++;
    const score = model.score(vectorAt(other, row, vector));
    if (score >= 0.3) flagged++;
    if (score >= 0.8) blocked++;
  }
  expect(flagged / honest).toBeLessThanOrEqual(0.0101);
  expect(flagged / honest).toBeGreaterThan(0.002);
  expect(blocked).toBeLessThanOrEqual(flagged);
});

test('labels that mean nothing teach nothing', () => {
  const shuffled = (random: () => number): Made => ({ ...exclusive(random), fraud: random() < 0.3 });
  const [train, other] = [dataset(4_000, shuffled, 1), dataset(4_000, shuffled, 2)];
  for (const kind of ['gbdt', 'logistic'] as const) {
    const file = trainModel(train, other, { ...TREES, kind });
    expect(Math.abs(rocAuc(marginsOf(compile(file), other), other.labels) - 0.5)).toBeLessThan(0.04);
  }
});

test('calls of one kind alone teach nothing, and that is said', () => {
  const honest = dataset(100, (random) => ({ ...exclusive(random), fraud: false }), 1);
  expect(() => trainModel(honest, honest, TREES)).toThrow('both frauds and honest calls are needed');
  expect(() => trainModel(honest, honest, { ...TREES, kind: 'logistic' })).toThrow(RangeError);
  const builder = new DatasetBuilder(1);
  builder.add(signalVector(), true);
  expect(() => builder.add(signalVector(), true)).toThrow('more than 1 calls');
});
