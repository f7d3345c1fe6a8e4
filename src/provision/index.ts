export { cacheFolder, findMediasoupWorker } from './mediasoup-worker';
