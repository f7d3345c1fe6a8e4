import { Draw } from './draw';
import { fraudTraffic } from './fraud-traffic';
import { honestTraffic, makeSigning } from './honest-traffic';
import { makePublishers } from './publishers';
import type { MadeCall, WorldShape } from './world';

/** Every call of a made-up exchange, in the order of their coming. */
export function makeWorld(shape: WorldShape): MadeCall[] {
  const draw = new Draw(shape.seed);
  const publishers = makePublishers(shape, draw);
  const signing = makeSigning(shape, draw);
  const calls = [
    ...honestTraffic(shape, publishers, signing, draw),
    ...fraudTraffic(shape, publishers, signing, draw),
  ];
  return calls.sort((a, b) => a.at - b.at);
}
