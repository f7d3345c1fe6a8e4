export { screenCompliance } from './compliance';
export type { ComplianceVerdict } from './compliance';
export type { ConsumerPlace } from './consumer-place';
export { classifyNumber, isFictional } from './numbering';
export type { NpaPlace, NumberClass } from './numbering';
