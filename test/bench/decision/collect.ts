import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects garbage now, so that what a measurement finds is its own. */
export const collect = runInNewContext('gc') as () => void;
