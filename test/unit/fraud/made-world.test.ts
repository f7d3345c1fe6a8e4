import { ModelShelf, SHIPPED_MODELS } from '../../../src/fraud';
import type { Dataset } from '../../../src/fraud/train';
import { compile, marginsOf, rocAuc, selectRows, trainModel } from '../../../src/fraud/train';
import { collectJudged } from '../../bench/fraud/collect';
import { judge, scoresOf } from '../../bench/fraud/judge';
import { makeWorld } from '../../bench/fraud/make-world';
import { runWorld } from '../../bench/fraud/run-world';
import type { WorldShape } from '../../bench/fraud/world';
import { HELD_OUT, TRAINING_WORLDS, UNSEEN } from '../../bench/fraud/worlds';
import { randomFrom } from './support';

/** A day and a half of a small exchange, with a quarter of the attacks. */
const small = (seed: number): WorldShape => ({
  ...HELD_OUT,
  seed,
  days: 1.5,
  publishers: 20,
  callsPerDay: 6_000,
  fraud: Object.fromEntries(
    Object.entries(HELD_OUT.fraud).map(([name, shape]) => [
      name,
      { ...shape, attacks: Math.ceil(shape.attacks / 4) },
    ]),
  ),
});

const shuffle = (labels: Uint8Array, seed: number): Uint8Array => {
  const random = randomFrom(seed);
  const shuffled = labels.slice();
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j] as number, shuffled[i] as number];
  }
  return shuffled;
};

test('the same seed makes the same calls, in the order of time', () => {
  const calls = makeWorld(small(1));
  // As text: comparing thousands of objects takes seconds.
  expect(JSON.stringify(makeWorld(small(1))) === JSON.stringify(calls)).toBe(true);
  expect(makeWorld(small(2)).length).not.toBe(calls.length);
  expect(calls.every((call, n) => n === 0 || call.at >= (calls[n - 1]?.at ?? 0))).toBe(true);
  expect(calls.length).toBeGreaterThan(5_000);
});

test('no call knows what comes after it', () => {
  const calls = makeWorld(small(1)).slice(0, 6_000);
  const read = (some: typeof calls): string[] => {
    const vectors: string[] = [];
    runWorld(some, (_, signals) => vectors.push(signals.join()));
    return vectors;
  };
  const [all, half] = [read(calls), read(calls.slice(0, 3_000))];
  expect(half).toHaveLength(3_000);
  expect(half.findIndex((vector, n) => vector !== all[n])).toBe(-1);
});

test('shuffled truth teaches nothing: no signal gives a call’s label away', () => {
  const { data } = collectJudged({ ...small(3), callsPerDay: 4_000 });
  const labelled: Dataset = { ...data, labels: shuffle(data.labels, 1) };
  const rows = Array.from({ length: data.rows }, (_, row) => row);
  const train = selectRows(
    labelled,
    rows.filter((row) => row % 2 === 0),
  );
  const other = selectRows(
    labelled,
    rows.filter((row) => row % 2 === 1),
  );
  for (const kind of ['gbdt', 'logistic'] as const) {
    const file = trainModel(train, other, {
      id: 'shuffled',
      kind,
      trainedOn: 'chance',
      trees: { trees: 15, patience: 15 },
    });
    expect(Math.abs(rocAuc(marginsOf(compile(file), other), other.labels) - 0.5)).toBeLessThan(0.06);
  }
});

test('the shipped models tell fraud better than the rules on an exchange they have not seen', () => {
  const judged = collectJudged(small(4));
  const rules = judge(scoresOf(judged), judged);
  for (const model of SHIPPED_MODELS) {
    const models = new ModelShelf().of(new Map([[model.id, { id: model.id, status: 'active', model }]]));
    const figures = judge(scoresOf(judged, models), judged);
    expect(figures.rocAuc).toBeGreaterThan(0.9);
    expect(figures.prAuc).toBeGreaterThan(rules.prAuc);
  }
});

test('what models are judged by is nothing that they were trained on', () => {
  const seeds = TRAINING_WORLDS.map(({ seed }) => seed);
  expect(new Set([...seeds, HELD_OUT.seed]).size).toBe(seeds.length + 1);
  for (const { fraud } of TRAINING_WORLDS) expect(fraud[UNSEEN]).toBeUndefined();
  expect(HELD_OUT.fraud[UNSEEN]).toBeDefined();
  for (const world of TRAINING_WORLDS) {
    for (const key of ['reach', 'repeats', 'contradicted', 'signedA', 'talk'] as const) {
      expect(world[key]).not.toEqual(HELD_OUT[key]);
    }
  }
});
