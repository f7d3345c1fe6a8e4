export { answerWith } from './answer-with';
export { Resolver } from './resolver';
export type { Resolution, Resolved, SystemLookup } from './resolver';
