export { cacheFolder, findMediasoupWorker } from './mediasoup-worker';
export { freePort } from './free-port';
export { startPrivatePostgres } from './private-postgres';
export type { PrivateService } from './private-postgres';
export { startPrivateRedis } from './private-redis';
