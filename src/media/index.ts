export * from './media-engine';
