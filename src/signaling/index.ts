export { AdmissionControl } from './admission';
export type { AdmissionLimits, LoadProbe } from './admission';
export type { LiveCall } from './call-session';
export { Switchboard } from './switchboard';
export type { UnknownSourcePolicy } from './switchboard';
export { DrachtioStack } from './sip/drachtio-stack';
export type { DrachtioConnection } from './sip/drachtio-stack';
export type * from './ports';
