export { LookupService } from './lookup-service';
export type { LookupOptions, LookupSettings, LookupStats } from './lookup-service';
export { RedisAnswers } from './shared-answers';
export type { RedisCommands, SharedAnswers } from './shared-answers';
export type { AnswerReading, ProviderSettings } from './provider-settings';
export type { ProviderStats } from './http-provider';
export type { AnswerFailure } from './read-answer';
