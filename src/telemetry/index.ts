export { createLogger } from './logger';
export type { Logger } from './logger';
export { createMetrics, LoadSampler } from './metrics';
export type { Metrics } from './metrics';
export { startTracing } from './tracing';
