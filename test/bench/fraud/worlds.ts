import type { AttackShape, Pattern, Range, WorldShape } from './world';

/** Never among what a model is trained on: how well is a kind of fraud found that nobody knew? */
export const UNSEEN: Pattern = 'shared_ring';

type Fraud = Readonly<Record<Pattern, AttackShape>>;

const attack = (attacks: number, hours: Range, perHour: Range, strength: Range): AttackShape => ({
  attacks,
  hours,
  perHour,
  strength,
});

const TRAINED_FRAUD: Fraud = {
  velocity: attack(14, [0.5, 8], [8, 45], [0.1, 1]),
  rotated_numbers: attack(9, [1, 10], [6, 40], [0.1, 1]),
  neighbour_spoofing: attack(9, [1, 10], [5, 30], [0.1, 1]),
  geo_laundering: attack(7, [3, 14], [5, 25], [0.1, 1]),
  threshold_gaming: attack(7, [4, 18], [5, 24], [0.1, 1]),
  publisher_burst: attack(6, [0.5, 3], [30, 150], [0.1, 1]),
  wangiri: attack(7, [0.5, 4], [15, 70], [0.1, 1]),
  irsf: attack(9, [1, 6], [5, 25], [0.1, 1]),
  shared_ring: attack(5, [4, 18], [12, 50], [0.1, 1]),
  bots: attack(14, [2, 12], [3, 30], [0.1, 1]),
  loops: attack(8, [1, 8], [6, 30], [0.1, 1]),
};

const BASE: WorldShape = {
  name: 'base',
  seed: 11,
  days: 3,
  publishers: 70,
  trunks: 6,
  callsPerDay: 36_000,
  reach: [0.5, 0.3, 0.2],
  localDids: 0.4,
  signedA: [0.45, 0.8],
  repeats: [0.05, 0.25],
  zipf: 1,
  shoppers: 0.03,
  offices: [0.02, 0.15],
  contradicted: [0.02, 0.18],
  withheld: 0.015,
  foreign: 0.003,
  shortCalls: [0.04, 0.18],
  answered: [0.65, 0.95],
  talk: [60, 260],
  fraud: TRAINED_FRAUD,
};

const without = (fraud: Fraud, pattern: Pattern): WorldShape['fraud'] =>
  Object.fromEntries(Object.entries(fraud).filter(([name]) => name !== pattern));

/** What models are trained on; `UNSEEN` is not in it. */
export const TRAINING_WORLDS: readonly WorldShape[] = trainingWorlds(UNSEEN);

/** The same with another kind of fraud left out. */
export function trainingWorlds(unseen: Pattern): readonly WorldShape[] {
  const fraud = without(TRAINED_FRAUD, unseen);
  return [
    { ...BASE, name: 'plain', fraud },
    {
      ...BASE,
      name: 'local',
      seed: 22,
      publishers: 50,
      reach: [0.25, 0.35, 0.4],
      localDids: 0.7,
      signedA: [0.3, 0.6],
      repeats: [0.1, 0.35],
      zipf: 1.6,
      offices: [0.05, 0.25],
      contradicted: [0.04, 0.25],
      fraud,
    },
    {
      ...BASE,
      name: 'large',
      seed: 33,
      publishers: 120,
      trunks: 12,
      callsPerDay: 48_000,
      reach: [0.7, 0.2, 0.1],
      localDids: 0.25,
      signedA: [0.55, 0.9],
      shoppers: 0.06,
      shortCalls: [0.06, 0.25],
      answered: [0.5, 0.9],
      talk: [40, 180],
      fraud,
    },
    {
      ...BASE,
      name: 'small',
      seed: 44,
      publishers: 24,
      trunks: 3,
      callsPerDay: 14_000,
      reach: [0.6, 0.3, 0.1],
      repeats: [0.02, 0.15],
      contradicted: [0.01, 0.1],
      withheld: 0.005,
      fraud: scaled(fraud, 0.5),
    },
    {
      ...BASE,
      name: 'noisy',
      seed: 55,
      publishers: 80,
      trunks: 8,
      localDids: 0.5,
      signedA: [0.2, 0.7],
      repeats: [0.1, 0.45],
      zipf: 2.4,
      shoppers: 0.1,
      offices: [0.05, 0.35],
      contradicted: [0.05, 0.35],
      withheld: 0.04,
      foreign: 0.01,
      shortCalls: [0.1, 0.35],
      answered: [0.4, 0.85],
      fraud,
    },
    {
      ...BASE,
      name: 'steady',
      seed: 66,
      publishers: 60,
      localDids: 0.15,
      reach: [0.8, 0.15, 0.05],
      talk: [120, 400],
      answered: [0.8, 0.98],
      shortCalls: [0.02, 0.1],
      fraud,
    },
  ];
}

/** As much of every kind of fraud as this share. */
function scaled(fraud: WorldShape['fraud'], share: number): WorldShape['fraud'] {
  return Object.fromEntries(
    Object.entries(fraud).map(([name, shape]) => [
      name,
      { ...shape, attacks: Math.max(1, Math.round(shape.attacks * share)) },
    ]),
  );
}

/**
 * What models are judged by: another exchange, with other publishers, mixes, rates and strengths than
 * any that was trained on, and with the kind of fraud that none of those had.
 */
export const HELD_OUT: WorldShape = {
  ...BASE,
  name: 'held out',
  seed: 20_261_121,
  days: 4,
  publishers: 90,
  trunks: 9,
  callsPerDay: 45_000,
  reach: [0.4, 0.25, 0.35],
  localDids: 0.55,
  signedA: [0.35, 0.85],
  repeats: [0.08, 0.4],
  zipf: 2,
  shoppers: 0.08,
  offices: [0.03, 0.3],
  contradicted: [0.03, 0.3],
  withheld: 0.03,
  foreign: 0.006,
  shortCalls: [0.05, 0.3],
  answered: [0.5, 0.9],
  talk: [45, 220],
  fraud: {
    velocity: attack(18, [0.4, 10], [6, 40], [0, 0.9]),
    rotated_numbers: attack(11, [0.7, 12], [5, 55], [0, 0.8]),
    neighbour_spoofing: attack(11, [1, 12], [4, 25], [0, 0.8]),
    geo_laundering: attack(8, [3, 18], [4, 22], [0, 0.9]),
    threshold_gaming: attack(8, [3, 20], [4, 20], [0, 0.9]),
    publisher_burst: attack(7, [0.4, 5], [25, 130], [0, 0.8]),
    wangiri: attack(9, [0.4, 5], [12, 100], [0, 0.9]),
    irsf: attack(12, [0.8, 8], [4, 20], [0, 0.9]),
    shared_ring: attack(6, [3, 20], [10, 45], [0, 0.9]),
    bots: attack(18, [1.5, 16], [3, 24], [0, 0.85]),
    loops: attack(9, [0.7, 9], [5, 35], [0, 0.9]),
  },
};
