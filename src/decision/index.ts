export { decide } from './decide';
export type { DecisionRequest } from './decide';
export { replay } from './replay';
export { LiveSources, NOTHING_ASKED } from './sources';
export type { Asked, DecisionSources } from './sources';
export { planPings } from './plan-pings';
export type { PingRequest } from './plan-pings';
export { wantedLookups } from './wanted-lookups';
export type { WantedLookups } from './wanted-lookups';
