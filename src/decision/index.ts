export { decide } from './decide';
export type { DecisionRequest } from './decide';
export { replay } from './replay';
export { LiveSources, NOTHING_ASKED } from './sources';
export type { Asked, DecisionSources } from './sources';
