export { addCallback, changeCallback, expireCallbacks, getCallback, listCallbacks } from './callbacks';
export type { CallbackFilter, CallbackRow } from './callbacks';
export { CallbackKeeper } from './callback-keeper';
