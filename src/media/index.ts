export * from './media-engine';
export { ENGINE_CAPABILITIES } from './engine-capabilities';
export { openFreeswitch } from './freeswitch/open-freeswitch';
export type { FreeswitchEngine, FreeswitchOptions } from './freeswitch/freeswitch-engine';
export type { MediaServerFigures, ServerState } from './freeswitch/media-server';
export { MediasoupEngine } from './mediasoup/mediasoup-engine';
export type { MediasoupOptions } from './mediasoup/mediasoup-engine';
export { PassthroughEngine } from './passthrough/passthrough-engine';
export { PromptFolder } from './prompts/prompt-folder';
