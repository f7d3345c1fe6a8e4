export * from './media-engine';
export { ENGINE_CAPABILITIES } from './engine-capabilities';
export { MediasoupEngine } from './mediasoup/mediasoup-engine';
export type { MediasoupOptions } from './mediasoup/mediasoup-engine';
export { PassthroughEngine } from './passthrough/passthrough-engine';
export { PromptFolder } from './prompts/prompt-folder';
