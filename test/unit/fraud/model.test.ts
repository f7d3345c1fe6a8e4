import * as fc from 'fast-check';
import type { FraudModelFile, SignalVector } from '../../../src/fraud';
import { parseModel, SIGNALS, signalsFrom } from '../../../src/fraud';
import { logit, Scale } from '../../../src/fraud/model/calibration';
import type { TreeNodes } from '../../../src/fraud/model/tree-model';

const BASE = {
  version: 1,
  id: 'trial',
  trainedOn: 'a test',
  metrics: { rocAuc: 0.9 },
  signals: ['caller_1h', 'neighbour', 'seller_short'],
  calibration: { margins: [-1, 1, 2], scores: [0.3, 0.6, 0.8] },
} as const;
const LOGISTIC: Extract<FraudModelFile, { kind: 'logistic' }> = {
  ...BASE,
  kind: 'logistic',
  logistic: { intercept: -2, weights: [1, 0.5, -1], means: [0, 0.1, 0.2], scales: [1, 2, 0.5] },
};
/** caller_1h ≤ 3 ? −1 : neighbour ≤ 0.5 ? 0.5 : 2; and one that always says 0.25. */
const TREES: Extract<FraudModelFile, { kind: 'gbdt' }> = {
  ...BASE,
  kind: 'gbdt',
  gbdt: {
    base: -1.5,
    trees: [
      {
        feature: [0, -1, 1, -1, -1],
        threshold: [3, 0, 0.5, 0, 0],
        left: [1, 0, 3, 0, 0],
        value: [0.1, -1, 1, 0.5, 2],
      },
      { feature: [-1], threshold: [0], left: [0], value: [0.25] },
    ],
  },
};

function modelOf(file: unknown): Extract<ReturnType<typeof parseModel>, { ok: true }>['model'] {
  const parsed = parseModel(JSON.parse(JSON.stringify(file)));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.model;
}

const vector = (signals: Record<string, number>): SignalVector => signalsFrom(signals);

test('trees take the path that the signals ask for', () => {
  const model = modelOf(TREES);
  const margins = [
    { caller_1h: 3, neighbour: 1 },
    { caller_1h: 4, neighbour: 0 },
    { caller_1h: 4, neighbour: 1 },
  ].map((signals) => model.margin(vector(signals)));
  expect(margins).toEqual([-2.25, -0.75, 0.75]);
});

test('a tree model explains itself by what each question changed', () => {
  const model = modelOf(TREES);
  // caller_1h: 0.1 → 1; neighbour: 1 → 2.
  expect(model.explain(vector({ caller_1h: 4, neighbour: 1 }), 3)).toEqual([
    'model:neighbour',
    'model:caller_1h',
  ]);
  expect(model.explain(vector({ caller_1h: 4, neighbour: 1 }), 1)).toEqual(['model:neighbour']);
  expect(model.explain(vector({ caller_1h: 1 }), 3)).toEqual([]);
});

test('a logistic model is a sum of terms, and explains itself by them', () => {
  const model = modelOf(LOGISTIC);
  const terms = [Math.log1p(9), (0.5 / 2) * (Math.log1p(1) - 0.1), (-1 / 0.5) * (0 - 0.2)];
  const margin = -2 + terms.reduce((sum, term) => sum + term, 0);
  const signals = vector({ caller_1h: 9, neighbour: 1 });
  expect(model.margin(signals)).toBeCloseTo(margin, 12);
  expect(model.explain(signals, 3)).toEqual(['model:caller_1h', 'model:seller_short', 'model:neighbour']);
});

test('the scale meets its knots, and rises everywhere', () => {
  const scale = new Scale(BASE.calibration);
  expect([-1, 1, 2].map((margin) => scale.scoreOf(margin))).toEqual([
    expect.closeTo(0.3, 12),
    expect.closeTo(0.6, 12),
    expect.closeTo(0.8, 12),
  ]);
  const margin = fc.double({ min: -12, max: 12, noNaN: true });
  fc.assert(
    fc.property(margin, margin, (a, b) => {
      fc.pre(Math.abs(a - b) > 1e-6);
      expect(scale.scoreOf(a) < scale.scoreOf(b)).toBe(a < b);
    }),
  );
  expect(new Scale({ margins: [], scores: [] }).scoreOf(logit(0.7))).toBeCloseTo(0.7, 12);
});

test.each<[string, unknown]>([
  ['the model must be an object', null],
  ['the model must be an object', [TREES]],
  ['format 7 is not known', { ...TREES, version: 7 }],
  ['it has no id', { ...TREES, id: '' }],
  ['signals must be a list', { ...TREES, signals: 'all' }],
  ['there is no signal moon_phase', { ...TREES, signals: ['moon_phase'] }],
  ['there are no models of kind oracle', { ...TREES, kind: 'oracle' }],
  ['the calibration must rise', { ...TREES, calibration: { margins: [1, 1], scores: [0.3, 0.6] } }],
  ['calibration.scores must have 1 numbers', { ...TREES, calibration: { margins: [1], scores: [] } }],
  ['scores must be between 0 and 1', { ...TREES, calibration: { margins: [1], scores: [1] } }],
  ['weights must have 3 numbers', { ...LOGISTIC, logistic: { ...LOGISTIC.logistic, weights: [1] } }],
  ['scales must be positive', { ...LOGISTIC, logistic: { ...LOGISTIC.logistic, scales: [1, 0, 1] } }],
  ['intercept must be a number', { ...LOGISTIC, logistic: { ...LOGISTIC.logistic, intercept: null } }],
  ['gbdt must be an object', { ...TREES, gbdt: undefined }],
  ['trees must be a list of 2000 at most', { ...TREES, gbdt: { base: 0, trees: Array(2_001).fill({}) } }],
  ['tree 0 must have 1 … 1023 nodes', withTree({ feature: [], threshold: [], left: [], value: [] })],
  ['tree 0 has a path that leads nowhere', withTree({ left: [1, 0, 4, 0, 0] })],
  ['tree 0 has a path that leads nowhere', withTree({ left: [0, 0, 3, 0, 0] })],
  ['tree 0 asks for a signal that is not in the list', withTree({ feature: [3, -1, 1, -1, -1] })],
  ['tree 0.value must be a number', withTree({ value: [0, 0, 0, 0, 'much'] as unknown as number[] })],
])('refused: %s', (reason, file) => {
  expect(parseModel(file)).toEqual({ ok: false, reason });
});

function withTree(over: Partial<TreeNodes>): unknown {
  const [first, ...rest] = TREES.gbdt.trees;
  return { ...TREES, gbdt: { ...TREES.gbdt, trees: [{ ...first, ...over }, ...rest] } };
}

test('whatever lies in storage is read or refused, and never throws', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('gbdt', 'logistic', 'signals', 'calibration'),
      (junk, key) => {
        for (const file of [junk, { ...TREES, [key]: junk }, { ...LOGISTIC, [key]: junk }]) {
          const parsed = parseModel(file);
          if (parsed.ok)
            expect(Number.isFinite(parsed.model.margin(new Float64Array(SIGNALS.length)))).toBe(true);
        }
      },
    ),
  );
});
