import type { Dataset } from '../../../src/fraud/train';
import { DatasetBuilder } from '../../../src/fraud/train';
import { makeWorld } from './make-world';
import { runWorld } from './run-world';
import type { MadeCall, WorldShape } from './world';
import { HOUR_MS, WORLD_START } from './world';

/** Until then the state of a world has seen too little to be judged by. */
const WARM_UP_HOURS = 12;
/** One publisher in so many is kept for validation. */
const KEPT_ASIDE = 3;
/** Validation is of the last part of the time. */
const LATE = 0.6;

/** Calls by which a model is judged, with their truth. */
export interface Judged {
  readonly data: Dataset;
  readonly calls: readonly MadeCall[];
}

/**
 * Signals of every call of some worlds, split by time and by publisher: what is trained on is of the
 * earlier days and of two publishers in three, what is validated on of the later days and the others.
 */
export function collectTraining(shapes: readonly WorldShape[]): { train: Dataset; validation: Judged } {
  const worlds = shapes.map(makeWorld);
  const most = worlds.reduce((sum, calls) => sum + calls.length, 0);
  const train = new DatasetBuilder(most);
  const validation = new DatasetBuilder(most);
  const kept: MadeCall[] = [];
  for (const [n, calls] of worlds.entries()) {
    const begin = WORLD_START + WARM_UP_HOURS * HOUR_MS;
    const late = WORLD_START + LATE * (shapes[n] as WorldShape).days * 24 * HOUR_MS;
    runWorld(calls, (call, signals) => {
      const aside = call.publisher % KEPT_ASIDE === 0;
      if (call.at < begin) return;
      if (!aside && call.at < late) train.add(signals, call.pattern >= 0);
      if (!aside || call.at < late) return;
      validation.add(signals, call.pattern >= 0);
      kept.push(call);
    });
  }
  return { train: train.build(), validation: { data: validation.build(), calls: kept } };
}

/** Signals of every call of a world, but for its first hours. */
export function collectJudged(shape: WorldShape): Judged {
  const world = makeWorld(shape);
  const data = new DatasetBuilder(world.length);
  const calls: MadeCall[] = [];
  runWorld(world, (call, signals) => {
    if (call.at < WORLD_START + WARM_UP_HOURS * HOUR_MS) return;
    data.add(signals, call.pattern >= 0);
    calls.push(call);
  });
  return { data: data.build(), calls };
}
