export { isReliable } from './flow';
export type { Flow, Hop, OnMessage } from './flow';
export { Listeners } from './listeners';
